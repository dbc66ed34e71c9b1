"""The courses a student is enrolled in, and the lessons left of them."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from console import field_changes
from console.errors import Invalid, NotFound
from models import Enrolment, Student

FEW_LESSONS = 3
"""So few left, or fewer, are told in red: it is time to speak of renewing."""


@dataclass(frozen=True, kw_only=True)
class EnrolmentFields:
    """What is to be set; None leaves a field as it is."""

    course: str | None = None
    teacher: str | None = None
    class_time: str | None = None
    lessons_total: int | None = None
    lessons_used: int | None = None
    valid_until: date | None = None


def add_enrolment(session: Session, student_id: int, given: EnrolmentFields) -> None:
    """Raises `Invalid` naming the field."""
    row = Enrolment(student_id=student_id, course='', lessons_total=0, lessons_used=0)
    _apply(row, given)
    session.add(row)


def change_enrolment(session: Session, student: Student, given: EnrolmentFields, enrolment_id: int | None) -> list[str]:
    """Change the first where no id is given, add one where there is none; the names of what is different now.

    Raises `NotFound`, `Invalid` naming the field.
    """
    row = next((one for one in student.enrolments if enrolment_id in (None, one.id)), None)
    if row is None:
        if enrolment_id is not None:
            raise NotFound('这门课程')
        add_enrolment(session, student.id, given)
        return ['enrolment']
    return [f'enrolment.{name}' for name in _apply(row, given)]


def remove_enrolment(session: Session, student: Student, enrolment_id: int) -> None:
    """Raises `NotFound`."""
    row = next((one for one in student.enrolments if one.id == enrolment_id), None)
    if row is None:
        raise NotFound('这门课程')
    session.delete(row)


def _apply(row: Enrolment, given: EnrolmentFields) -> list[str]:
    changed = field_changes.apply(row, given)
    row.lessons_total, row.lessons_used = row.lessons_total or 0, row.lessons_used or 0
    if not 1 <= len(row.course) <= 60:
        raise Invalid('course', '课程名称须为 1–60 个字符。')
    if not 0 <= row.lessons_total <= 10_000:
        raise Invalid('lessons_total', '总课时须在 0 到 10000 之间。')
    if not 0 <= row.lessons_used <= row.lessons_total:
        raise Invalid('lessons_used', '已上课时须在 0 与总课时之间。')
    return changed
