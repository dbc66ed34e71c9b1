import pytest
from sqlalchemy import select

from console import conversations, inbox, notes, students, today
from console.database import Database
from console.errors import Invalid, NotFound
from console.students import StudentFields
from models import AuditEntry, Delivery, Note, Role
from tests import story


def test_a_note_is_never_sent_and_names_a_colleague_until_she_looks(db: Database) -> None:
    agent, lead = db.transact(story.member, Role.AGENT, '孙老师'), db.transact(story.member, name='林主管')
    conversation = db.transact(story.said, '周六有课吗')

    db.transact(notes.add, conversation.id, '@林主管 这位家长要退费', by=agent.id)

    assert db.read(lambda session: session.scalars(select(Delivery)).all()) == []
    after = db.read(inbox.opened, conversation.id, by=lead.id)
    assert (after.listed.conversation.last_seq, [note.text for note in after.notes]) == (1, ['@林主管 这位家长要退费'])
    [named] = db.read(notes.naming, by=lead.id, limit=5)
    assert (named.conversation_id, named.text) == (conversation.id, '孙老师：@林主管 这位家长要退费')
    assert db.read(today.counts, by=lead.id).named == 1
    assert db.read(today.counts, by=agent.id).named == 0
    assert [one.named for one in db.read(today.counted, [lead.id, agent.id])] == [1, 0]

    db.transact(inbox.attend, conversation.id, by=lead.id)

    assert db.read(notes.naming, by=lead.id, limit=5) == []


def test_a_personal_number_in_a_note_is_kept_apart(db: Database) -> None:
    lead = db.transact(story.member)
    conversation = db.transact(story.said, '在吗')

    note = db.transact(notes.add, conversation.id, '她的电话 13812345678', by=lead.id)

    assert note.text == '她的电话 ⟦手机号1⟧'
    assert db.read(inbox.opened, conversation.id, by=lead.id).shown(note.text) == '她的电话 138****5678'


def test_the_longest_name_is_meant_and_who_may_not_know_is_not_told(db: Database) -> None:
    lead = db.transact(story.member)
    short, long = db.transact(story.member, name='李老'), db.transact(story.member, name='李老师')
    stranger = db.transact(story.member, Role.AGENT, '外人')
    conversation = db.transact(story.said, '在吗')
    db.transact(conversations.assign, conversation.id, lead.id, by=lead.id)

    db.transact(notes.add, conversation.id, '@李老师请看', by=lead.id)

    assert db.read(notes.conversations_naming, by=long.id) == {conversation.id}
    assert db.read(notes.conversations_naming, by=short.id) == set()
    assert stranger.id not in [one.id for one in db.read(notes.readers, conversation.id)]
    with pytest.raises(Invalid, match='外人看不到这个会话'):
        db.transact(notes.add, conversation.id, '@外人 帮忙', by=lead.id)


def test_only_its_writer_takes_a_note_away_and_it_goes_with_the_student(db: Database) -> None:
    lead, other = db.transact(story.member), db.transact(story.member, name='另一位')
    conversation = db.transact(story.said, '在吗')
    first = db.transact(notes.add, conversation.id, '第一条', by=lead.id)
    db.transact(notes.add, conversation.id, '第二条', by=lead.id)

    with pytest.raises(NotFound):
        db.transact(notes.remove, first.id, by=other.id)
    db.transact(notes.remove, first.id, by=lead.id)
    assert [note.text for note in db.read(notes.of, conversation.id)] == ['第二条']

    student = db.transact(students.create, StudentFields(name='王梦瑶'), by=lead.id)
    db.transact(students.link, conversation.id, student.id, by=lead.id)
    db.transact(students.erase, student.id, by=lead.id)
    assert db.read(lambda session: session.scalars(select(Note)).all()) == []
    kept = db.read(lambda session: session.scalars(select(AuditEntry)).all())
    assert not any('第一条' in str(entry.detail) for entry in kept)
