"""Student records, in full."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from callbacks.api_v1.caller import Caller
from callbacks.api_v1.envelope import Answer, refusals
from callbacks.api_v1.fields import ITEMS_ON_A_PAGE, Cursor, Day, Id, Limit, OrNone, Text, Version
from callbacks.api_v1.paging import Page, cursor_after, key_in, split
from callbacks.api_v1.users import age_of
from console import guardians, students
from console.database import read, transact
from console.enrolments import EnrolmentFields
from console.guardians import GuardianFields
from models import LARGEST_INTEGER, Stage

router = APIRouter(prefix='/students', tags=['students'])

RowId = Annotated[int, Field(ge=1, le=LARGEST_INTEGER)]
Lessons = Annotated[int, Field(ge=0, le=10_000)]
Tag = Annotated[Text, Field(max_length=20)]


class Guardian(BaseModel):
    """`phone` and `wechat` are masked; one sent back masked is left as it is."""

    name: Text | None = Field(None, max_length=40)
    kinship: Text | None = Field(None, max_length=20)
    phone: Text | None = Field(None, max_length=40)
    wechat: Text | None = Field(None, max_length=40)
    consent_on: Day = Field(None, description='When the guardian agreed to the processing of the child’s data')
    notes: Text | None = Field(None, max_length=guardians.LONGEST_NOTES)


class Enrolment(BaseModel):
    course: Text | None = Field(None, max_length=60)
    teacher: Text | None = Field(None, max_length=40)
    class_time: Text | None = Field(None, max_length=60)
    lessons_total: Lessons | None = None
    lessons_used: Lessons | None = None
    valid_until: Day = None


class GuardianChange(Guardian):
    id: RowId | None = Field(None, description='Whom to change; without it, one more is added')


class EnrolmentChange(Enrolment):
    id: RowId | None = Field(None, description='Which to change; without it, one more is added')


class _Fields(BaseModel):
    name: Text | None = Field(None, max_length=40)
    gender: Literal['', '男', '女'] | None = None
    birth_month: Text | None = Field(None, max_length=7, description='YYYY-MM')
    grade: Text | None = Field(None, max_length=40)
    school: Text | None = Field(None, max_length=80)
    stage: Stage | None = None
    source: Text | None = Field(None, max_length=80)
    tags: list[Tag] | None = Field(None, max_length=20)
    notes: Text | None = Field(None, max_length=guardians.LONGEST_NOTES)
    enrolled_on: Day = None
    attendance_rate: int | None = Field(None, ge=0, le=100, description='Percent')
    performance: Text | None = Field(None, max_length=500)
    owner_id: RowId | None = Field(None, description='The colleague who looks after them')


class NewStudent(_Fields):
    name: Text = Field(min_length=1, max_length=40)
    guardians: list[Guardian] = Field([], max_length=10)
    enrolments: list[Enrolment] = Field([], max_length=20)


class StudentChange(_Fields):
    """What is missing or null stays as it is."""

    version: Version | None = None
    guardians: list[GuardianChange] = Field([], max_length=10)
    enrolments: list[EnrolmentChange] = Field([], max_length=20)


class GuardianView(BaseModel):
    id: int
    name: str
    kinship: str | None
    phone: str | None
    wechat: str | None
    consent_on: date | None
    notes: str | None


class EnrolmentView(BaseModel):
    id: int
    course: str
    teacher: str | None
    class_time: str | None
    lessons_total: int
    lessons_used: int
    lessons_left: int
    valid_until: date | None


class StudentView(BaseModel):
    id: int
    version: int
    name: str
    gender: str | None
    birth_month: str | None
    age: int | None
    grade: str | None
    school: str | None
    stage: Stage
    source: str | None
    tags: list[str]
    notes: str | None
    enrolled_on: date | None
    attendance_rate: int | None
    performance: str | None
    owner_id: int | None
    created_at: datetime
    updated_at: datetime
    guardians: list[GuardianView]
    enrolments: list[EnrolmentView]


class StudentRecord(StudentView):
    conversation_id: int | None = Field(description='The chat with their guardians that was used last')


@router.get('', responses=refusals(401, 403, 422))
async def list_students(
    caller: Caller,
    search: Annotated[Text, Query(max_length=80, description='Part of a name, or a whole phone number')] = '',
    stage: OrNone[Stage] = None,
    limit: Limit = ITEMS_ON_A_PAGE,
    cursor: Cursor = None,
) -> Answer[Page[StudentView]]:
    """By name."""
    after = key_in(cursor, str, int)
    return Answer(data=await read(_page, by=caller.id, search=search, stage=stage, limit=limit, after=after))


@router.post('', status_code=201, responses=refusals(400, 401, 403, 422))
async def create_student(body: NewStudent, caller: Caller) -> Answer[StudentRecord]:
    return Answer(code=201, data=await transact(_create, body, by=caller.id))


@router.get('/{id}', responses=refusals(401, 403, 404, 422))
async def read_student(
    student_id: Id,
    caller: Caller,
    numbers: Annotated[
        Literal['masked', 'whole'], Query(description='`whole`: for who may see them; the read is recorded')
    ] = 'masked',
) -> Answer[StudentRecord]:
    if numbers == 'whole':
        return Answer(data=await transact(_record, student_id, by=caller.id, whole_numbers=True))
    return Answer(data=await read(_record, student_id, by=caller.id))


@router.patch('/{id}', responses=refusals(400, 401, 403, 404, 409, 422))
async def change_student(student_id: Id, body: StudentChange, caller: Caller) -> Answer[StudentRecord]:
    """With `version` only if nobody else changed the record meanwhile (409 `version`)."""
    return Answer(data=await transact(_change, student_id, body, by=caller.id))


@router.delete('/{id}', responses=refusals(401, 403, 404))
async def erase_student(student_id: Id, caller: Caller) -> Answer[None]:
    """With their chats, and the guardians no other student has. Cannot be undone.

    The chat with a parent who has another child here is that child's from then on.
    """
    await transact(students.erase, student_id, by=caller.id)
    return Answer(data=None)


def _page(
    session: Session, *, by: int, search: str, stage: Stage | None, limit: int, after: tuple[str, int] | None
) -> Page[StudentView]:
    found = students.page(session, by=by, search=search, stage=stage, limit=limit + 1, after=after)
    rows, last = split(found, limit)
    return Page(
        items=[StudentView(**_values(students.as_record(row))) for row in rows],
        next_cursor=cursor_after(last.name, last.id) if last else None,
    )


def _create(session: Session, given: NewStudent, *, by: int) -> StudentRecord:
    student = students.create(
        session,
        _student_fields(given),
        by=by,
        guardians=[GuardianFields(**one.model_dump()) for one in given.guardians],
        enrolments=[EnrolmentFields(**one.model_dump()) for one in given.enrolments],
    )
    return _record(session, student.id, by=by)


def _change(session: Session, student_id: int, given: StudentChange, *, by: int) -> StudentRecord:
    students.change(session, student_id, by=by, values=_student_fields(given), version=given.version)
    for guardian in given.guardians:
        fields = GuardianFields(**guardian.model_dump(exclude={'id'}))
        if guardian.id is None:
            students.add(session, student_id, by=by, guardian=fields)
        else:
            students.change(session, student_id, by=by, guardian=fields, guardian_id=guardian.id)
    for enrolment in given.enrolments:
        values = EnrolmentFields(**enrolment.model_dump(exclude={'id'}))
        if enrolment.id is None:
            students.add(session, student_id, by=by, enrolment=values)
        else:
            students.change(session, student_id, by=by, enrolment=values, enrolment_id=enrolment.id)
    session.flush()
    session.expire_all()
    return _record(session, student_id, by=by)


def _record(session: Session, student_id: int, *, by: int, whole_numbers: bool = False) -> StudentRecord:
    record = students.record(session, student_id, by=by, whole_numbers=whole_numbers)
    return StudentRecord(**_values(record), conversation_id=record.conversation_id)


def _student_fields(given: _Fields) -> students.StudentFields:
    return students.StudentFields(**{name: getattr(given, name) for name in _Fields.model_fields})


def _values(record: students.Record) -> dict[str, Any]:
    student = record.student
    plain = {name: getattr(student, name) for name in StudentView.model_fields if hasattr(type(student), name)}
    return plain | {
        'age': age_of(student),
        'guardians': [GuardianView.model_validate(one, from_attributes=True) for one in record.guardians],
        'enrolments': [EnrolmentView.model_validate(one, from_attributes=True) for one in record.enrolments],
    }
