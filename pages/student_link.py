"""Say which student a conversation is about: found by name or number, or added."""

from functools import partial

from nicegui import ui

from console import students
from console.database import read, transact
from console.students import Record
from models import Staff
from pages.layout import refusals_shown
from pages.student_dialog import StudentDialog
from pages.widgets import button, text

SHOWN = 8


class LinkDialog:
    def __init__(self, conversation_id: int, member: Staff) -> None:
        self._conversation_id = conversation_id
        self._member = member
        self._adding = StudentDialog(member, on_added=self._link)
        with ui.dialog() as self._dialog, ui.element('div').classes('dialog'):
            text('关联学员', tag='h3')
            self._search = ui.input('学员或家长姓名、完整手机号', on_change=self._look)
            self._search.props('autofocus maxlength=40 debounce=200')
            self._found = ui.element('div').classes('list found').props('aria-live=polite')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('新建学员', self._add)

    async def show(self) -> None:
        self._search.value = ''
        self._dialog.open()
        await self._look()

    async def _look(self) -> None:
        with refusals_shown():
            rows = await read(students.page, by=self._member.id, search=self._search.value or '', limit=SHOWN)
            self._found.clear()
            with self._found:
                for student in rows:
                    self._row(students.as_record(student))
                if not rows:
                    text('没有找到。可以新建学员。', 'muted')

    def _row(self, record: Record) -> None:
        student = record.student
        made = ui.element('button').classes('pick').props('type=button')
        made.on('click', partial(self._link, student.id))
        with made:
            text(student.name, tag='b')
            about = [student.grade, *(f'{one.name} {one.phone or ""}' for one in record.guardians[:1])]
            text(' · '.join(filter(None, about)), 'muted')

    def _add(self) -> None:
        self._dialog.close()
        self._adding.show(self._search.value or '')

    async def _link(self, student_id: int) -> None:
        with refusals_shown():
            await transact(students.link, self._conversation_id, student_id, by=self._member.id)
            self._dialog.close()
            ui.notify('已关联学员')
