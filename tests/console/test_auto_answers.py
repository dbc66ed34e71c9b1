"""Where the AI answers alone. The rules are in decision 0018."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console import auto_answers, calendar, delivery_claims, draft_decisions, knowledge, policies, turns
from console.database import Database
from console.writing.context import Check, Proposal, Source
from models import AuditEntry, Author, Delivery, Draft, DraftEvent, DraftStatus, Message, Role, utc_now
from tests import story

ANSWER = '周六上午 9:30 上课。'


@pytest.fixture
def head(db: Database) -> int:
    """The administrator, who has just switched it on; a release can be taken back for a minute."""
    auto_answers.undo = timedelta(minutes=1)
    db.transact(_entry)
    head = db.transact(story.member, Role.ADMIN, '校长').id
    on = {'auto_on': True, 'auto_channels': ['app'], 'auto_intents': ['schedule']}
    db.transact(policies.change, version=1, by=head, **on)
    return int(head)


def test_a_plain_answer_from_the_knowledge_base_goes_out_alone(db: Database, head: int) -> None:
    draft = answered(db)

    assert draft.status is DraftStatus.APPROVED
    [delivery] = db.read(_all, Delivery)
    assert delivery.draft_id == draft.id
    assert delivery.due_at > utc_now() + timedelta(seconds=30)
    message = db.read(lambda session: session.get_one(Message, delivery.message_id))
    assert (message.author, message.staff_id, message.text) == (Author.AI, None, f'您好！{ANSWER}')
    events = db.read(lambda session: session.scalars(select(DraftEvent.action).order_by(DraftEvent.id)).all())
    assert events == ['proposed', 'auto-approved']
    entry = db.read(lambda s: s.scalars(select(AuditEntry).where(AuditEntry.action == 'auto_approve')).one())
    assert (entry.staff_id, entry.subject_id, entry.detail['intent']) == (None, draft.id, 'schedule')


def test_it_can_be_taken_back_like_a_persons_release(db: Database, head: int) -> None:
    draft = answered(db)

    assert db.transact(draft_decisions.undo, draft.id, by=head).status is DraftStatus.PENDING

    assert db.read(_all, Delivery) == []


CHECK = Check(kind='amount', level='warn', text='金额没有依据', detail='100')
NOTHING = Source(sentence='我们很专业。', kind='none')


@pytest.mark.parametrize(
    'proposal',
    [
        {'checks': (CHECK,)},
        {'needs_human': True},
        {'sources': ()},
        {'sources': (Source(sentence=ANSWER, kind='knowledge', ref='1', version=1), NOTHING)},
        {'sources': (Source(sentence=ANSWER, kind='record', title='学员档案'),)},
        {'sources': (Source(sentence=ANSWER, kind='knowledge', ref='1', version=7),)},
        {'sources': (Source(sentence=ANSWER, kind='knowledge', ref='999', version=1),)},
    ],
)
def test_what_does_not_rest_on_approved_answers_alone_waits_for_a_person(
    db: Database, head: int, proposal: dict[str, object]
) -> None:
    assert answered(db, **proposal).status is DraftStatus.PENDING


@pytest.mark.parametrize(
    'rules',
    [
        {'auto_on': False},
        {'auto_channels': ['kf']},
        {'auto_intents': ['price']},
        {'quiet_from': 'now'},
    ],
)
def test_nothing_goes_out_alone_where_the_rules_do_not_allow_it(
    db: Database, head: int, rules: dict[str, object]
) -> None:
    if 'quiet_from' in rules:
        now = utc_now() + calendar.SCHOOL_TIME
        rules = {'quiet_from': (now - timedelta(hours=1)).time(), 'quiet_until': (now + timedelta(hours=1)).time()}
    db.transact(policies.change, version=2, by=head, **rules)

    assert answered(db).status is DraftStatus.PENDING


def test_a_question_somebody_has_looked_at_is_left_to_people(db: Database, head: int) -> None:
    draft = answered(db)
    back = db.transact(draft_decisions.undo, draft.id, by=head)

    db.transact(draft_decisions.regenerate, back.id, version=back.version, by=head)
    again = db.transact(_written, proposal())

    assert again.status is DraftStatus.PENDING


def test_the_daily_cap_holds_however_many_are_proposed_at_once(db: Database, head: int) -> None:
    db.transact(policies.change, version=2, by=head, auto_daily_cap=3)
    for number in range(8):
        db.transact(story.said, '周六几点上课', who=f'parent{number}')
    claims = [db.transact(turns.claim_next) for _ in range(8)]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda claim: db.transact(auto_answers.propose, claim, proposal()), claims))

    statuses = [draft.status for draft in db.read(_all, Draft)]
    assert (statuses.count(DraftStatus.APPROVED), statuses.count(DraftStatus.PENDING)) == (3, 5)
    assert db.read(auto_answers.sent_today) == 3


def test_stopping_takes_back_what_is_not_sent_yet(db: Database, head: int) -> None:
    lin = db.transact(story.member).id
    draft, late = answered(db), answered(db, who='li_baba')
    db.transact(story.said, '算了，周日呢', who='li_baba')

    db.transact(policies.change, version=2, by=lin, auto_on=False)

    found = {one.id: one.status for one in db.read(_all, Draft)}
    assert found == {draft.id: DraftStatus.PENDING, late.id: DraftStatus.SUPERSEDED}
    assert db.read(_all, Delivery) == []
    assert answered(db, who='sun_mama').status is DraftStatus.PENDING


def test_what_people_released_is_not_stopped(db: Database, head: int) -> None:
    draft = db.transact(draft_decisions.undo, answered(db).id, by=head)
    db.transact(draft_decisions.approve, draft.id, version=draft.version, by=head, undo=timedelta(minutes=1))

    db.transact(policies.change, version=2, by=head, auto_on=False)

    assert [one.status for one in db.read(_all, Draft)] == [DraftStatus.APPROVED]


def test_stopping_while_drafts_come_leaves_none_on_its_way(db: Database, head: int) -> None:
    for number in range(12):
        db.transact(story.said, '周六几点上课', who=f'parent{number}')
    claims = [db.transact(turns.claim_next) for _ in range(12)]

    with ThreadPoolExecutor(6) as threads:
        writing = [threads.submit(db.transact, auto_answers.propose, claim, proposal()) for claim in claims]
        stopping = threads.submit(db.transact, policies.change, version=2, by=head, auto_on=False)
        for done in (*writing, stopping):
            done.result()

    assert {one.status for one in db.read(_all, Draft)} == {DraftStatus.PENDING}
    assert db.read(_all, Delivery) == []


def test_a_turn_done_twice_after_a_kill_is_delivered_once(db: Database, head: int) -> None:
    db.transact(story.said, '周六几点上课')
    claim = db.transact(turns.claim_next)
    assert claim is not None
    db.transact(auto_answers.propose, claim, proposal())

    assert db.transact(auto_answers.propose, claim, proposal()) is None

    assert db.read(lambda session: session.scalar(select(func.count()).select_from(Delivery))) == 1


def test_what_the_sender_has_begun_is_not_called_back(db: Database, head: int) -> None:
    auto_answers.undo = timedelta(0)
    draft = answered(db)
    assert db.transact(delivery_claims.claim_next, freeze=lambda *_: b'{}') is not None

    db.transact(policies.change, version=2, by=head, auto_on=False)

    assert db.read(lambda session: session.get_one(Draft, draft.id).status) in (
        DraftStatus.APPROVED,
        DraftStatus.SENDING,
    )
    assert len(db.read(_all, Delivery)) == 1


def proposal(**changed: object) -> Proposal:
    given: dict[str, object] = {
        'text': f'您好！{ANSWER}',
        'writer': '本地知识库',
        'model': None,
        'prompt_version': None,
        'sources': (
            Source(sentence='您好！', kind='courtesy'),
            Source(sentence=ANSWER, kind='knowledge', ref='1', version=1),
        ),
        'checks': (),
        'tokens_in': 0,
        'tokens_out': 0,
        'duration_ms': 1,
        'needs_human': False,
    }
    return Proposal(**(given | changed))  # type: ignore[arg-type]


def answered(db: Database, *, who: str = 'wang_mama', **changed: object) -> Draft:
    """A parent asked, and this was proposed."""
    db.transact(story.said, '周六几点上课', who=who)
    return db.transact(_written, proposal(**changed))


def _written(session: Session, made: Proposal) -> Draft:
    claim = turns.claim_next(session)
    assert claim is not None
    draft = auto_answers.propose(session, claim, made)
    assert draft is not None
    return draft


def _entry(session: Session) -> None:
    knowledge.put(session, [knowledge.Entry(question='周六几点上课', answer=ANSWER)], by=None)


def _all(session: Session, table: type) -> list:  # type: ignore[type-arg]
    return list(session.scalars(select(table).order_by(table.id)))  # type: ignore[attr-defined]
