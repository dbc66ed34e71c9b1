"""跟进: what was talked about with a family, and when to come back to it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from console import audit, signals, staff, students
from console.calendar import SCHOOL_TIME, today
from console.errors import Invalid, NotFound
from models import FollowUp, Student, utc_now

WAYS = ('电话', '微信', '到访', '试听', '其他')
LONGEST_TEXT = 300
FURTHEST = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Due:
    """A family to come back to today, or since."""

    id: int
    student_id: int
    student_name: str
    text: str
    next_on: date


def note(session: Session, student_id: int, text: str, *, way: str, next_on: date | None = None, by: int) -> FollowUp:
    """Keep what was talked about; whatever was to be come back to before is done by that.

    Raises `NotAllowed`, `NotFound`, `Invalid` naming the field.
    """
    staff.require(session, by, staff.Action.EDIT_STUDENTS)
    students.record(session, student_id, by=by)
    text = text.strip()
    if not 1 <= len(text) <= LONGEST_TEXT:
        raise Invalid('text', f'跟进记录须为 1–{LONGEST_TEXT} 字。')
    if way not in WAYS:
        raise Invalid('way', f'方式请选 {"、".join(WAYS)}。')
    if next_on is not None and not today() <= next_on <= today() + FURTHEST:
        raise Invalid('next_on', '下次跟进须在今天以后、一年以内。')
    session.execute(
        update(FollowUp).where(FollowUp.student_id == student_id, FollowUp.done_at.is_(None)).values(done_at=utc_now())
    )
    made = FollowUp(student_id=student_id, staff_id=by, way=way, text=text, next_on=next_on)
    if next_on is None:
        made.done_at = utc_now()
    session.add(made)
    session.flush()
    _noted(session, 'follow_up', student_id, by=by)
    return made


def finish(session: Session, follow_up_id: int, *, by: int) -> None:
    """Nothing is to be come back to any more. Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.EDIT_STUDENTS)
    found = session.get(FollowUp, follow_up_id, with_for_update=True)
    if found is None:
        raise NotFound('这条跟进')
    students.record(session, found.student_id, by=by)
    if found.done_at is None:
        found.done_at = utc_now()
        _noted(session, 'follow_up_done', found.student_id, by=by)


def of_student(session: Session, student_id: int, *, by: int, limit: int = 50) -> list[FollowUp]:
    """The newest first. Raises `NotAllowed`, `NotFound`."""
    students.record(session, student_id, by=by)
    return _of(session, student_id, limit=limit)


def open_one(session: Session, student_id: int) -> FollowUp | None:
    """What is still to be come back to. Rights are the caller's."""
    return session.scalar(
        select(FollowUp)
        .where(FollowUp.student_id == student_id, FollowUp.done_at.is_(None))
        .order_by(FollowUp.id.desc())
        .limit(1)
    )


def last_lines(session: Session, student_id: int, *, limit: int = 3) -> list[str]:
    """The last ones in a line each, for whoever writes to the family. Rights are the caller's."""
    return [
        f'{one.created_at + SCHOOL_TIME:%Y-%m-%d} {one.way}跟进：{one.text}'
        for one in _of(session, student_id, limit=limit)
    ]


def due(session: Session, *, by: int, limit: int) -> tuple[list[Due], int]:
    """Whom to come back to by today, the longest due first, and how many they are in all. Raises `NotAllowed`."""
    member = staff.require(session, by)
    if not staff.may(member.role, staff.Action.SEE_STUDENTS):
        return [], 0
    mine = (FollowUp.done_at.is_(None), FollowUp.next_on <= today(), staff.sees_students(member))
    joined = select(FollowUp, Student.name).join(Student, Student.id == FollowUp.student_id).where(*mine)
    rows = session.execute(joined.order_by(FollowUp.next_on, FollowUp.id).limit(limit)).all()
    total = session.scalar(
        select(func.count(FollowUp.id)).join(Student, Student.id == FollowUp.student_id).where(*mine)
    )
    found = [
        Due(id=one.id, student_id=one.student_id, student_name=name, text=one.text, next_on=one.next_on)
        for one, name in rows
        if one.next_on is not None
    ]
    return found, total or 0


def next_dates(session: Session, student_ids: Collection[int]) -> dict[int, date]:
    """When each of these students is to be come back to, where that is agreed. Rights are the caller's."""
    rows = session.execute(
        select(FollowUp.student_id, func.min(FollowUp.next_on))
        .where(FollowUp.student_id.in_(student_ids), FollowUp.done_at.is_(None), FollowUp.next_on.is_not(None))
        .group_by(FollowUp.student_id)
    )
    return {student_id: next_on for student_id, next_on in rows if next_on is not None}


def _of(session: Session, student_id: int, *, limit: int) -> list[FollowUp]:
    query = select(FollowUp).where(FollowUp.student_id == student_id).order_by(FollowUp.id.desc()).limit(limit)
    return list(session.scalars(query))


def _noted(session: Session, action: str, student_id: int, *, by: int) -> None:
    audit.record(session, action, 'student', student_id, by=by)
    signals.announce(session, signals.student_changed, student_id)
