from sqlalchemy.orm import Session

from console import similar_answers
from console.database import Database
from console.similar_answers import Answered
from models import Conversation, Draft, DraftStatus, Role
from tests import story

QUESTION = '请问三年级数学周六几点上课'


def sent(session: Session, question: str, answer: str, *, who: str) -> Draft:
    draft = story.drafted(session, answer, question=question, who=who)
    for status in (DraftStatus.APPROVED, DraftStatus.SENDING, DraftStatus.SENT):
        draft.status = status
    return draft


def to(session: Session, question: str = QUESTION, *, role: Role = Role.SUPERVISOR) -> list[Answered]:
    mine = story.said(session, question, who='mine')
    return similar_answers.to(session, question, by=story.member(session, role).id, beside=mine.id)


def test_what_was_sent_to_parents_who_asked_the_same_is_found_the_most_alike_first(db: Database) -> None:
    def find(session: Session) -> list[Answered]:
        sent(session, '老师，三年级数学周六有课吗', '周六上午有课。', who='wang')
        sent(session, '请问三年级数学周六几点上课呀', '周六上午九点。', who='liu')
        sent(session, '退费怎么办理', '请带上收据到前台。', who='chen')
        sent(session, QUESTION, '这是她自己的。', who='mine')
        story.drafted(session, '还没有人放行。', question=QUESTION, who='zhao')
        return to(session)

    found = db.transact(find)
    assert [one.answer for one in found] == ['周六上午九点。', '周六上午有课。']
    assert found[0].question == '请问三年级数学周六几点上课呀'


def test_the_same_answer_is_shown_once_and_of_the_newest(db: Database) -> None:
    def find(session: Session) -> tuple[list[Answered], int]:
        sent(session, QUESTION, '周六上午九点。', who='wang')
        newest = sent(session, QUESTION, '周六上午九点。', who='liu')
        return to(session), newest.conversation_id

    found, newest = db.transact(find)
    assert [one.conversation_id for one in found] == [newest]


def test_who_may_not_see_a_conversation_is_told_nothing_of_it(db: Database) -> None:
    def find(session: Session) -> list[Answered]:
        theirs = sent(session, QUESTION, '周六上午九点。', who='wang')
        conversation = session.get_one(Conversation, theirs.conversation_id)
        conversation.assignee_id = story.member(session, Role.AGENT, '周老师').id
        return to(session, role=Role.AGENT)

    assert db.transact(find) == []


def test_numbers_are_masked(db: Database) -> None:
    def find(session: Session) -> list[Answered]:
        sent(session, f'{QUESTION}，我的电话是 13812345678', '周六上午九点。', who='wang')
        return to(session)

    [found] = db.transact(find)
    assert '13812345678' not in found.question
    assert '138****5678' in found.question


def test_nothing_is_like_a_picture_without_words(db: Database) -> None:
    def find(session: Session) -> list[Answered]:
        sent(session, QUESTION, '周六上午九点。', who='wang')
        return similar_answers.to(session, '', by=story.member(session).id, beside=0)

    assert db.transact(find) == []
