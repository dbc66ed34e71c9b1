"""The top of the pane: which child this is about, how things stand, and what to do next."""

from collections.abc import Callable
from functools import partial

from nicegui import ui

from console import sidebar, staff
from console.database import transact
from console.enrolments import FEW_LESSONS
from console.sidebar import Pane
from console.staff import Action
from models import Channel, Staff
from pages.sidebar_record import Change, Linking
from pages.student_card import stage_chip
from pages.student_contacts import edit_tags
from pages.widgets import Button, avatar, button, chip, refusals_shown, row, text


class Head:
    """`on_open` leads to the chat, where the pane is not beside it; `on_record` to the whole record."""

    def __init__(
        self,
        pane: Pane,
        who: Staff,
        *,
        on_open: Callable[[], None] | None,
        on_record: Callable[[], None],
        on_scan: Callable[[], None],
        on_change: Change,
    ) -> None:
        self._who = who
        self._on_open = on_open
        self._on_record = on_record
        self._on_scan = on_scan
        self._on_change = on_change
        self._pane = pane
        self._drawn: object = None
        self._edits = staff.may(who.role, Action.EDIT_STUDENTS)
        self._dialogs = ui.element('div')
        self._link = Linking(who, lambda: self._pane, on_change)
        self._place = ui.element('section').classes('panel side-card').props('aria-label=学员')

    def show(self, pane: Pane) -> None:
        self._pane = pane
        record = pane.record
        shows = (
            pane.title,
            pane.hidden,
            record and (record.student.id, record.student.version),
            pane.children,
            [tag.id for tag in pane.tags],
            pane.contact.left_at,
        )
        if shows != self._drawn:
            self._drawn = shows
            self._place.clear()
            with self._place:
                self._draw(pane)

    def _draw(self, pane: Pane) -> None:
        record = pane.record
        with row():
            avatar(pane.title)
            with ui.element('div').classes('grow'):
                with row():
                    text(record.student.name if record else pane.title, 'clip', tag='b').props(
                        f'title="{_quoted(pane.title)}"'
                    )
                    if record is not None:
                        stage_chip(record.student.stage)
                if record is not None:
                    self._standing(pane)
                elif not pane.hidden:
                    text('还没有关联学员', 'muted', tag='div')
            if record is not None:
                button('详情', self._on_record, kind='quiet')
        if pane.hidden:
            text('学员资料由其他同事负责，您无权查看。', 'muted', tag='div')
        if pane.children:
            self._siblings(pane)
        self._tags(pane)
        if pane.next_step:
            text(f'下一步: {pane.next_step}', 'note warn', tag='div')
        if record is None and not pane.hidden and self._edits:
            text('关联后，AI 起草时会参考学员的课程和课时。', 'muted', tag='div')
            button('关联或新建学员', self._link.show, kind='primary')
            button('扫学员二维码', self._on_scan)
        if self._on_open is not None:
            button('打开与家长的聊天', self._on_open)

    def _standing(self, pane: Pane) -> None:
        assert pane.record is not None, 'only called with one'  # noqa: S101
        courses = pane.record.enrolments
        about = [pane.record.student.grade, *(one.course for one in courses[:1])]
        guardian = next((one for one in pane.record.guardians if one.id == pane.contact.guardian_id), None)
        with ui.element('small').classes('words'):
            text(' · '.join(filter(None, (guardian and (guardian.kinship or guardian.name), *about))))
            if courses:
                left = sum(one.lessons_left for one in courses)
                text(' · 剩 ')
                text(str(left), 'few' if left <= FEW_LESSONS else '', tag='b')
                text(' 课时')

    def _siblings(self, pane: Pane) -> None:
        """Of whom is spoken: the AI writes with this child's record."""
        with ui.element('div').classes('side-children').props('role=radiogroup aria-label=选择孩子'):
            for student_id, name in pane.children.items():
                chosen = student_id == pane.contact.student_id
                one = button(name, partial(self._choose, student_id)).props('role=radio')
                one.props(f'aria-checked={"true" if chosen else "false"}')

    async def _choose(self, student_id: int) -> None:
        if student_id != self._pane.contact.student_id and student_id in self._pane.children:
            with refusals_shown():
                await transact(sidebar.link, self._pane.contact.id, student_id, by=self._who.id)
                await self._on_change()

    def _edit_tags(self) -> None:
        with self._dialogs:  # they go with the pane of this parent
            edit_tags(self._pane.customer, self._pane.all_tags, by=self._who.id)

    def _tags(self, pane: Pane) -> None:
        record = pane.record
        ends = [one.valid_until for one in record.enrolments if one.valid_until and one.lessons_left] if record else []
        with row('wrap'):
            if ends:
                chip(f'{min(ends):%m-%d} 到期', 'danger' if pane.next_step and '到期' in pane.next_step else '')
            if pane.contact.left_at is not None:
                chip('已不是好友', 'warn')
            for tag in pane.tags:
                chip(tag.name, 'info')
            for word in record.student.tags if record else []:
                chip(str(word))
            if self._edits and pane.contact.channel is Channel.CONTACT and pane.contact.left_at is None:
                add = Button(self._edit_tags)
                with add.classes('btn quiet tag-add'):
                    text('+ 标签')


def _quoted(words: str) -> str:
    return words.replace('\\', '').replace('"', '”')
