"""The people who answer for a student: their numbers sealed, masked, shown whole with a reason."""

import re
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from console import audit, staff
from console.crypto import cipher, masked
from console.errors import Invalid, NotFound
from models import Contact, Guardian, Student, StudentGuardian

MOBILE = re.compile(r'1[3-9]\d{9}')
LONGEST_NOTES = 2000


@dataclass(frozen=True, kw_only=True)
class GuardianFields:
    """What is to be set; None leaves a field as it is. A masked number sent back unchanged changes nothing."""

    name: str | None = None
    kinship: str | None = None
    phone: str | None = None
    wechat: str | None = None
    consent_on: date | None = None
    notes: str | None = None


@dataclass(frozen=True, kw_only=True)
class GuardianView:
    """A guardian as this reader may see them: numbers masked, or whole for who may."""

    id: int
    name: str
    kinship: str | None
    phone: str | None
    wechat: str | None
    consent_on: date | None
    notes: str | None


def same_person(session: Session, guardian_id: int) -> ColumnElement[bool]:
    """This guardian and those with the same phone number: siblings are entered one by one, each with its guardians.

    A condition for a query that selects from `Guardian`.
    """
    phone = session.scalar(select(Guardian.phone_index).where(Guardian.id == guardian_id))
    same = Guardian.id == guardian_id
    return or_(same, Guardian.phone_index == phone) if phone else same


def view(link: StudentGuardian, *, whole: bool) -> GuardianView:
    """A guardian of one student. Who asks for `whole` has seen to it that the reader may, and that it is logged."""

    def number(what: str) -> str | None:
        sealed = getattr(link.guardian, f'{what}_sealed')
        if sealed is None:
            return None
        value = cipher().open(sealed, _place(what, link.guardian_id))
        return value if whole else masked(value)

    return GuardianView(
        id=link.guardian_id,
        name=link.guardian.name,
        kinship=link.kinship,
        phone=number('phone'),
        wechat=number('wechat'),
        consent_on=link.guardian.consent_on,
        notes=link.guardian.notes,
    )


def reveal(session: Session, guardian_id: int, what: str, *, by: int, reason: str) -> str:
    """A guardian's whole 'phone' or 'wechat', and a line in the audit. Raises `NotAllowed`, `NotFound`, `Invalid`."""
    staff.require(session, by, staff.Action.SEE_NUMBERS)
    if not reason.strip():
        raise Invalid('reason', '请填写查看理由，查看会被记录。')
    guardian = session.get(Guardian, guardian_id)
    sealed = getattr(guardian, f'{what}_sealed', None) if guardian else None
    if guardian is None or sealed is None:
        raise NotFound('这个联系方式')
    audit.record(session, 'reveal', 'guardian', guardian_id, by=by, what=what, reason=reason.strip()[:200])
    return cipher().open(sealed, _place(what, guardian_id))


def add_guardian(session: Session, student_id: int, given: GuardianFields, position: int) -> None:
    """Raises `Invalid` naming the field."""
    guardian = Guardian(name=given.name or '家长')
    session.add(guardian)
    session.flush()
    link = StudentGuardian(student_id=student_id, guardian_id=guardian.id, position=position)
    session.add(link)
    _apply(guardian, link, given)
    session.flush()


def change_guardian(session: Session, student: Student, given: GuardianFields, guardian_id: int | None) -> list[str]:
    """Change the first where no id is given, add one where there is none; the names of what is different now.

    Raises `NotFound`, `Invalid` naming the field.
    """
    link = next((one for one in student.guardians if guardian_id in (None, one.guardian_id)), None)
    if link is None:
        if guardian_id is not None:
            raise NotFound('这位家长')
        add_guardian(session, student.id, given, 0)
        return ['guardian']
    return [f'guardian.{name}' for name in _apply(link.guardian, link, given)]


def remove_guardian(session: Session, student: Student, guardian_id: int) -> None:
    """Take a guardian out of one student's record; one no other student has is deleted. Raises `NotFound`."""
    link = next((one for one in student.guardians if one.guardian_id == guardian_id), None)
    if link is None:
        raise NotFound('这位家长')
    session.execute(
        update(Contact)
        .where(Contact.student_id == student.id, Contact.guardian_id == guardian_id)
        .values(guardian_id=None)
    )
    session.delete(link)
    session.flush()
    if session.scalar(select(StudentGuardian.student_id).where(StudentGuardian.guardian_id == guardian_id)) is None:
        session.delete(session.get_one(Guardian, guardian_id))


def _apply(guardian: Guardian, link: StudentGuardian, given: GuardianFields) -> list[str]:
    changed = []
    if given.name is not None and given.name.strip() != guardian.name:
        guardian.name = given.name.strip()
        changed.append('name')
    if not 1 <= len(guardian.name) <= 40:
        raise Invalid('guardian.name', '家长姓名须为 1–40 个字符。')
    if given.kinship is not None and given.kinship.strip() != link.kinship:
        link.kinship = given.kinship.strip()[:20]
        changed.append('kinship')
    if given.consent_on is not None and given.consent_on != guardian.consent_on:
        guardian.consent_on = given.consent_on
        changed.append('consent_on')
    if given.notes is not None and given.notes.strip() != guardian.notes:
        guardian.notes = given.notes.strip()[:LONGEST_NOTES]
        changed.append('notes')
    for what in ('phone', 'wechat'):
        value = getattr(given, what)
        if value is not None and _seal_number(guardian, what, value.strip()):
            changed.append(what)
    return changed


def _seal_number(guardian: Guardian, what: str, value: str) -> bool:
    sealed = getattr(guardian, f'{what}_sealed')
    before = cipher().open(sealed, _place(what, guardian.id)) if sealed else ''
    if value == before or (before and value == masked(before)):
        return False
    if not value:
        setattr(guardian, f'{what}_sealed', None)
        setattr(guardian, f'{what}_index', None)
        return True
    if what == 'phone':
        value = re.sub(r'[\s\-]', '', value).removeprefix('+86')
        if not MOBILE.fullmatch(value):
            raise Invalid('phone', '手机号须为 11 位数字，以 1 开头。带星号的号码请重新输入完整号码。')
    elif not 2 <= len(value) <= 40 or '*' in value:
        raise Invalid('wechat', '微信号须为 2–40 个字符，不能含星号。')
    setattr(guardian, f'{what}_sealed', cipher().seal(value, _place(what, guardian.id)))
    setattr(guardian, f'{what}_index', cipher().index(value))
    return True


def _place(what: str, guardian_id: int) -> str:
    return f'guardian.{what}:{guardian_id}'
