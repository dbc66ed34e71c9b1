"""What a value in a request may be: bounded, and nothing a database refuses to keep."""

from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import Path, Query
from pydantic import BeforeValidator, Field, StringConstraints

from models import LARGEST_INTEGER

ITEMS_ON_A_PAGE = 50

Text = Annotated[str, StringConstraints(pattern=r'^[^\x00]*$')]
"""PostgreSQL cannot keep a NUL; everything else that is text can be kept."""

Id = Annotated[int, Path(alias='id', ge=1, le=LARGEST_INTEGER)]

UserId = Annotated[str, StringConstraints(pattern=r'^[A-Za-z0-9_@.\-]{1,64}$')]
"""WeCom's id of a person. Also matches a record's id."""

Version = Annotated[int, Field(ge=1, le=LARGEST_INTEGER, description='The version that was read; must be current')]


def _empty_is_none(value: Any) -> Any:
    return None if value == '' else value


T = TypeVar('T')
OrNone = Annotated[T | None, BeforeValidator(_empty_is_none)]
"""Or nothing; scripts and old systems write nothing as ''."""

Limit = Annotated[
    int,
    Query(ge=1, le=100, description='Most items on one page'),
    BeforeValidator(lambda value: ITEMS_ON_A_PAGE if value == '' else value),
]

Cursor = Annotated[
    OrNone[Annotated[str, StringConstraints(max_length=400)]],
    Query(description='`next_cursor` of the page before; opaque, valid for the same query'),
]

Day = OrNone[Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]]

WORDS = {
    'username': '用户名',
    'password': '密码',
    'external_userid': '客户的 external_userid',
    'refresh_token': '刷新令牌',
    'version': '版本号',
    'content': '内容',
    'confirm_reason': '放行理由',
    'reason': '理由',
    'note': '备注',
    'notes': '备注',
    'instruction': '修改要求',
    'status': '状态',
    'limit': '每页条数',
    'cursor': '翻页游标',
    'question': '问题',
    'variants': '其他问法',
    'answer': '答案',
    'facts': '要点',
    'valid_from': '生效日期',
    'valid_until': '有效期至',
    'owner': '负责人',
    'owner_id': '负责人',
    'external_key': '外部编号',
    'query': '查询内容',
    'message': '消息内容',
    'customerId': '客户编号',
    'sendMethod': '发送方式',
    'name': '姓名',
    'studentName': '学员姓名',
    'parentName': '家长姓名',
    'phone': '手机号',
    'wechat': '微信号',
    'age': '年龄',
    'studentAge': '年龄',
    'gender': '性别',
    'studentGender': '性别',
    'relationship': '与学员的关系',
    'kinship': '与学员的关系',
    'course': '课程',
    'currentCourse': '课程',
    'teacher': '任课老师',
    'classTime': '上课时间',
    'class_time': '上课时间',
    'expiryDate': '有效期至',
    'enrollmentDate': '报名日期',
    'enrolled_on': '报名日期',
    'totalClasses': '总课时',
    'completedClasses': '已上课时',
    'lessons_total': '总课时',
    'lessons_used': '已上课时',
    'attendanceRate': '出勤率',
    'attendance_rate': '出勤率',
    'performance': '学习表现',
    'birth_month': '出生年月',
    'grade': '年级',
    'school': '学校',
    'stage': '阶段',
    'source': '来源',
    'tags': '标签',
    'consent_on': '同意日期',
    'guardians': '家长',
    'enrolments': '课程',
    'studentInfo': '学员信息',
    'parentInfo': '家长信息',
    'basicInfo': '基本信息',
    'search': '搜索内容',
    'role': '角色',
    'active': '是否启用',
    'campus': '校区',
    'wecom_userid': '企业微信账号',
    'numbers': '号码显示方式',
    'mine': '是否只看自己的',
}
"""Field -> what staff call it."""

FAULTS = {
    'missing': '必填',
    'string_type': '须为文字',
    'string_unicode': '含有无法保存的字符',
    'string_pattern_mismatch': '含有不允许的字符，或格式不对',
    'string_too_short': '不能少于 {min_length} 个字符',
    'string_too_long': '不能超过 {max_length} 个字符',
    'too_short': '不能少于 {min_length} 项',
    'too_long': '不能超过 {max_length} 项',
    'int_type': '须为整数',
    'int_parsing': '须为整数',
    'int_parsing_size': '超出范围',
    'int_from_float': '须为整数',
    'finite_number': '须为整数',
    'bool_type': '须为 true 或 false',
    'bool_parsing': '须为 true 或 false',
    'greater_than_equal': '不能小于 {ge}',
    'less_than_equal': '不能大于 {le}',
    'enum': '须为 {expected} 之一',
    'literal_error': '须为 {expected} 之一',
    'list_type': '须为列表',
    'dict_type': '须为 JSON 对象',
    'model_type': '须为 JSON 对象',
    'model_attributes_type': '须为 JSON 对象（Content-Type: application/json）',
    'date_type': '须为 2026-01-31 这样的日期',
    'date_parsing': '须为 2026-01-31 这样的日期',
    'date_from_datetime_parsing': '须为 2026-01-31 这样的日期',
    'date_from_datetime_inexact': '须为 2026-01-31 这样的日期',
}
"""Pydantic's kinds of error -> words. See docs.pydantic.dev/latest/errors/validation_errors, read 2026-11-24."""

TAGS = ('one', 'many')
"""Marks of `one or a list` in an error's place; no field has such a name."""


def fault_in(error: dict[str, Any]) -> tuple[str, str]:
    """The field's name and what is wrong with it, of one of pydantic's errors."""
    steps = [str(step) for step in error['loc'][1:] if step not in TAGS]
    field = '.'.join(steps).encode(errors='replace').decode()[:200]
    name = next((step for step in reversed(steps) if not step.isdigit()), '')
    limits = {
        key: ', '.join(value) if isinstance(value, list) else value for key, value in error.get('ctx', {}).items()
    }
    if error['type'] == 'value_error':
        return field, str(limits['error'])
    words = FAULTS.get(error['type'], '不是有效的值').format_map(limits)
    return field, f'{_called(name)}{words}。'


def _called(name: str) -> str:
    if not name:
        return '请求内容'
    return f'{WORDS[name]}（{name}）' if name in WORDS else f'“{name}”'.encode(errors='replace').decode()[:80]
