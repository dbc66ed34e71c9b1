from datetime import timedelta

import pytest

from console import conversations, draft_decisions, scripts, students
from console.database import Database
from console.enrolments import EnrolmentFields
from console.errors import Invalid, NotAllowed, NotFound
from console.guardians import GuardianFields
from console.students import StudentFields
from models import Role, Staff
from tests import story


def test_scripts_are_found_by_any_of_their_words_the_most_used_first(db: Database) -> None:
    lead = db.transact(story.member)
    hello = db.transact(scripts.save, '问好', '您好，我是课程顾问。', group='开场', by=lead.id)
    trial = db.transact(scripts.save, '邀约试听', '周六可以来试听吗？', group='试听', by=lead.id)
    db.transact(scripts.used, trial.id, by=lead.id)

    def found(words: str) -> list[str]:
        return [one.title for one in db.read(scripts.find, words, by=lead.id)]

    assert found('') == ['邀约试听', '问好']
    assert found('开场 顾问') == ['问好']
    assert found('周六 开场') == []
    db.transact(scripts.put_aside, hello.id, by=lead.id)
    assert found('问好') == []
    assert [one.title for one in db.read(scripts.everything, by=lead.id).aside] == ['问好']


def test_ones_own_scripts_are_nobody_elses(db: Database) -> None:
    agent, other = (db.transact(story.member, Role.AGENT, name) for name in ('孙老师', '李老师'))
    mine = db.transact(scripts.save, '我的', '我的口头禅', mine=True, by=agent.id)

    assert [one.id for one in db.read(scripts.find, '', by=agent.id)] == [mine.id]
    assert db.read(scripts.find, '', by=other.id) == []
    with pytest.raises(NotFound):
        db.transact(scripts.change, mine.id, title='改', by=other.id)
    with pytest.raises(NotAllowed):
        db.transact(scripts.save, '大家的', '大家用', by=agent.id)
    db.transact(scripts.put_aside, mine.id, by=agent.id)
    assert db.read(scripts.find, '', by=agent.id) == []


def test_a_proposal_is_found_once_a_supervisor_accepts_it(db: Database) -> None:
    agent, lead = db.transact(story.member, Role.AGENT, '孙老师'), db.transact(story.member)
    offered = db.transact(scripts.propose, '请假', '请假已登记。', by=agent.id)
    assert db.read(scripts.find, '请假', by=agent.id) == []
    with pytest.raises(NotAllowed):
        db.transact(scripts.accept, offered.id, by=agent.id)
    assert [one.id for one in db.read(scripts.everything, by=lead.id).proposed] == [offered.id]

    db.transact(scripts.accept, offered.id, by=lead.id)

    assert [one.id for one in db.read(scripts.find, '请假', by=lead.id)] == [offered.id]


def test_what_was_said_to_one_family_is_proposed_without_their_names(db: Database) -> None:
    lead = db.transact(story.member)
    draft = db.transact(story.drafted)
    _of_family(db, draft.conversation_id, lead)

    kept = db.transact(
        scripts.propose, '提醒', '王梦瑶妈妈您好，王梦瑶明天有课，周建平老师在等。', draft_id=draft.id, by=lead.id
    )

    assert kept.text == '{家长}您好，{学员}明天有课，{老师}在等。'
    names = db.read(scripts.names_in, draft.conversation_id, by=lead.id)
    assert scripts.filled(kept.text, names) == '王梦瑶妈妈您好，王梦瑶明天有课，周建平老师在等。'


def test_a_draft_with_a_gap_is_not_released(db: Database) -> None:
    lead = db.transact(story.member)
    draft = db.transact(story.drafted, '{老师}在等您。')

    with pytest.raises(Invalid, match='还有没填的内容'):
        db.transact(draft_decisions.approve, draft.id, version=draft.version, by=lead.id, undo=timedelta(0))


def test_a_name_the_record_does_not_tell_stays_to_be_filled_in(db: Database) -> None:
    lead = db.transact(story.member)
    conversation = db.transact(story.said, '在吗')

    text = scripts.filled('{家长}您好，{学员}在吗', db.read(scripts.names_in, conversation.id, by=lead.id))

    assert text == '{家长}您好，{学员}在吗'
    with pytest.raises(Invalid, match='还有没填的内容'):
        scripts.checked_filled(text)


@pytest.mark.parametrize(
    ('field', 'title', 'text'),
    [
        ('title', '', '好'),
        ('text', '好', '  '),
        ('text', '好', '{校长}您好'),
        ('text', '好', '打 ⟦手机号1⟧'),
    ],
)
def test_what_is_wrong_with_a_script_is_named(db: Database, field: str, title: str, text: str) -> None:
    lead = db.transact(story.member)

    with pytest.raises(Invalid) as refusal:
        db.transact(scripts.save, title, text, by=lead.id)

    assert refusal.value.field == field


def _of_family(db: Database, conversation_id: int, lead: Staff) -> None:
    student = db.transact(
        students.create,
        StudentFields(name='王梦瑶'),
        by=lead.id,
        guardians=[GuardianFields(name='李娟', kinship='妈妈')],
        enrolments=[EnrolmentFields(course='数学', teacher='周建平', lessons_total=12)],
    )
    db.transact(students.link, conversation_id, student.id, by=lead.id)
    contact = db.read(conversations.seen, conversation_id, by=lead.id).contact
    assert contact.student_id == student.id
