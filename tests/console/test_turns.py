from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from console import conversations, dossiers, drafts, turns
from console.database import Database
from models import Conversation, Draft, DraftStatus, Message, Turn, TurnStatus, utc_now
from tests import story

SECOND = timedelta(seconds=1)
CALM = turns.Pace(quiet=3 * SECOND, longest=12 * SECOND)


def all_turns(db: Database) -> list[Turn]:
    return list(db.read(lambda session: session.scalars(select(Turn).order_by(Turn.id)).all()))


def opened(db: Database, ago: timedelta) -> None:
    """Let the only turn have begun so long ago, and be due accordingly."""
    [turn] = all_turns(db)
    db.transact(
        lambda session: session.execute(update(Turn).values(opened_at=turn.opened_at - ago, due_at=turn.due_at - ago))
    )


def claimed(db: Database) -> turns.Claim:
    claim = db.transact(turns.claim_next)
    assert claim is not None
    return claim


def test_lines_sent_in_quick_succession_are_one_turn_that_waits_for_silence(db: Database) -> None:
    db.transact(story.said, '老师', pace=CALM)
    db.transact(story.said, '周六有课吗', pace=CALM)

    [turn] = all_turns(db)

    assert (turn.first_seq, turn.basis_seq) == (1, 2)
    assert timedelta(0) < turn.due_at - utc_now() <= CALM.quiet
    assert db.transact(turns.claim_next) is None


def test_each_line_moves_the_end_of_the_turn_but_not_beyond_the_longest(db: Database) -> None:
    db.transact(story.said, '老师', pace=CALM)
    opened(db, 2 * SECOND)
    before = all_turns(db)[0]
    db.transact(story.said, '在吗', pace=CALM)
    moved = all_turns(db)[0]
    opened(db, 8 * SECOND)
    late = all_turns(db)[0]
    db.transact(story.said, '有人吗', pace=CALM)
    [last] = all_turns(db)

    assert moved.due_at > before.due_at
    assert last.due_at == late.opened_at + CALM.longest
    assert last.basis_seq == 3


def test_the_draft_answers_all_lines_of_the_turn(db: Database) -> None:
    db.transact(story.said, '老师')
    db.transact(story.said, '周六有课吗')

    draft = db.transact(drafts.propose, claimed(db), story.proposal())

    assert draft is not None
    assert draft.customer_message == '老师\n周六有课吗'


@pytest.mark.parametrize(('letters', 'answered'), [(5, turns.MOST_LINES), (1_000, 8), (turns.MOST_LETTERS + 1, 1)])
def test_of_who_writes_all_night_the_last_lines_are_answered_and_some_before_are_told(
    db: Database, letters: int, answered: int
) -> None:
    said = [f'{n}'.ljust(letters, '。') for n in range(turns.MOST_LINES + 5)]
    for line in said:
        db.transact(story.said, line)
    claim = claimed(db)

    context = db.read(dossiers.for_turn, claim.turn_id)
    draft = db.transact(drafts.propose, claim, story.proposal())

    assert [line.text for line in context.turn] == said[-answered:]
    assert [line.text for line in context.history] == said[:-answered][-dossiers.LINES_BEFORE :]
    assert draft is not None
    assert draft.customer_message == '\n'.join(said[-answered:])


def test_a_conversation_has_its_replies_for_the_day_but_a_remark_is_written_all_the_same(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, 'MOST_A_DAY', 2)
    for _ in range(2):
        db.transact(story.drafted, who='wang_mama')
    db.transact(story.drafted, who='li_baba')
    db.transact(story.said, '还有吗', who='wang_mama')
    third = claimed(db)
    db.transact(story.said, '我也问', who='li_baba')

    assert db.read(turns.written_out, third)
    assert not db.read(turns.written_out, claimed(db))
    db.transact(lambda session: session.execute(update(Turn).values(instruction='短一点')))
    assert not db.read(turns.written_out, third)
    yesterday = utc_now() - timedelta(days=1)
    db.transact(lambda session: session.execute(update(Turn).values(instruction=None, opened_at=yesterday)))
    assert not db.read(turns.written_out, third)


