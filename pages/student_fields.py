"""The lines of a student's forms, and how what was typed becomes what is to be set."""

from typing import Any

from console.enrolments import EnrolmentFields
from console.guardians import GuardianFields, GuardianView
from console.students import StudentFields
from models import Enrolment, Stage, Student
from pages.fields import day, number
from pages.in_place import Field

GUARDIAN = [
    Field(key='name', label='姓名', at='guardian.name'),
    Field(key='kinship', label='关系'),
    Field(key='phone', label='手机号'),
    Field(key='wechat', label='微信号'),
    Field(key='consent_on', label='同意处理信息', kind='date', keeps=True),
    Field(key='notes', label='备注', kind='words'),
]
ENROLMENT = [
    Field(key='course', label='课程'),
    Field(key='teacher', label='老师'),
    Field(key='class_time', label='上课时间'),
    Field(key='lessons_total', label='总课时', kind='number'),
    Field(key='lessons_used', label='已上课时', kind='number'),
    Field(key='valid_until', label='有效期至', kind='date', keeps=True),
]


def student_fields(owners: dict[int, str]) -> list[Field]:
    """`owners`: who may look after a student, by id."""
    return [
        Field(key='name', label='姓名'),
        Field(key='grade', label='年级'),
        Field(key='stage', label='阶段', kind='choice', choices={one: str(one) for one in Stage}),
        Field(key='owner_id', label='负责人', kind='choice', choices=owners, keeps=True),
        Field(key='gender', label='性别', kind='choice', choices={'': '未填写', '男': '男', '女': '女'}),
        Field(key='birth_month', label='出生年月', hint='2017-05'),
        Field(key='school', label='学校'),
        Field(key='source', label='来源'),
        Field(key='enrolled_on', label='报名日期', kind='date', keeps=True),
        Field(key='attendance_rate', label='出勤率 (%)', kind='number', keeps=True),
        Field(key='tags', label='标签', hint='用、分开'),
        Field(key='performance', label='学习情况', kind='words'),
        Field(key='notes', label='备注', kind='words'),
    ]


def of_student(student: Student) -> dict[str, Any]:
    plain = ('name', 'grade', 'stage', 'owner_id', 'birth_month', 'school', 'source', 'performance', 'notes')
    values = {name: getattr(student, name) for name in plain}
    return values | {
        'gender': student.gender or '',
        'enrolled_on': student.enrolled_on,
        'attendance_rate': student.attendance_rate,
        'tags': '、'.join(student.tags),
    }


def of_guardian(guardian: GuardianView) -> dict[str, Any]:
    return {field.key: getattr(guardian, field.key) for field in GUARDIAN}


def of_enrolment(enrolment: Enrolment) -> dict[str, Any]:
    return {field.key: getattr(enrolment, field.key) for field in ENROLMENT}


def to_student(changed: dict[str, Any]) -> StudentFields:
    """Raises `Invalid`."""
    given = dict(changed)
    if 'tags' in given:
        given['tags'] = [
            tag.strip() for tag in given['tags'].replace(',', '、').replace('，', '、').split('、') if tag.strip()
        ]
    return StudentFields(**_read(given))


def to_guardian(changed: dict[str, Any]) -> GuardianFields:
    """Raises `Invalid`."""
    return GuardianFields(**_read(changed))


def to_enrolment(changed: dict[str, Any]) -> EnrolmentFields:
    """Raises `Invalid`."""
    return EnrolmentFields(**_read(changed))


def _read(given: dict[str, Any]) -> dict[str, Any]:
    read = dict(given)
    for key in read.keys() & {'enrolled_on', 'consent_on', 'valid_until'}:
        read[key] = day(key, read[key])
    for key in read.keys() & {'lessons_total', 'lessons_used'}:
        read[key] = number(key, read[key]) or 0
    if 'attendance_rate' in read:
        read['attendance_rate'] = number('attendance_rate', read['attendance_rate'])
    return read
