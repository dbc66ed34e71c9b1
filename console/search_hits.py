"""Which messages and conversations hold what was searched for: candidates of the index, checked against the texts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from console import search_index, staff
from console.search_words import holds, wanted
from models import Author, Contact, Conversation, Guardian, Message, Staff, Student

MOST_LOOKED_AT = 4_000
"""Candidates of one search; who may see few conversations goes on from there with the next page."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A message that holds the words."""

    message_id: int
    conversation_id: int
    seq: int
    author: Author
    text: str
    sent_at: datetime


@dataclass(frozen=True, kw_only=True)
class Page:
    """Newest first. `after` goes into the next search, None where there is nothing more."""

    found: list[Found]
    after: int | None


def messages(session: Session, words: str, member: Staff, *, limit: int, after: int | None = None) -> Page:
    """Up to `limit` messages that hold all the words and that the member may see."""
    found: list[Found] = []
    for one in _walk(session, wanted(words), member, step=2 * limit, after=after):
        if isinstance(one, int):
            return Page(found=found, after=one)
        found.append(one)
        if len(found) == limit:
            return Page(found=found, after=one.message_id)
    return Page(found=found, after=None)


def conversation_ids(session: Session, words: str, *, by: int, limit: int = 200) -> list[int]:
    """Conversations with someone of this name, then those in which the words were said, the latest first.

    Raises `NotAllowed`.
    """
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    ids = dict.fromkeys(
        session.scalars(
            select(Conversation.id)
            .join(Contact, Contact.id == Conversation.contact_id)
            .outerjoin(Student, Student.id == Contact.student_id)
            .outerjoin(Guardian, Guardian.id == Contact.guardian_id)
            .where(staff.sees_conversations(member), named(words))
            .order_by(Conversation.last_message_at.desc())
            .limit(limit)
        )
    )
    for one in _walk(session, wanted(words), member, step=500, after=None):
        if isinstance(one, int) or len(ids) >= limit:
            break
        ids[one.conversation_id] = None
    return list(ids)


def named(words: str) -> ColumnElement[bool]:
    """Whether the contact, the student or the guardian of a conversation is called so."""
    columns = (Contact.name, Contact.remark, Student.name, Guardian.name)
    return and_(*(or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words.split()))


def _walk(
    session: Session, searched: list[str], member: Staff, *, step: int, after: int | None
) -> Iterator[Found | int]:
    """What was found, one by one; in the end the id to go on from, if not all candidates were looked at."""
    looked_at = 0
    while searched:
        ids = search_index.candidates(session, searched, below=after, limit=step)
        rows = session.execute(
            select(Message.id, Message.conversation_id, Message.seq, Message.author, Message.text, Message.sent_at)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Message.id.in_(ids), Message.recalled_at.is_(None), staff.sees_conversations(member))
            .order_by(Message.id.desc())
        )
        for row in rows:
            if holds(row.text, searched):
                yield Found(
                    message_id=row.id,
                    conversation_id=row.conversation_id,
                    seq=row.seq,
                    author=row.author,
                    text=row.text,
                    sent_at=row.sent_at,
                )
        if len(ids) < step:
            return
        after = ids[-1]
        looked_at += len(ids)
        if looked_at >= MOST_LOOKED_AT:
            yield after
            return
        step = min(2 * step, 500)
