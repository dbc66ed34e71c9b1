"""One student: the record to read and change, the conversations about them, and what was done to it."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from nicegui import background_tasks, ui
from sqlalchemy.orm import Session

from console import contacts, conversations, follow_ups, personal_numbers, signals, staff, student_codes, students
from console.contacts import Circle
from console.conversations import Listed
from console.database import read, transact
from console.enrolments import FEW_LESSONS
from console.errors import ConsoleError
from console.parts import parts
from console.staff import Action
from console.students import Record
from models import AuditEntry, FollowUp
from pages import address, student_fields
from pages.follow_ups import FollowUpForm, follow_up_list
from pages.in_place import InPlace, Several
from pages.layout import me, member, staff_page
from pages.news import News
from pages.student_card import stage_chip
from pages.student_contacts import Followers
from pages.student_history import history
from pages.student_items import enrolment_items, guardian_items
from pages.widgets import ago, avatar, button, chip, confirm, copy_button, empty_state, refusals_shown, row, text

TABS = ('概览', '家长', '报名与课时', '跟进', '会话', '企业微信', '变更记录')


@dataclass(frozen=True, kw_only=True)
class _Shown:
    record: Record
    names: dict[int, str]
    owners: dict[int, str]
    talks: list[tuple[Listed, str]]
    entries: list[AuditEntry]
    followed: list[FollowUp]
    circle: Circle


@staff_page('/students/{student_id}', title='学员', action=Action.SEE_STUDENTS)
async def student_page(student_id: int, tab: str = '') -> None:
    await _Detail(student_id).build(tab)


class _Detail:
    def __init__(self, student_id: int) -> None:
        self.student_id = student_id
        self.by = me()
        self.role = member().role

    async def build(self, tab: str) -> None:
        News(self.reload).hear(signals.student_changed, self.heard)
        shown = await read(_look, self.student_id, self.by)
        edits = staff.may(self.role, Action.EDIT_STUDENTS)
        self.followers = Followers(self.student_id, by=self.by, edits=edits)
        with ui.element('div').classes('sheet student') as self.sheet:
            with ui.element('a').classes('back').props('href=/students'):
                text('‹ 全部学员')
            self.head = ui.element('header').classes('row wrap head')
            self._tabs(tab if tab in TABS else TABS[0])
            with self.sections['概览']:
                fields = student_fields.student_fields(shown.owners)
                self.about = InPlace('基本资料', fields, self.change, may_edit=edits)
            with self.sections['家长']:
                self.guardians = Several(
                    '家长',
                    student_fields.GUARDIAN,
                    on_change=self.change_guardian,
                    on_add=self.add_guardian,
                    on_remove=self.remove_guardian,
                    may_edit=edits,
                )
            with self.sections['报名与课时']:
                self.enrolments = Several(
                    '课程',
                    student_fields.ENROLMENT,
                    on_change=self.change_enrolment,
                    on_add=self.add_enrolment,
                    on_remove=self.remove_enrolment,
                    may_edit=edits,
                )
            with self.sections['跟进'], ui.element('section').classes('panel'):
                with ui.element('div').classes('padded stack') as form:
                    FollowUpForm(self.note)
                form.set_visibility(edits)
                self.followed = ui.element('div')
        self.show(shown)

    def show(self, shown: _Shown) -> None:
        record, version = shown.record, shown.record.student.version
        self._draw_head(shown)
        self.about.show(student_fields.of_student(record.student), version)
        reveals = staff.may(self.role, Action.SEE_NUMBERS)
        self.guardians.show(guardian_items(record, by=self.by, reveals=reveals), version)
        self.enrolments.show(enrolment_items(record), version)
        self._draw_followed(shown)
        for name, draw in (
            ('会话', self._draw_talks),
            ('企业微信', self._draw_circle),
            ('变更记录', self._draw_history),
        ):
            self.sections[name].clear()
            with self.sections[name], ui.element('section').classes('panel'):
                draw(shown)

    async def reload(self) -> None:
        try:
            shown = await read(_look, self.student_id, self.by)
        except ConsoleError as refusal:
            if self.sheet.is_deleted:
                return
            self.sheet.clear()
            with self.sheet:
                empty_state(
                    '学员已不在', str(refusal), action='全部学员', on_action=lambda: ui.navigate.to('/students')
                )
            return
        if not self.sheet.is_deleted:  # the tab was closed meanwhile
            self.show(shown)

    def heard(self, student_id: int) -> None:
        if student_id == self.student_id and not self.sheet.is_deleted:
            background_tasks.create_lazy(self.reload(), name=f'student {id(self)}')

    async def change(self, changed: dict[str, Any], version: int | None) -> None:
        values = student_fields.to_student(changed)
        await transact(students.change, self.student_id, by=self.by, values=values, version=version)

    async def change_guardian(self, guardian_id: int, changed: dict[str, Any], version: int | None) -> None:
        given = student_fields.to_guardian(changed)
        await transact(
            students.change, self.student_id, by=self.by, guardian=given, guardian_id=guardian_id, version=version
        )

    async def change_enrolment(self, enrolment_id: int, changed: dict[str, Any], version: int | None) -> None:
        given = student_fields.to_enrolment(changed)
        await transact(
            students.change, self.student_id, by=self.by, enrolment=given, enrolment_id=enrolment_id, version=version
        )

    async def add_guardian(self, values: dict[str, Any]) -> None:
        await transact(students.add, self.student_id, by=self.by, guardian=student_fields.to_guardian(values))

    async def add_enrolment(self, values: dict[str, Any]) -> None:
        await transact(students.add, self.student_id, by=self.by, enrolment=student_fields.to_enrolment(values))

    async def remove_guardian(self, guardian_id: int, title: str) -> None:
        words = '联系方式一并删除，不能恢复。与这位家长的会话留在学员名下。'
        if await confirm(f'从资料中删除“{title}”？', words, ok='删除'):
            with refusals_shown():
                await transact(students.remove, self.student_id, by=self.by, guardian_id=guardian_id)

    async def remove_enrolment(self, enrolment_id: int, title: str) -> None:
        words = '课时记录一并删除，不能恢复。已结课的不必删除，课时用完即可。'
        if await confirm(f'删除课程“{title}”？', words, ok='删除'):
            with refusals_shown():
                await transact(students.remove, self.student_id, by=self.by, enrolment_id=enrolment_id)

    async def note(self, words: str, way: str, next_on: date | None) -> None:
        await transact(follow_ups.note, self.student_id, words, way=way, next_on=next_on, by=self.by)

    async def erase(self, name: str) -> None:
        words = (
            '同时删除仅属于这位学员的家长、会话和报名记录，不能恢复。家长另有孩子在这里的，整个会话留在那个孩子名下。'
        )
        if await confirm(f'删除学员“{name}”？', words, ok='永久删除'):
            with refusals_shown():
                await transact(students.erase, self.student_id, by=self.by)
                ui.navigate.to('/students')

    def show_code(self, name: str) -> None:
        of_student = student_codes.address(parts().base_url, self.student_id)
        with ui.dialog() as dialog, ui.element('div').classes('dialog'):
            text(f'{name}的二维码', tag='h3')
            picture = ui.element('img').classes('code')
            picture.props['src'] = student_codes.picture(parts().base_url, self.student_id)
            picture.props['alt'] = of_student
            text(
                '同事在侧边栏里扫它，就能打开这份资料。码里只有编号，没有姓名和电话，打开时会核对权限。',
                'muted',
                tag='p',
            )
            with ui.element('div').classes('actions end'):
                copy_button(of_student, '复制网址')
                button('关闭', dialog.close, kind='primary').props('autofocus')
        dialog.on('hide', dialog.delete)
        dialog.open()

    def select(self, tab: str) -> None:
        self.turn_to(tab)
        address.keep(f'/students/{self.student_id}', tab=tab if tab != TABS[0] else None)

    def turn_to(self, tab: str) -> None:
        for name, section in self.sections.items():
            section.set_visibility(name == tab)
            self.tabs[name].props(f'aria-selected={"true" if name == tab else "false"}')

    def _tabs(self, shown: str) -> None:
        with ui.element('div').classes('tabs').props('role=tablist aria-label=学员资料'):
            self.tabs = {
                name: button(name, partial(self.select, name), kind='quiet').props('role=tab') for name in TABS
            }
        self.sections = {name: ui.element('div').props('role=tabpanel') for name in TABS}
        self.turn_to(shown)

    def _draw_head(self, shown: _Shown) -> None:
        student = shown.record.student
        self.head.clear()
        with self.head:
            avatar(student.name)
            text(student.name, 'title words', tag='h2')
            stage_chip(student.stage)
            if shown.record.enrolments:
                left = sum(one.lessons_left for one in shown.record.enrolments)
                chip(f'剩余 {left} 课时', 'danger' if left <= FEW_LESSONS else '')
            for tag in student.tags:
                chip(str(tag), 'info')
            text(f'负责人: {shown.names.get(student.owner_id or 0, "未分配")}', 'grow muted')
            button('二维码', partial(self.show_code, student.name), kind='quiet', small=True)
            if staff.may(self.role, Action.ERASE_STUDENTS):
                button('删除', partial(self.erase, student.name), kind='quiet', small=True)

    def _draw_followed(self, shown: _Shown) -> None:
        self.followed.clear()
        with self.followed:
            edits = staff.may(self.role, Action.EDIT_STUDENTS)
            follow_up_list(shown.followed, shown.names, by=self.by, edits=edits)

    def _draw_talks(self, shown: _Shown) -> None:
        if not shown.talks:
            empty_state('还没有会话', '在会话里为家长关联这位学员后，会出现在这里。')
        with ui.element('div').classes('list'):
            for listed, last in shown.talks:
                with ui.element('a').props(f'href=/conversations/{listed.conversation.id}'):
                    with row():
                        text(listed.title, 'grow clip', tag='b')
                        ago(listed.conversation.last_message_at)
                    text(last, 'clip muted', tag='div')

    def _draw_circle(self, shown: _Shown) -> None:
        self.followers.draw(shown.circle)

    def _draw_history(self, shown: _Shown) -> None:
        if not shown.entries:
            empty_state('还没有变更', '谁在什么时候改了什么，会记在这里。')
        history(shown.entries, shown.names)


def _look(session: Session, student_id: int, by: int) -> _Shown:
    talks = conversations.of_student(session, student_id, by=by)
    masks = personal_numbers.masks_of(session, [one.conversation.id for one in talks])
    return _Shown(
        record=students.record(session, student_id, by=by),
        names=staff.colleagues(session),
        owners={one.id: one.name for one in staff.at_the_desk(session)},
        talks=[
            (one, personal_numbers.show(one.conversation.last_message_text, masks.get(one.conversation.id, {})))
            for one in talks
        ],
        entries=students.history(session, student_id, by=by),
        followed=follow_ups.of_student(session, student_id, by=by),
        circle=contacts.of_student(session, student_id, by=by),
    )
