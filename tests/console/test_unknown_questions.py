"""Questions the knowledge could not answer: kept, put together, answered by an entry, forgotten with the talk."""

from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from console import conversations, knowledge, unknown_questions
from console.database import Database
from console.errors import NotAllowed
from console.knowledge import Entry
from models import Channel, Contact, Conversation, Draft, DraftStatus, Role, Staff, UnknownQuestion


@pytest.fixture
def lead(db: Database) -> int:
    return db.transact(_member, 'lead', Role.SUPERVISOR)


def open_ones(db: Database, by: int) -> int:
    """How many questions wait for an entry."""
    return sum(len(cluster.ids) for cluster in db.read(unknown_questions.clusters, by=by))


def test_questions_that_are_alike_are_one_line_and_the_most_asked_comes_first(db: Database, lead: int) -> None:
    for asked in ('请问你们有德语课吗', '有没有停车场？', '老师您好，有德语课吗', '有德语课吗，电话⟦手机号1⟧'):
        db.transact(_drafted, asked)

    first, second = db.read(unknown_questions.clusters, by=lead)

    assert (len(first.ids), second.question) == (3, '有没有停车场？')
    assert '⟦' not in ''.join([first.question, *first.variants])


@pytest.mark.parametrize(
    ('changes', 'kept'),
    [
        ({}, 1),
        ({'sources': [{'kind': 'none'}], 'needs_human': False}, 1),
        ({'sources': [{'kind': 'knowledge'}, {'kind': 'none'}]}, 0),
        ({'needs_human': False}, 0),
        ({'risk': 'refund'}, 0),
    ],
)
def test_only_what_rests_on_nothing_is_an_unknown_question(
    db: Database, lead: int, changes: dict[str, Any], kept: int
) -> None:
    db.transact(_drafted, '有德语课吗', **changes)

    assert open_ones(db, lead) == kept


def test_the_same_question_of_one_parent_counts_once(db: Database, lead: int) -> None:
    conversation = db.transact(_drafted, '有德语课吗')
    db.transact(_drafted, '有德语课吗', conversation=conversation)

    assert open_ones(db, lead) == 1


def test_an_entry_closes_its_questions_and_undo_brings_them_back(db: Database, lead: int) -> None:
    db.transact(_drafted, '有德语课吗')
    [cluster] = db.read(unknown_questions.clusters, by=lead)
    [entry] = db.transact(knowledge.put, [Entry(question=cluster.question, answer='有。')], by=lead)
    db.transact(unknown_questions.answer, cluster.ids, entry.id, by=lead)
    assert db.read(unknown_questions.clusters, by=lead) == []

    db.transact(unknown_questions.reopen, cluster.ids, by=lead)
    db.transact(unknown_questions.put_aside, cluster.ids, by=lead)
    assert open_ones(db, lead) == 0
    db.transact(unknown_questions.reopen, cluster.ids, by=lead)
    assert open_ones(db, lead) == 1


def test_an_agent_sees_them_and_closes_none(db: Database) -> None:
    agent = db.transact(_member, 'agent', Role.AGENT)
    db.transact(_drafted, '有德语课吗')
    [cluster] = db.read(unknown_questions.clusters, by=agent)

    with pytest.raises(NotAllowed):
        db.transact(unknown_questions.put_aside, cluster.ids, by=agent)


def test_they_go_with_the_conversation(db: Database) -> None:
    conversation = db.transact(_drafted, '有德语课吗')
    db.transact(lambda session: session.execute(delete(Draft)))
    db.transact(lambda session: session.execute(delete(Conversation).where(Conversation.id == conversation)))

    assert db.read(lambda session: session.scalars(select(UnknownQuestion)).all()) == []


def _member(session: Session, name: str, role: Role) -> int:
    member = Staff(username=name, name=name, role=role)
    session.add(member)
    session.flush()
    return member.id


def _drafted(session: Session, asked: str, conversation: int | None = None, **changes: Any) -> int:
    """A draft of a conversation of its own; the conversation's id."""
    if conversation is None:
        contact = Contact(channel=Channel.APP, external_userid=f'p{session.query(Contact).count()}')
        session.add(contact)
        session.flush()
        talk = Conversation(contact_id=contact.id, channel=Channel.APP)
        session.add(talk)
        session.flush()
        conversation = talk.id
    values: dict[str, Any] = {'sources': [{'kind': 'courtesy'}], 'needs_human': True, 'risk': 'thin'} | changes
    draft = Draft(
        conversation_id=conversation, channel=Channel.APP, status=DraftStatus.PENDING, basis_seq=1,
        customer_message=asked, content='好', original_content='好', writer='w', checks=[], **values,
    )  # fmt: skip
    session.add(draft)
    session.flush()
    unknown_questions.note(session, draft)
    draft.status = DraftStatus.SUPERSEDED  # a conversation has one that waits
    return conversation


def test_what_was_asked_is_read_by_who_may_know_of_the_conversation(db: Database, lead: int) -> None:
    agent, tester = db.transact(_member, 'agent', Role.AGENT), db.transact(_member, 'tester', Role.TESTER)
    mine, anothers = db.transact(_drafted, '有没有停车场？'), db.transact(_drafted, '王梦瑶还能学德语吗')
    db.transact(conversations.assign, anothers, lead, by=lead)
    db.transact(conversations.assign, mine, agent, by=lead)

    assert [one.question for one in db.read(unknown_questions.clusters, by=agent)] == ['有没有停车场？']
    assert db.read(unknown_questions.clusters, by=tester) == []
    assert len(db.read(unknown_questions.clusters, by=lead)) == 2
