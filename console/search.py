"""One search over everything a member may see: people, conversations, what was said in them, and knowledge."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, case, or_, select
from sqlalchemy.orm import Session

from console import knowledge, personal_numbers, search_hits, staff
from console.conversations import title_of
from console.crypto import cipher
from console.search_words import Piece, marked, wanted
from console.staff import Action
from console.writing.context import Knowledge
from models import Author, Contact, Conversation, Guardian, Staff, Student, StudentGuardian


@dataclass(frozen=True, kw_only=True)
class Said:
    """A message that holds the words; `line` is where, in pieces, with personal numbers masked."""

    conversation_id: int
    seq: int
    title: str
    author: Author
    line: list[Piece]
    sent_at: datetime


@dataclass(frozen=True, kw_only=True)
class Person:
    """A student, and the guardian they were found by or the first."""

    student_id: int
    name: str
    guardian: str | None
    school: str | None
    grade: str | None


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A conversation with someone of that name, and the last thing said in it, with numbers masked."""

    conversation_id: int
    title: str
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Everything:
    """The first of each kind; a kind that the member may not see is empty."""

    students: list[Person]
    colleagues: list[Staff]
    talks: list[Talk]
    said: list[Said]
    entries: list[Knowledge]


def everything(session: Session, words: str, *, by: int, limit: int = 5) -> Everything:
    """Up to `limit` of each kind. Raises `NotAllowed` for who has left."""
    role = staff.require(session, by).role
    return Everything(
        students=students(session, words, by=by, limit=limit) if staff.may(role, Action.SEE_STUDENTS) else [],
        colleagues=colleagues(session, words, by=by, limit=limit) if staff.may(role, Action.MANAGE_STAFF) else [],
        talks=talks(session, words, by=by, limit=limit),
        said=messages(session, words, by=by, limit=limit)[0] if len(words.strip()) > 1 else [],
        entries=entries(session, words, by=by, limit=limit),
    )


def messages(
    session: Session, words: str, *, by: int, limit: int = 20, after: int | None = None
) -> tuple[list[Said], int | None]:
    """What was said, newest first, and where the next page goes on (`after`). All of the words must be in a message.

    Raises `NotAllowed`.
    """
    member = staff.require(session, by, Action.SEE_CONVERSATIONS)
    page = search_hits.messages(session, words, member, limit=limit, after=after)
    ids = list({one.conversation_id for one in page.found})
    titles = {row.id: title for row, title in _titled(session, _TALKS.where(Conversation.id.in_(ids)))}
    masks = personal_numbers.masks_of(session, ids)
    searched = wanted(words)
    said = [
        Said(
            conversation_id=one.conversation_id,
            seq=one.seq,
            title=titles[one.conversation_id],
            author=one.author,
            line=marked(personal_numbers.show(one.text, masks.get(one.conversation_id, {})), searched),
            sent_at=one.sent_at,
        )
        for one in page.found
    ]
    return said, page.after


def students(session: Session, words: str, *, by: int, limit: int = 20) -> list[Person]:
    """By a part of the student's or a guardian's name or the school, or by a whole phone number or WeChat id.

    Whose name begins so comes first. Raises `NotAllowed`.
    """
    member = staff.require(session, by, Action.SEE_STUDENTS)
    parts = words.split()
    if not parts:
        return []
    of_guardian = select(StudentGuardian.student_id).join(Guardian, Guardian.id == StudentGuardian.guardian_id)
    index = cipher().index(words)
    by_number = Student.id.in_(of_guardian.where(or_(Guardian.phone_index == index, Guardian.wechat_index == index)))
    by_words = and_(
        *(
            or_(
                Student.name.icontains(part, autoescape=True),
                Student.school.icontains(part, autoescape=True),
                Student.id.in_(of_guardian.where(Guardian.name.icontains(part, autoescape=True))),
            )
            for part in parts
        )
    )
    rows = session.execute(
        select(Student.id, Student.name, Student.school, Student.grade)
        .where(staff.sees_students(member), or_(by_number, by_words))
        .order_by(case((Student.name.istartswith(parts[0], autoescape=True), 0), else_=1), Student.name, Student.id)
        .limit(limit)
    ).all()
    guardians = _guardians(session, [row.id for row in rows])
    return [
        Person(student_id=row.id, name=row.name, guardian=guardians.get(row.id), school=row.school, grade=row.grade)
        for row in rows
    ]


def colleagues(session: Session, words: str, *, by: int, limit: int = 20) -> list[Staff]:
    """By a part of the name or the user name. Raises `NotAllowed`."""
    staff.require(session, by, Action.MANAGE_STAFF)
    parts = words.split()
    if not parts:
        return []
    conditions = (
        or_(Staff.name.icontains(part, autoescape=True), Staff.username.icontains(part, autoescape=True))
        for part in parts
    )
    return list(session.scalars(select(Staff).where(*conditions).order_by(Staff.name, Staff.id).limit(limit)))


def talks(session: Session, words: str, *, by: int, limit: int = 20) -> list[Talk]:
    """Conversations with someone of this name, the latest first. Raises `NotAllowed`."""
    member = staff.require(session, by, Action.SEE_CONVERSATIONS)
    if not words.strip():
        return []
    query = _TALKS.where(staff.sees_conversations(member), search_hits.named(words))
    found = _titled(session, query.order_by(Conversation.last_message_at.desc(), Conversation.id.desc()).limit(limit))
    masks = personal_numbers.masks_of(session, [row.id for row, _ in found])
    return [
        Talk(
            conversation_id=row.id,
            title=title,
            text=personal_numbers.show(row.last_message_text, masks.get(row.id, {})),
            at=row.last_message_at,
        )
        for row, title in found
    ]


def entries(session: Session, words: str, *, by: int, limit: int = 20) -> list[Knowledge]:
    """Knowledge that may be said today and speaks of it, the best first. Raises `NotAllowed`.

    A draft may use what comes near; who searches would take it for found, so that is left out.
    """
    found = knowledge.tried(session, words, by=by, limit=limit)
    return [entry for entry in found if entry.score >= _SPEAKS_OF_IT]


_SPEAKS_OF_IT = 0.25
"""What shares a sign or a digit with a name lies below 0.2, what names the thing above 0.4."""

_TALKS = (
    select(Conversation, Contact, Student.name, StudentGuardian.kinship)
    .join(Contact, Contact.id == Conversation.contact_id)
    .outerjoin(Student, Student.id == Contact.student_id)
    .outerjoin(Guardian, Guardian.id == Contact.guardian_id)
    .outerjoin(
        StudentGuardian,
        (StudentGuardian.student_id == Contact.student_id) & (StudentGuardian.guardian_id == Contact.guardian_id),
    )
)


def _titled(session: Session, query: Select[Conversation, Contact, str, str | None]) -> list[tuple[Conversation, str]]:
    return [
        (conversation, title_of(contact, name, kinship))
        for conversation, contact, name, kinship in session.execute(query).all()
    ]


def _guardians(session: Session, student_ids: list[int]) -> dict[int, str]:
    """The names of the first guardians, with what they are to the student."""
    rows = session.execute(
        select(StudentGuardian.student_id, Guardian.name, StudentGuardian.kinship)
        .join(Guardian, Guardian.id == StudentGuardian.guardian_id)
        .where(StudentGuardian.student_id.in_(student_ids))
        .order_by(StudentGuardian.position.desc())
    )
    return {student_id: f'{name} · {kinship}' if kinship else name for student_id, name, kinship in rows}
