"""Students and their guardians: found, read with care, changed with a trace."""

import re
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session, selectinload

from console import audit, conversations, signals, staff
from console.crypto import cipher, masked
from console.errors import Conflict, Invalid, NotFound
from models import (
    AuditEntry,
    Contact,
    Conversation,
    Enrolment,
    Guardian,
    Staff,
    Stage,
    Student,
    StudentGuardian,
)

MOBILE = re.compile(r'1[3-9]\d{9}')
LONGEST_NOTES = 2000


@dataclass(frozen=True, kw_only=True)
class StudentFields:
    """What is to be set; None leaves a field as it is."""

    name: str | None = None
    gender: str | None = None
    birth_month: str | None = None
    grade: str | None = None
    school: str | None = None
    stage: Stage | None = None
    source: str | None = None
    tags: list[str] | None = None
    notes: str | None = None
    enrolled_on: date | None = None
    attendance_rate: int | None = None
    performance: str | None = None
    owner_id: int | None = None


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
class EnrolmentFields:
    course: str | None = None
    teacher: str | None = None
    class_time: str | None = None
    lessons_total: int | None = None
    lessons_used: int | None = None
    valid_until: date | None = None


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


@dataclass(frozen=True, kw_only=True)
class Record:
    """The full record of a student, its numbers masked unless asked for otherwise."""

    student: Student
    guardians: list[GuardianView] = field(default_factory=list)
    enrolments: list[Enrolment] = field(default_factory=list)
    conversation_id: int | None = None


