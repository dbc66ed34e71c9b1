"""What was done to a record, in words."""

from nicegui import ui

from models import AuditEntry
from pages.widgets import ago, row, text

ACTIONS = {
    'create': '添加了学员',
    'change': '修改了',
    'remove_guardian': '删除了一位家长',
    'remove_enrolment': '删除了一门课程',
    'read_numbers': '查看了完整联系方式',
    'erase': '删除了学员',
    'follow_up': '记了跟进',
    'follow_up_done': '结束了跟进',
    'contact_suggested': '发现可能是家长的企业微信客户',
    'contact_linked': '关联了企业微信客户',
    'contact_unlinked': '取消了与企业微信客户的关联',
    'contact_remark': '修改了企业微信备注',
    'contact_tags': '修改了企业标签',
}
FIELDS = {
    'name': '姓名',
    'gender': '性别',
    'birth_month': '出生年月',
    'grade': '年级',
    'school': '学校',
    'stage': '阶段',
    'source': '来源',
    'tags': '标签',
    'notes': '备注',
    'enrolled_on': '报名日期',
    'attendance_rate': '出勤率',
    'performance': '学习情况',
    'owner_id': '负责人',
    'kinship': '关系',
    'phone': '手机号',
    'wechat': '微信号',
    'consent_on': '同意处理信息',
    'course': '课程',
    'teacher': '老师',
    'class_time': '上课时间',
    'lessons_total': '总课时',
    'lessons_used': '已上课时',
    'valid_until': '有效期',
}
WHOSE = {'guardian': '家长', 'enrolment': '课程'}


def history_row(entry: AuditEntry, names: dict[int, str]) -> None:
    with row():
        text(names.get(entry.staff_id or 0, '系统'), tag='b')
        text(_deed(entry), 'grow words')
        ago(entry.at)


def history(entries: list[AuditEntry], names: dict[int, str]) -> None:
    with ui.element('div').classes('list'):
        for entry in entries:
            history_row(entry, names)


def _deed(entry: AuditEntry) -> str:
    deed = ACTIONS.get(entry.action, entry.action)
    fields = [_field(name) for name in entry.detail.get('fields', [])] + list(entry.detail.get('tags', []))
    return f'{deed} {"、".join(fields)}' if fields else deed


def _field(name: str) -> str:
    whose, _, what = name.rpartition('.')
    if name in WHOSE:
        return f'{WHOSE[name]} (新增)'
    return f'{WHOSE[whose]}的{FIELDS.get(what, what)}' if whose in WHOSE else FIELDS.get(what, what)
