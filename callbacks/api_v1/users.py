"""Parents and students as the system before this one knew them: flat, in camelCase, one course a student."""

from datetime import date, datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from callbacks.api_v1.caller import Caller, Known
from callbacks.api_v1.envelope import Answer, refusals
from callbacks.api_v1.fields import Day, Text, UserId
from console import guardians, staff, students
from console.calendar import today
from console.database import read, transact
from console.enrolments import EnrolmentFields
from console.errors import Invalid
from console.guardians import GuardianFields
from models import Student

router = APIRouter(prefix='/users/{id}', tags=['users'])

User = Annotated[UserId, Path(alias='id', description='The record’s id, or the `external_userid` of a chat')]

T = TypeVar('T')

Age = Annotated[int, Field(ge=0, le=99)]
Lessons = Annotated[int, Field(ge=0, le=10_000)]
Percent = Annotated[int, Field(ge=0, le=100)]


class Basic(BaseModel):
    """Parent and course are the first of the record. Numbers are masked unless the caller may see them."""

    userId: int  # noqa: N815  the old system's spelling, here and below
    studentName: str  # noqa: N815
    parentName: str | None  # noqa: N815
    phone: str | None
    wechat: str | None
    studentAge: int | None  # noqa: N815
    studentGender: str | None  # noqa: N815
    currentCourse: str | None  # noqa: N815
    teacher: str | None
    classTime: str | None  # noqa: N815
    expiryDate: date | None  # noqa: N815
    remainingClasses: int | None  # noqa: N815
    stage: str


class StudentDetails(BaseModel):
    """Lessons are those of the first course."""

    name: str
    age: int | None
    gender: str | None
    enrollmentDate: date | None  # noqa: N815
    totalClasses: int | None  # noqa: N815
    completedClasses: int | None  # noqa: N815
    attendanceRate: int | None  # noqa: N815
    performance: str | None
    notes: str | None


class ParentDetails(BaseModel):
    name: str | None
    relationship: str | None
    phone: str | None
    wechat: str | None
    notes: str | None


class BasicInfo(BaseModel):
    studentName: Text | None = Field(None, max_length=40)  # noqa: N815
    parentName: Text | None = Field(None, max_length=40)  # noqa: N815
    phone: Text | None = Field(None, max_length=40)
    wechat: Text | None = Field(None, max_length=40)
    studentAge: Age | None = None  # noqa: N815
    studentGender: Text | None = Field(None, max_length=4)  # noqa: N815
    currentCourse: Text | None = Field(None, max_length=60)  # noqa: N815
    teacher: Text | None = Field(None, max_length=40)
    classTime: Text | None = Field(None, max_length=60)  # noqa: N815
    expiryDate: Day = None  # noqa: N815


class StudentInfo(BaseModel):
    name: Text | None = Field(None, max_length=40)
    age: Age | None = None
    gender: Text | None = Field(None, max_length=4)
    enrollmentDate: Day = None  # noqa: N815
    totalClasses: Lessons | None = None  # noqa: N815
    completedClasses: Lessons | None = None  # noqa: N815
    attendanceRate: Percent | None = None  # noqa: N815
    performance: Text | None = Field(None, max_length=500)
    notes: Text | None = Field(None, max_length=guardians.LONGEST_NOTES)


class ParentInfo(BaseModel):
    name: Text | None = Field(None, max_length=40)
    relationship: Text | None = Field(None, max_length=20)
    phone: Text | None = Field(None, max_length=40)
    wechat: Text | None = Field(None, max_length=40)
    notes: Text | None = Field(None, max_length=guardians.LONGEST_NOTES)


class Update(BaseModel):
    """Each part and each field may be missing; null and what is unknown here change nothing, nor does a masked number
    sent back. Where two parts name the same thing, `studentInfo` and `parentInfo` win. An age moves the birth month
    only when it is another than today's.
    """

    studentInfo: StudentInfo | None = None  # noqa: N815
    parentInfo: ParentInfo | None = None  # noqa: N815
    basicInfo: BasicInfo | None = None  # noqa: N815


class Updated(BaseModel):
    userId: int  # noqa: N815
    updatedAt: datetime  # noqa: N815


FIELDS = {
    'birth_month': 'studentInfo.age',
    'enrolled_on': 'studentInfo.enrollmentDate',
    'attendance_rate': 'studentInfo.attendanceRate',
    'lessons_total': 'studentInfo.totalClasses',
    'lessons_used': 'studentInfo.completedClasses',
    'name': 'studentInfo.name',
    'gender': 'studentInfo.gender',
    'notes': 'studentInfo.notes',
    'guardian.name': 'parentInfo.name',
    'phone': 'parentInfo.phone',
    'wechat': 'parentInfo.wechat',
    'course': 'basicInfo.currentCourse',
}
"""The record's word for a field -> the old system's."""

IN_BASIC_TOO = {
    'birth_month': 'studentAge',
    'name': 'studentName',
    'gender': 'studentGender',
    'guardian.name': 'parentName',
    'phone': 'phone',
    'wechat': 'wechat',
}
"""What `basicInfo` calls them; it counts where `studentInfo` or `parentInfo` says nothing."""