def record(session: Session, student_id: int, *, by: int, whole_numbers: bool = False) -> Record:
    """One student. With `whole_numbers` the read is logged. Raises `NotFound`, `NotAllowed`."""
    student = _seen(session, student_id, by=by)
    if whole_numbers:
        staff.require(session, by, staff.Action.SEE_NUMBERS)
        audit.record(session, 'read_numbers', 'student', student_id, by=by)
    conversation_id = session.scalar(
        select(Conversation.id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(Contact.student_id == student_id)
        .order_by(Conversation.last_message_at.desc())
        .limit(1)
    )
    return Record(
        student=student,
        guardians=[_view(link, whole=whole_numbers) for link in student.guardians],
        enrolments=list(student.enrolments),
        conversation_id=conversation_id,
    )


def as_record(student: Student) -> Record:
    """A row of `page` with its numbers masked; it does not say which chat is theirs."""
    return Record(
        student=student,
        guardians=[_view(link, whole=False) for link in student.guardians],
        enrolments=list(student.enrolments),
    )


def record_of(session: Session, user: str, *, by: int, whole_numbers: bool = False) -> Record:
    """One student by record id or by a contact's `external_userid`. Raises `NotFound`, `NotAllowed`."""
    return record(session, id_of(session, user, by=by), by=by, whole_numbers=whole_numbers)


def id_of(session: Session, user: str, *, by: int) -> int:
    staff.require(session, by, staff.Action.SEE_STUDENTS)
    student_id = session.scalar(
        select(Contact.student_id)
        .where(Contact.external_userid == user, Contact.student_id.is_not(None))
        .order_by(Contact.id.desc())
        .limit(1)
    )
    if student_id is not None:
        return student_id
    if user.isascii() and user.isdigit() and len(user) < 10:
        return int(user)
    raise NotFound('这位学员')


def history(session: Session, student_id: int, *, by: int) -> list[AuditEntry]:
    """What was done to this record and who read its numbers, newest first. Raises `NotFound`, `NotAllowed`."""
    _seen(session, student_id, by=by)
    return audit.of(session, 'student', student_id)


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


def page(
    session: Session,
    *,
    by: int,
    search: str = '',
    stage: Stage | None = None,
    limit: int = 50,
    after: tuple[str, int] | None = None,
) -> list[Student]:
    """Students by name. `search` matches names in part, phone numbers whole. `after`: (name, id) of the row before.

    Raises `NotAllowed`.
    """
    member = staff.require(session, by, staff.Action.SEE_STUDENTS)
    query = (
        select(Student)
        .where(staff.sees_students(member))
        .options(selectinload(Student.enrolments), selectinload(Student.guardians).joinedload(StudentGuardian.guardian))
        .order_by(Student.name, Student.id)
        .limit(limit)
    )
    if stage is not None:
        query = query.where(Student.stage == stage)
    if after is not None:
        query = query.where(tuple_(Student.name, Student.id) > tuple_(*after))
    search = search.strip()
    if search:
        with_guardian = select(StudentGuardian.student_id).join(Guardian, Guardian.id == StudentGuardian.guardian_id)
        query = query.where(
            or_(
                Student.name.contains(search, autoescape=True),
                Student.id.in_(with_guardian.where(Guardian.phone_index == cipher().index(search))),
                Student.id.in_(with_guardian.where(Guardian.name.contains(search, autoescape=True))),
            )
        )
    return list(session.scalars(query))


def create(
    session: Session,
    values: StudentFields,
    *,
    by: int | None,
    guardians: list[GuardianFields] | None = None,
    enrolments: list[EnrolmentFields] | None = None,
) -> Student:
    """Add a student. `by` None: the program itself. Raises `NotAllowed`, `Invalid` naming the field."""
    if by is not None:
        staff.require(session, by, staff.Action.EDIT_STUDENTS)
    student = Student(name='', tags=[], stage=Stage.LEAD)
    _apply_student(session, student, values)
    session.add(student)
    session.flush()
    for position, given in enumerate(guardians or []):
        _add_guardian(session, student.id, given, position)
    for enrolment in enrolments or []:
        row = Enrolment(student_id=student.id, course='')
        _apply_enrolment(row, enrolment)
        session.add(row)
    session.flush()
    audit.record(session, 'create', 'student', student.id, by=by)
    signals.announce(session, signals.student_changed, student.id)
    return student


def change(
    session: Session,
    student_id: int,
    *,
    by: int,
    values: StudentFields | None = None,
    guardian: GuardianFields | None = None,
    guardian_id: int | None = None,
    enrolment: EnrolmentFields | None = None,
    enrolment_id: int | None = None,
    version: int | None = None,
) -> Student:
    """Change what is given; the guardian and enrolment are the first where no id is given, added where there is none.

    Raises `NotFound`, `NotAllowed`, `Invalid` naming the field, `Conflict` if `version` is no longer current.
    """
    staff.require(session, by, staff.Action.EDIT_STUDENTS)
    _seen(session, student_id, by=by)
    student = session.scalars(
        select(Student)
        .where(Student.id == student_id)
        .with_for_update()
        .options(selectinload(Student.enrolments), selectinload(Student.guardians).joinedload(StudentGuardian.guardian))
        .execution_options(populate_existing=True)
    ).one()
    if version is not None and version != student.version:
        raise Conflict('这份资料刚被他人修改，您的修改没有保存。请刷新后再改。', 'version')
    changed: list[str] = []
    if values is not None:
        changed += _apply_student(session, student, values)
    if guardian is not None:
        changed += _change_guardian(session, student, guardian, guardian_id)
    if enrolment is not None:
        changed += _change_enrolment(session, student, enrolment, enrolment_id)
    if changed:
        student.version += 1
        session.flush()
        audit.record(session, 'change', 'student', student_id, by=by, fields=changed)
        signals.announce(session, signals.student_changed, student_id)
    return student


def add(
    session: Session,
    student_id: int,
    *,
    by: int,
    guardian: GuardianFields | None = None,
    enrolment: EnrolmentFields | None = None,
) -> Student:
    """One more guardian or enrolment. Raises `NotFound`, `NotAllowed`, `Invalid` naming the field."""
    staff.require(session, by, staff.Action.EDIT_STUDENTS)
    student = _seen(session, student_id, by=by)
    if guardian is not None:
        _add_guardian(session, student_id, guardian, len(student.guardians))
    if enrolment is not None:
        row = Enrolment(student_id=student_id, course='')
        _apply_enrolment(row, enrolment)
        session.add(row)
    student.version += 1
    session.flush()
    session.expire(student)
    added = [name for name, given in (('guardian', guardian), ('enrolment', enrolment)) if given is not None]
    audit.record(session, 'change', 'student', student_id, by=by, fields=added)
    signals.announce(session, signals.student_changed, student_id)
    return _seen(session, student_id, by=by)


def erase(session: Session, student_id: int, *, by: int) -> None:
    """Delete a student, the guardians no other student has, and their conversations. Cannot be undone.

    Raises `NotFound`, `NotAllowed`.
    """
    staff.require(session, by, staff.Action.ERASE_STUDENTS)
    student = _seen(session, student_id, by=by)
    guardian_ids = [link.guardian_id for link in student.guardians]
    for conversation_id, contact in session.execute(
        select(Conversation.id, Contact)
        .outerjoin_from(Contact, Conversation, Conversation.contact_id == Contact.id)
        .where(Contact.student_id == student_id)
    ).all():
        session.delete(contact)
        if conversation_id is not None:
            signals.announce(session, signals.conversation_changed, conversation_id)
    session.delete(student)
    session.flush()
    shared = set(
        session.scalars(select(StudentGuardian.guardian_id).where(StudentGuardian.guardian_id.in_(guardian_ids)))
    )
    for guardian_id in set(guardian_ids) - shared:
        session.delete(session.get_one(Guardian, guardian_id))
    audit.record(session, 'erase', 'student', student_id, by=by)
    signals.announce(session, signals.student_changed, student_id)


def link(session: Session, conversation_id: int, student_id: int, *, by: int) -> None:
    """This chat is with a guardian of this student. Raises `NotFound`, `NotAllowed`."""
    staff.require(session, by, staff.Action.EDIT_STUDENTS)
    student = _seen(session, student_id, by=by)
    listed = conversations.seen(session, conversation_id, by=by)
    contact = session.get_one(Contact, listed.contact.id)
    contact.student_id = student.id
    contact.guardian_id = student.guardians[0].guardian_id if student.guardians else None
    audit.record(session, 'link', 'conversation', conversation_id, by=by, student=student_id)
    signals.announce(session, signals.conversation_changed, conversation_id)


def _seen(session: Session, student_id: int, *, by: int) -> Student:
    member = staff.require(session, by, staff.Action.SEE_STUDENTS)
    student = session.scalar(
        select(Student)
        .where(Student.id == student_id, staff.sees_students(member))
        .options(selectinload(Student.enrolments), selectinload(Student.guardians).joinedload(StudentGuardian.guardian))
    )
    if student is None:
        raise NotFound('这位学员')
    return student


def _view(link: StudentGuardian, *, whole: bool) -> GuardianView:
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


def _apply_student(session: Session, student: Student, values: StudentFields) -> list[str]:
    changed = _assign(student, values)
    if not 1 <= len(student.name) <= 40:
        raise Invalid('name', '学员姓名须为 1–40 个字符。')
    if student.gender not in (None, '', '男', '女'):
        raise Invalid('gender', '性别请填 男 或 女。')
    if student.birth_month and not re.fullmatch(r'(19|20)\d\d-(0[1-9]|1[0-2])', student.birth_month):
        raise Invalid('birth_month', '出生年月请写成 2017-05 这样的形式。')
    if student.attendance_rate is not None and not 0 <= student.attendance_rate <= 100:
        raise Invalid('attendance_rate', '出勤率须在 0 到 100 之间。')
    if len(student.notes or '') > LONGEST_NOTES:
        raise Invalid('notes', f'备注最多 {LONGEST_NOTES} 字。')
    if len(student.tags) > 20 or any(not isinstance(tag, str) or len(tag) > 20 for tag in student.tags):
        raise Invalid('tags', '标签最多 20 个，每个不超过 20 字。')
    if values.owner_id is not None:
        owner = session.get(Staff, values.owner_id)
        if owner is None or not owner.active:
            raise Invalid('owner_id', '负责人须是在职的同事。')
    return changed


def _change_guardian(session: Session, student: Student, given: GuardianFields, guardian_id: int | None) -> list[str]:
    link = next((one for one in student.guardians if guardian_id in (None, one.guardian_id)), None)
    if link is None:
        if guardian_id is not None:
            raise NotFound('这位家长')
        _add_guardian(session, student.id, given, 0)
        return ['guardian']
    return [f'guardian.{name}' for name in _apply_guardian(link.guardian, link, given)]


def _add_guardian(session: Session, student_id: int, given: GuardianFields, position: int) -> None:
    guardian = Guardian(name=given.name or '家长')
    session.add(guardian)
    session.flush()
    link = StudentGuardian(student_id=student_id, guardian_id=guardian.id, position=position)
    session.add(link)
    _apply_guardian(guardian, link, given)
    session.flush()


def _apply_guardian(guardian: Guardian, link: StudentGuardian, given: GuardianFields) -> list[str]:
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


def _change_enrolment(
    session: Session, student: Student, given: EnrolmentFields, enrolment_id: int | None
) -> list[str]:
    row = next((one for one in student.enrolments if enrolment_id in (None, one.id)), None)
    if row is None:
        if enrolment_id is not None:
            raise NotFound('这门课程')
        row = Enrolment(student_id=student.id, course='', lessons_total=0, lessons_used=0)
        _apply_enrolment(row, given)
        session.add(row)
        return ['enrolment']
    return [f'enrolment.{name}' for name in _apply_enrolment(row, given)]


def _apply_enrolment(row: Enrolment, given: EnrolmentFields) -> list[str]:
    changed = _assign(row, given)
    row.lessons_total, row.lessons_used = row.lessons_total or 0, row.lessons_used or 0
    if not 1 <= len(row.course) <= 60:
        raise Invalid('course', '课程名称须为 1–60 个字符。')
    if not 0 <= row.lessons_total <= 10_000:
        raise Invalid('lessons_total', '总课时须在 0 到 10000 之间。')
    if not 0 <= row.lessons_used <= row.lessons_total:
        raise Invalid('lessons_used', '已上课时须在 0 与总课时之间。')
    return changed


def _assign(row: Any, values: Any) -> list[str]:
    changed = []
    for one in fields(values):
        value = getattr(values, one.name)
        if isinstance(value, str) and not isinstance(value, Stage):
            value = value.strip()
        if value is not None and value != getattr(row, one.name):
            setattr(row, one.name, value)
            changed.append(one.name)
    return changed


def _place(what: str, guardian_id: int) -> str:
    return f'guardian.{what}:{guardian_id}'
