"""内部备注: what colleagues tell one another about a conversation. It stands among the messages and is never sent."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, literal, select, union_all, update
from sqlalchemy.orm import Session, joinedload

from console import audit, conversations, personal_numbers, signals, staff
from console.errors import Invalid, NotFound
from models import Contact, Conversation, Mention, Note, Staff, Student, StudentGuardian, utc_now

LONGEST = 2000
SHOWN = 100
"""Characters of a note in a list."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """A note that names its reader, as a list shows it: in which conversation, who wrote it, since when."""

    conversation_id: int
    title: str
    text: str
    at: datetime


def add(session: Session, conversation_id: int, text: str, *, by: int) -> Note:
    """Write it below the newest message; colleagues named as @李老师 see that they are.

    Raises `NotAllowed`, `NotFound`, and `Invalid` for a colleague who may not know of the conversation.
    """
    writer = staff.require(session, by, staff.Action.PROPOSE_REPLY)
    conversations.seen(session, conversation_id, by=by)
    text = text.replace('\r\n', '\n').strip()
    if not 1 <= len(text) <= LONGEST:
        raise Invalid('note', f'备注须为 1–{LONGEST} 字。')
    conversation = conversations.locked(session, conversation_id)
    note = Note(
        conversation_id=conversation_id,
        after_seq=conversation.last_seq,
        staff_id=writer.id,
        text=personal_numbers.tokenise(session, conversation_id, text),
    )
    session.add(note)
    session.flush()
    for colleague in _named_in(session, note.text):
        if colleague.id != by:
            _check_reads(session, colleague, conversation_id)
            session.add(Mention(note_id=note.id, staff_id=colleague.id))
    session.flush()
    signals.announce(session, signals.conversation_changed, conversation_id)
    return note


def remove(session: Session, note_id: int, *, by: int) -> None:
    """Take one's own note away. Raises `NotFound` for another's."""
    note = session.get(Note, note_id)
    if note is None or note.staff_id != by:
        raise NotFound('这条备注')
    conversations.seen(session, note.conversation_id, by=by)
    audit.record(session, 'remove_note', 'conversation', note.conversation_id, by=by, note=note_id)
    session.delete(note)
    signals.announce(session, signals.conversation_changed, note.conversation_id)


def of(session: Session, conversation_id: int, *, since_seq: int = 0) -> list[Note]:
    """Notes that stand at or below message `since_seq`, oldest first. Who may read them is for the caller to ask."""
    return list(
        session.scalars(
            select(Note)
            .where(Note.conversation_id == conversation_id, Note.after_seq >= since_seq)
            .order_by(Note.after_seq, Note.id)
        )
    )


def look(session: Session, conversation_id: int, *, by: int) -> None:
    """`by` has the conversation before her: what named her there is no news any more."""
    unseen = _unseen(by).where(Note.conversation_id == conversation_id)
    if note_ids := session.scalars(unseen.with_only_columns(Note.id)).all():
        session.execute(
            update(Mention).where(Mention.staff_id == by, Mention.note_id.in_(note_ids)).values(seen_at=utc_now())
        )
        signals.announce(session, signals.conversation_changed, conversation_id)


def naming(session: Session, *, by: int, limit: int) -> list[Named]:
    """Notes that name `by` and that she has not seen, newest first. Raises `NotAllowed`."""
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    rows = session.execute(
        _unseen(by)
        .with_only_columns(Note, Conversation, Student.name, StudentGuardian.kinship, Staff.name)
        .join(Contact, Contact.id == Conversation.contact_id)
        .outerjoin(Student, Student.id == Contact.student_id)
        .outerjoin(
            StudentGuardian,
            (StudentGuardian.student_id == Contact.student_id) & (StudentGuardian.guardian_id == Contact.guardian_id),
        )
        .outerjoin(Staff, Staff.id == Note.staff_id)
        .where(staff.sees_conversations(member))
        .options(joinedload(Conversation.contact))
        .order_by(Note.id.desc())
        .limit(limit)
    ).all()
    masks = personal_numbers.masks_of(session, [note.conversation_id for note, *_ in rows])
    return [
        Named(
            conversation_id=note.conversation_id,
            title=conversations.title_of(conversation.contact, student, kinship),
            text=f'{writer or "同事"}：{personal_numbers.show(note.text, masks.get(conversation.id, {}))[:SHOWN]}',
            at=note.created_at,
        )
        for note, conversation, student, kinship, writer in rows
    ]


def count_naming(session: Session, member: Staff) -> int:
    """How many notes name this member that she has not seen."""
    unseen = _unseen(member.id).where(staff.sees_conversations(member))
    return session.scalar(unseen.with_only_columns(func.count())) or 0


def counts_naming(session: Session, staff_ids: Collection[int]) -> dict[int, int]:
    """How many notes name each of these that she has not seen, wherever they stand; whom none names is missing."""
    counted = select(Mention.staff_id, func.count().label('times')).group_by(Mention.staff_id)
    rows = session.execute(counted.where(Mention.staff_id.in_(staff_ids), Mention.seen_at.is_(None)))
    return {row.staff_id: row.times for row in rows}


def conversations_naming(session: Session, *, by: int) -> set[int]:
    """The ids of the conversations in which she was named and has not looked."""
    return {number for _, number in named_where(session, [by])}


def named_where(session: Session, staff_ids: Collection[int]) -> set[tuple[int, int]]:
    """(staff id, conversation id) of those who were named in a note there and have not looked."""
    query = select(Mention.staff_id, Note.conversation_id).join(Note, Note.id == Mention.note_id)
    found = session.execute(query.where(Mention.staff_id.in_(staff_ids), Mention.seen_at.is_(None)))
    return {(staff_id, number) for staff_id, number in found}


def readers(session: Session, conversation_id: int) -> list[Staff]:
    """Colleagues who may know of the conversation, by name: whom a note there may name."""
    colleagues = session.scalars(select(Staff).where(Staff.active.is_(True)).order_by(Staff.name, Staff.id)).all()
    here = Conversation.id == conversation_id
    asked = [
        select(literal(one.id)).select_from(Conversation).where(here, staff.sees_conversations(one))
        for one in colleagues
        if staff.may(one.role, staff.Action.SEE_CONVERSATIONS)
    ]
    readers = set(session.scalars(union_all(*asked))) if asked else set()
    return [one for one in colleagues if one.id in readers]


def _unseen(staff_id: int) -> Select[Any]:
    return (
        select(Mention)
        .join(Note, Note.id == Mention.note_id)
        .join(Conversation, Conversation.id == Note.conversation_id)
        .where(Mention.staff_id == staff_id, Mention.seen_at.is_(None))
    )


def _named_in(session: Session, text: str) -> list[Staff]:
    """After each @ the longest name that fits; of two who share it, both."""
    by_name: dict[str, list[Staff]] = {}
    for one in session.scalars(select(Staff).where(Staff.active.is_(True))):
        by_name.setdefault(one.name, []).append(one)
    found: dict[int, Staff] = {}
    for rest in text.split('@')[1:]:
        name = max((name for name in by_name if rest.startswith(name)), key=len, default=None)
        if name is not None:
            found |= {one.id: one for one in by_name[name]}
    return list(found.values())


def _check_reads(session: Session, colleague: Staff, conversation_id: int) -> None:
    if not _reads(session, colleague, conversation_id):
        raise Invalid('note', f'{colleague.name}看不到这个会话。请先把会话分配给对方，或换一位同事。')


def _reads(session: Session, colleague: Staff, conversation_id: int) -> bool:
    if not staff.may(colleague.role, staff.Action.SEE_CONVERSATIONS):
        return False
    mine = select(Conversation.id).where(Conversation.id == conversation_id, staff.sees_conversations(colleague))
    return session.scalar(mine) is not None
