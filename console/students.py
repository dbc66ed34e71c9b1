"""Students: found, read with care, changed with a trace."""

import re
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session, selectinload

from console import audit, contact_matching, conversations, field_changes, signals, staff
from console.crypto import cipher
from console.enrolments import EnrolmentFields, add_enrolment, change_enrolment, remove_enrolment
from console.errors import Conflict, Invalid, NotFound
from console.guardians import (
    LONGEST_NOTES,
    GuardianFields,
    GuardianView,
    add_guardian,
    change_guardian,
    remove_guardian,
    view,
)
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
        guardians=[view(link, whole=whole_numbers) for link in student.guardians],
        enrolments=list(student.enrolments),
        conversation_id=conversation_id,
    )


def as_record(student: Student) -> Record:
    """A row of `page` with its numbers masked; it does not say which chat is theirs."""
    return Record(
        student=student,
        guardians=[view(link, whole=False) for link in student.guardians],
        enrolments=list(student.enrolments),
    )


def record_of(session: Session, user: str, *, by: int, whole_numbers: bool = False) -> Record:
    """One student by record id or by a contact's `external_userid`. Raises `NotFound`, `NotAllowed`."""
    return record(session, id_of(session, user, by=by), by=by, whole_numbers=whole_numbers)


def of_contact(session: Session, contact: Contact, *, by: int) -> tuple[Record | None, bool]:
    """The record of the student a chat is about; and whether there is one of whom `by` may not know."""
    if contact.student_id is None:
        return None, False
    if not staff.may(staff.require(session, by).role, staff.Action.SEE_STUDENTS):
        return None, True
    try:
        return record(session, contact.student_id, by=by), False
    except NotFound:
        return None, True


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
        add_guardian(session, student.id, given, position)
    for enrolment in enrolments or []:
        add_enrolment(session, student.id, enrolment)
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
        changed += change_guardian(session, student, guardian, guardian_id)
    if enrolment is not None:
        changed += change_enrolment(session, student, enrolment, enrolment_id)
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
        add_guardian(session, student_id, guardian, len(student.guardians))
    if enrolment is not None:
        add_enrolment(session, student_id, enrolment)
    student.version += 1
    session.flush()
    session.expire(student)
    added = [name for name, given in (('guardian', guardian), ('enrolment', enrolment)) if given is not None]
    audit.record(session, 'change', 'student', student_id, by=by, fields=added)
    signals.announce(session, signals.student_changed, student_id)
    return _seen(session, student_id, by=by)


def remove(
    session: Session, student_id: int, *, by: int, guardian_id: int | None = None, enrolment_id: int | None = None
) -> None:
    """Take one guardian or one enrolment out of the record. Cannot be undone. Raises `NotFound`, `NotAllowed`."""
    staff.require(session, by, staff.Action.EDIT_STUDENTS)
    student = _seen(session, student_id, by=by)
    if guardian_id is not None:
        remove_guardian(session, student, guardian_id)
        audit.record(session, 'remove_guardian', 'student', student_id, by=by)
    if enrolment_id is not None:
        remove_enrolment(session, student, enrolment_id)
        audit.record(session, 'remove_enrolment', 'student', student_id, by=by)
    student.version += 1
    session.flush()
    signals.announce(session, signals.student_changed, student_id)


def erase(session: Session, student_id: int, *, by: int) -> None:
    """Delete a student, the guardians no other student has, and their conversations. Cannot be undone.

    A conversation with a parent who has another child here is that child's from then on, and all of it is kept: also
    what the parent wrote about the student who is erased. Raises `NotFound`, `NotAllowed`.
    """
    staff.require(session, by, staff.Action.ERASE_STUDENTS)
    student = _seen(session, student_id, by=by)
    guardian_ids = [link.guardian_id for link in student.guardians]
    contact_matching.let_go(session, student_id, by=by)
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
    _seen(session, student_id, by=by)
    contact_id = conversations.seen(session, conversation_id, by=by).contact.id
    contact_matching.link(session, session.get_one(Contact, contact_id, with_for_update=True), student_id, by=by)


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


def _apply_student(session: Session, student: Student, values: StudentFields) -> list[str]:
    # Asked first: a query after the change would send it to the database, which refuses an owner there is not.
    if values.owner_id is not None:
        owner = session.get(Staff, values.owner_id)
        if owner is None or not owner.active:
            raise Invalid('owner_id', '负责人须是在职的同事。')
    changed = field_changes.apply(student, values)
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
    return changed