@router.get('/basic', responses=refusals(401, 403, 404))
async def basic(user: User, caller: Caller) -> Answer[Basic]:
    record = await _record(user, caller)
    student, guardian, course = record.student, _first(record.guardians), _first(record.enrolments)
    return Answer(
        data=Basic(
            userId=student.id,
            studentName=student.name,
            parentName=guardian.name if guardian else None,
            phone=guardian.phone if guardian else None,
            wechat=guardian.wechat if guardian else None,
            studentAge=age_of(student),
            studentGender=student.gender,
            currentCourse=course.course if course else None,
            teacher=course.teacher if course else None,
            classTime=course.class_time if course else None,
            expiryDate=course.valid_until if course else None,
            remainingClasses=course.lessons_left if course else None,
            stage=student.stage,
        )
    )


@router.get('/student-details', responses=refusals(401, 403, 404))
async def student_details(user: User, caller: Caller) -> Answer[StudentDetails]:
    record = await read(students.record_of, user, by=caller.id)
    student, course = record.student, _first(record.enrolments)
    return Answer(
        data=StudentDetails(
            name=student.name,
            age=age_of(student),
            gender=student.gender,
            enrollmentDate=student.enrolled_on,
            totalClasses=course.lessons_total if course else None,
            completedClasses=course.lessons_used if course else None,
            attendanceRate=student.attendance_rate,
            performance=student.performance,
            notes=student.notes,
        )
    )


@router.get('/parent-details', responses=refusals(401, 403, 404))
async def parent_details(user: User, caller: Caller) -> Answer[ParentDetails]:
    """The first guardian. Numbers are masked unless the caller may see them; that read is recorded."""
    guardian = _first((await _record(user, caller)).guardians)
    if guardian is None:
        return Answer(data=ParentDetails(name=None, relationship=None, phone=None, wechat=None, notes=None))
    return Answer(
        data=ParentDetails(
            name=guardian.name,
            relationship=guardian.kinship,
            phone=guardian.phone,
            wechat=guardian.wechat,
            notes=guardian.notes,
        )
    )


@router.put('', responses=refusals(400, 401, 403, 404, 409, 422))
async def update(user: User, body: Update, caller: Caller) -> Answer[Updated]:
    student = await transact(_update, user, body, by=caller.id)
    return Answer(data=Updated(userId=student.id, updatedAt=student.updated_at))


async def _record(user: str, caller: Known) -> students.Record:
    if caller.may(staff.Action.SEE_NUMBERS):
        return await transact(students.record_of, user, by=caller.id, whole_numbers=True)
    return await read(students.record_of, user, by=caller.id)


def _update(session: Session, user: str, given: Update, *, by: int) -> Student:
    record = students.record_of(session, user, by=by)
    basic, child, parent = given.basicInfo or BasicInfo(), given.studentInfo or StudentInfo(), given.parentInfo
    parent = parent or ParentInfo()
    age = _either(child.age, basic.studentAge)
    try:
        return students.change(
            session,
            record.student.id,
            by=by,
            values=students.StudentFields(
                name=_either(child.name, basic.studentName),
                gender=_either(child.gender, basic.studentGender),
                birth_month=None if age in (None, age_of(record.student)) else _birth_month(age),
                enrolled_on=child.enrollmentDate,
                attendance_rate=child.attendanceRate,
                performance=child.performance,
                notes=child.notes,
            ),
            guardian=_if_any(
                GuardianFields(
                    name=_either(parent.name, basic.parentName),
                    kinship=parent.relationship,
                    phone=_either(parent.phone, basic.phone),
                    wechat=_either(parent.wechat, basic.wechat),
                    notes=parent.notes,
                )
            ),
            enrolment=_if_any(
                EnrolmentFields(
                    course=basic.currentCourse,
                    teacher=basic.teacher,
                    class_time=basic.classTime,
                    lessons_total=child.totalClasses,
                    lessons_used=child.completedClasses,
                    valid_until=basic.expiryDate,
                )
            ),
        )
    except Invalid as fault:
        raise Invalid(_named(fault.field or '', given), str(fault)) from None


def _named(field: str, given: Update) -> str:
    """Where in the request a field stands that the record refused."""
    place = FIELDS.get(field, field)
    part, _, name = place.partition('.')
    if field in IN_BASIC_TOO and getattr(getattr(given, part), name, None) is None:
        return f'basicInfo.{IN_BASIC_TOO[field]}'
    return place


def age_of(student: Student) -> int | None:
    """Whole years by the month of birth, as of today in China."""
    if not student.birth_month:
        return None
    year, month = map(int, student.birth_month.split('-'))
    day = today()
    return max(0, day.year - year - (day.month < month))


def _birth_month(age: int) -> str:
    day = today()
    return f'{day.year - age}-{day.month:02d}'


def _first(rows: list[T]) -> T | None:
    return rows[0] if rows else None


def _either(first: T | None, second: T | None) -> T | None:
    return second if first is None else first


def _if_any(fields: T) -> T | None:
    return fields if any(value is not None for value in vars(fields).values()) else None
