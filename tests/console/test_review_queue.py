import pytest
from sqlalchemy.orm import Session

from console import conversations, draft_decisions, drafts, replies, reservations, review_desk, review_queue, turns
from console.database import Database
from console.errors import Conflict
from models import DraftStatus, Role, Staff, TurnStatus
from tests import story


def failed(session: Session, words: str, *, who: str) -> int:
    """A parent wrote and no draft could be had; the conversation's id."""
    conversation = story.said(session, words, who=who)
    claim = turns.claim_next(session)
    assert claim is not None
    turns.fail(session, claim, 'AI 服务的密钥无效，请人工回复。')
    return conversation.id


def queue(db: Database, by: Staff, **keywords: object) -> review_queue.Queue:
    return db.read(review_queue.queue, by=by.id, **keywords)  # type: ignore[arg-type]


def test_who_waits_longest_comes_first_and_pages_meet_without_a_gap(db: Database) -> None:
    by = db.transact(story.member)
    ids = [db.transact(story.drafted, who=f'parent{number}').id for number in range(5)]

    first = queue(db, by, limit=3)
    last = first.rows[-1]
    rest = queue(db, by, limit=3, after=last.place)

    assert [row.draft_id for row in (*first.rows, *rest.rows)] == ids
    assert first.total == rest.total == 5


def test_a_parent_for_whom_no_draft_could_be_had_waits_in_the_queue_too(db: Database) -> None:
    by = db.transact(story.member)
    conversation_id = db.transact(failed, '在吗，我的号码是13812345678', who='mama')

    [row] = queue(db, by).rows
    opened = db.read(review_desk.unanswered, conversation_id, by=by.id)

    assert (row.draft_id, row.question) == (None, '在吗，我的号码是138****5678')
    assert opened.said == ['在吗，我的号码是138****5678']
    assert opened.failure == 'AI 服务的密钥无效，请人工回复。'
    assert opened.open


def test_whoever_took_the_conversation_over_is_not_asked_again(db: Database) -> None:
    by = db.transact(story.member)
    conversation_id = db.transact(failed, '在吗', who='mama')
    db.transact(replies.take_over, conversation_id, by=by.id)
    assert queue(db, by).rows == []


def test_a_reply_where_the_ai_failed_is_checked_and_released_like_a_draft(db: Database) -> None:
    by = db.transact(story.member)
    conversation_id = db.transact(failed, '多少钱', who='mama')
    answer = {'by': by.id, 'undo': story.NOW}

    with pytest.raises(drafts.DraftBlocked):
        db.transact(review_desk.reply, conversation_id, '一期 8888 元', **answer)
    assert queue(db, by).total == 1

    draft = db.transact(review_desk.reply, conversation_id, '老师马上联系您。', **answer)
    assert draft.status is DraftStatus.APPROVED
    assert queue(db, by).total == 0
    with pytest.raises(Conflict, match='已有人回复'):
        db.transact(review_desk.reply, conversation_id, '老师马上联系您。', **answer)


def test_asking_the_writer_again_opens_one_turn_however_often_it_is_asked(db: Database) -> None:
    by = db.transact(story.member)
    conversation_id = db.transact(failed, '在吗', who='mama')
    db.transact(review_desk.redraft, conversation_id, by=by.id)
    turn = db.read(story.turn_of, conversation_id)
    db.transact(review_desk.redraft, conversation_id, by=by.id)
    assert turn.status is TurnStatus.WAITING
    assert db.read(story.turn_of, conversation_id).id == turn.id
    assert queue(db, by).rows == []


def test_others_see_who_holds_a_draft_and_the_holder_does_not(db: Database) -> None:
    by, other = db.transact(story.member), db.transact(story.member, Role.ADMIN, '陈管理员')
    draft = db.transact(story.drafted)
    db.transact(reservations.hold, draft.id, by=other.id)
    assert queue(db, by).rows[0].held_by == '陈管理员'
    assert queue(db, other).rows[0].held_by is None
    assert db.read(review_desk.opened, draft.id, by=by.id).held_by == '陈管理员'
    db.transact(reservations.hold, draft.id, by=by.id)
    db.transact(reservations.release, draft.id, by=by.id)
    assert queue(db, by).rows[0].held_by == '陈管理员'
    db.transact(reservations.release, draft.id, by=other.id)
    assert queue(db, by).rows[0].held_by is None


def test_an_opened_draft_says_what_the_parent_wrote_since_and_which_draft_follows(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)
    db.transact(draft_decisions.edit, draft.id, version=1, by=by.id, content='您好！周六十点有课。')
    db.transact(draft_decisions.edit, draft.id, version=2, by=by.id, content='您好！周六十一点有课。')
    newer = db.transact(story.drafted, question='那周日呢')

    opened = db.read(review_desk.opened, draft.id, by=by.id)
    follows = db.read(review_desk.opened, newer.id, by=by.id)

    assert opened.stale
    assert (opened.later, opened.successor) == (['那周日呢'], newer.id)
    assert [(event.action, event.times) for event in opened.history] == [
        ('proposed', 1),
        ('edited', 2),
        ('superseded', 1),
    ]
    assert follows.said == ['周六有课吗', '那周日呢']
    assert follows.before == '您好！周六十一点有课。'


def test_a_filter_shows_its_part_of_the_queue_and_counts_it(db: Database) -> None:
    by, agent = db.transact(story.member), db.transact(story.member, Role.AGENT, '小周')
    price = db.transact(story.drafted, '一期 8888 元。', question='学费多少钱', who='price')
    leave = db.transact(story.drafted, '好的，已登记。', question='明天请假', who='leave')
    given = db.transact(story.drafted, question='地址在哪', who='given')
    db.transact(failed, '在吗', who='nobody')
    db.transact(draft_decisions.edit, price.id, version=1, by=by.id, content='一期 9999 元。')
    db.transact(conversations.assign, given.conversation_id, agent.id, by=by.id)
    db.transact(conversations.assign, leave.conversation_id, by.id, by=by.id)
    db.transact(reservations.hold, price.id, by=by.id)

    def shown(**words: str) -> list[int | None]:
        filters = review_queue.Filters.read(words)
        assert filters.words == words
        found = queue(db, by, filters=filters)
        assert found.total == len(found.rows)
        return sorted(row.draft_id or 0 for row in found.rows)

    assert shown() == [0, price.id, leave.id, given.id]
    assert shown(intent='leave') == [leave.id]
    assert shown(risk='money') == [price.id]
    assert shown(agent=str(agent.id)) == [given.id]
    assert shown(mine='1') == [price.id, leave.id]
    assert shown(channel='kf') == []
    assert review_queue.Filters.read({'channel': 'pigeon', 'agent': '²', 'risk': 'x'}) == review_queue.NO_FILTERS
