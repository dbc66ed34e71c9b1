from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from console import draft_decisions, drafts, staff, turns
from console.database import Database
from console.errors import Conflict, ConsoleError, Invalid, NotAllowed
from console.writing.context import Check
from models import Delivery, Draft, DraftStatus, Message, Role, Staff
from tests import story

FIVE_SECONDS = timedelta(seconds=5)


def approve(db: Database, draft: Draft, by: Staff, **keywords: object) -> Draft:
    given = {'version': draft.version, 'by': by.id, 'undo': timedelta(0)} | keywords
    return db.transact(draft_decisions.approve, draft.id, **given)


def test_approving_releases_the_text_the_person_read(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)

    approved = approve(db, draft, by, content='您好！周六上午有课，欢迎过来。')

    assert approved.status is DraftStatus.APPROVED
    assert approved.content == '您好！周六上午有课，欢迎过来。'
    assert approved.original_content == '您好，周六上午有课。'
    assert approved.edit_size == 6
    [delivery] = db.read(lambda session: session.scalars(select(Delivery)).all())
    assert delivery.draft_id == draft.id


def test_an_outdated_version_is_refused_and_nothing_happens(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)
    db.transact(draft_decisions.edit, draft.id, version=1, by=by.id, content='别人改过的内容')

    with pytest.raises(drafts.DraftChanged) as refusal:
        approve(db, draft, by, version=1)

    assert refusal.value.reason == 'version'
    assert db.read(lambda session: session.scalar(select(func.count()).select_from(Delivery))) == 0


def test_a_newer_message_from_the_parent_makes_the_draft_stale(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)
    db.transact(story.said, '算了，周日呢')

    with pytest.raises(drafts.DraftStale) as refusal:
        approve(db, draft, by)

    assert refusal.value.reason == 'stale'
    assert db.read(drafts.page, by=by.id, status=DraftStatus.SUPERSEDED)[0].id == draft.id


def test_approving_twice_says_who_was_first(db: Database) -> None:
    first, second = db.transact(story.member), db.transact(story.member, Role.ADMIN, '陈管理员')
    draft = db.transact(story.drafted)
    approve(db, draft, first)

    with pytest.raises(drafts.DraftClosed, match='林主管'):
        approve(db, draft, second)


def test_200_drafts_approved_by_two_people_at_once_are_sent_200_times(db: Database) -> None:
    people = [db.transact(story.member), db.transact(story.member, Role.ADMIN, '陈管理员')]
    waiting = [db.transact(story.drafted, who=f'parent{number}') for number in range(200)]

    def try_to_approve(work: tuple[Draft, Staff]) -> bool:
        try:
            approve(db, *work)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(try_to_approve, [(draft, person) for draft in waiting for person in people]))

    assert sum(won) == 200
    assert db.read(lambda session: session.scalar(select(func.count()).select_from(Delivery))) == 200
    assert db.read(lambda session: session.scalar(select(func.count()).where(Message.direction == 'out'))) == 200


def test_an_agent_may_not_approve(db: Database) -> None:
    agent, draft = db.transact(story.member, Role.AGENT, '周顾问'), db.transact(story.drafted)

    with pytest.raises(NotAllowed):
        approve(db, draft, agent)


def test_someone_who_left_may_not_approve(db: Database) -> None:
    db.transact(story.member, Role.ADMIN, '陈管理员')
    by, draft = db.transact(story.member), db.transact(story.drafted)
    db.transact(staff.change, by.id, by=1, active=False)

    with pytest.raises(NotAllowed):
        approve(db, draft, by)


def test_an_open_check_blocks_until_a_reason_is_given(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)
    edited = db.transact(draft_decisions.edit, draft.id, version=1, by=by.id, content='课程一共 8,765 元，保证提分。')
    assert {check['kind'] for check in edited.checks} == {'amount', 'promise'}

    with pytest.raises(drafts.DraftBlocked):
        approve(db, edited, by)
    approved = approve(db, edited, by, confirm_reason='已与校长核对')

    assert approved.reason == '已与校长核对'
    events = db.read(drafts.seen, draft.id, by=by.id)[1]
    assert events[-1].note == '已与校长核对'


def test_an_empty_text_is_refused_with_the_field_named(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)

    with pytest.raises(Invalid) as refusal:
        approve(db, draft, by, content='  \n ')

    assert refusal.value.field == 'content'


def test_an_approval_can_be_taken_back_before_the_sender_has_it(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)
    approve(db, draft, by, undo=FIVE_SECONDS)

    undone = db.transact(draft_decisions.undo, draft.id, by=by.id)

    assert undone.status is DraftStatus.PENDING
    assert db.read(lambda session: session.scalar(select(func.count()).select_from(Delivery))) == 0
    assert undone.conversation.waiting_since is not None
    with pytest.raises(drafts.DraftChanged):
        approve(db, draft, by)


def test_a_rejected_draft_can_come_back(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)
    db.transact(draft_decisions.reject, draft.id, version=1, by=by.id, reason='语气不合适')

    assert db.transact(draft_decisions.undo, draft.id, by=by.id).status is DraftStatus.PENDING


def test_a_draft_written_meanwhile_for_an_older_turn_is_dropped(db: Database) -> None:
    db.transact(story.said, '周六有课吗')
    claim = db.transact(turns.claim_next)
    db.transact(story.said, '周日也行')

    assert db.transact(drafts.propose, claim, story.proposal()) is None
    assert db.transact(turns.claim_next) is not None


def test_another_version_replaces_the_draft_only_when_it_is_there(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)
    db.transact(draft_decisions.regenerate, draft.id, version=1, by=by.id, instruction='短一些')
    assert [one.id for one in db.read(drafts.page, by=by.id, status=DraftStatus.PENDING)] == [draft.id]

    claim = db.transact(turns.claim_next)
    newer = db.transact(drafts.propose, claim, story.proposal('有课。'))

    assert [one.id for one in db.read(drafts.page, by=by.id, status=DraftStatus.PENDING)] == [newer.id]


def test_exactly_one_of_approve_reject_and_a_new_message_wins(db: Database) -> None:
    by = db.transact(story.member)
    for number in range(20):
        who = f'parent{number}'
        draft = db.transact(story.drafted, who=who)
        moves = [
            lambda draft=draft: approve(db, draft, by),
            lambda draft=draft: db.transact(draft_decisions.reject, draft.id, version=1, by=by.id, reason='其他'),
            lambda who=who: db.transact(story.said, '等等', who=who),
        ]
        with ThreadPoolExecutor(3) as threads:
            for outcome in [threads.submit(move) for move in moves]:
                try:
                    outcome.result()
                except ConsoleError as refusal:
                    assert refusal.reason in ('closed', 'stale', 'version')  # noqa: PT017
        after, events = db.read(drafts.seen, draft.id, by=by.id)
        decided = [event.action for event in events if event.action in ('approved', 'rejected', 'superseded')]
        assert len(decided) == 1
        of_draft = select(func.count()).where(Delivery.draft_id == draft.id)
        sent = db.read(lambda session, query=of_draft: session.scalar(query))
        assert sent == (1 if after.status is DraftStatus.APPROVED else 0)


def test_check_words_survive_the_way_through_the_database(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)
    edited = db.transact(draft_decisions.edit, draft.id, version=1, by=by.id, content='包过！')

    assert [Check(**check).level for check in edited.checks] == ['block']