def test_a_line_that_comes_while_the_writer_writes_begins_anew_and_the_writer_comes_too_late(db: Database) -> None:
    db.transact(story.said, '周六有课吗')
    outdated = claimed(db)
    db.transact(story.said, '算了，周日呢')

    draft = db.transact(drafts.propose, outdated, story.proposal())

    assert draft is None
    assert [turn.status for turn in all_turns(db)] == [TurnStatus.SUPERSEDED, TurnStatus.WAITING]
    assert all_turns(db)[1].first_seq == 1
    assert db.transact(drafts.propose, claimed(db), story.proposal()) is not None


def test_a_newer_line_takes_the_waiting_draft_off_the_desk(db: Database) -> None:
    draft = db.transact(story.drafted)

    db.transact(story.said, '算了，周日呢')

    statuses = db.read(lambda session: session.scalars(select(Draft.status)).all())
    assert statuses == [DraftStatus.SUPERSEDED]
    assert draft.status is DraftStatus.PENDING


def test_a_writer_whose_turn_was_given_to_another_proposes_nothing(db: Database) -> None:
    db.transact(story.said, '周六有课吗')
    slow = claimed(db)
    db.transact(lambda session: session.execute(update(Turn).values(lease_until=utc_now() - SECOND)))
    quick = claimed(db)

    assert db.transact(drafts.propose, quick, story.proposal('有课。')) is not None
    assert db.transact(drafts.propose, slow, story.proposal('没有课。')) is None

    contents = db.read(lambda session: session.scalars(select(Draft.content)).all())
    assert contents == ['有课。']


def test_giving_a_turn_back_is_no_attempt(db: Database) -> None:
    db.transact(story.said, '周六有课吗')
    first = claimed(db)

    db.transact(turns.put_back, first)

    second = claimed(db)
    [turn] = all_turns(db)
    assert (second.turn_id, turn.attempts, turn.lost_leases) == (first.turn_id, 1, 0)
    assert db.transact(turns.fail, first, '太迟了') is False


def test_a_failed_turn_says_why_and_the_next_line_opens_another(db: Database) -> None:
    db.transact(story.said, '周六有课吗')
    db.transact(turns.fail, claimed(db), 'AI 服务暂时出错，请人工回复或稍后重试。')

    [failed] = all_turns(db)
    assert (failed.status, failed.last_error) == (
        TurnStatus.FAILED,
        'AI 服务暂时出错，请人工回复或稍后重试。',
    )

    db.transact(story.said, '还在吗')
    draft = db.transact(drafts.propose, claimed(db), story.proposal())
    assert draft is not None
    assert draft.customer_message == '周六有课吗\n还在吗'


def test_a_conversation_taken_over_by_a_person_gets_no_turn(db: Database) -> None:
    conversation = db.transact(story.said, '周六有课吗')
    claim = claimed(db)
    db.transact(_take_over, conversation.id)

    db.transact(story.said, '还在吗')

    assert db.transact(turns.claim_next) is None
    assert db.transact(drafts.propose, claim, story.proposal()) is None
    assert db.read(lambda session: session.scalar(select(Draft.id))) is None


def test_the_database_itself_refuses_a_second_active_turn(db: Database) -> None:
    conversation = db.transact(story.said, '周六有课吗')

    with pytest.raises(IntegrityError):
        db.transact(lambda session: turns.open_turn(session, session.get_one(Conversation, conversation.id)).id)


def test_what_the_parent_said_stays_in_the_order_it_came(db: Database) -> None:
    for number in range(20):
        db.transact(story.said, f'第{number}句')

    rows = db.read(lambda session: session.execute(select(Message.seq, Message.text).order_by(Message.seq)).all())

    assert [tuple(row) for row in rows] == [(number + 1, f'第{number}句') for number in range(20)]


def _take_over(session: Session, conversation_id: int) -> None:
    conversations.locked(session, conversation_id).taken_over = True
