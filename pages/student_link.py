"""Say which student somebody belongs to: found by name or number, or added."""

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from console import students
from console.database import read
from console.students import Record
from models import Staff
from pages.student_dialog import StudentDialog
from pages.widgets import button, keep_rows, refusals_shown, text

SHOWN = 8


class LinkDialog:
    """`on_pick` gets the student's id, and may refuse."""

    def __init__(self, member: Staff, *, on_pick: Callable[[int], Awaitable[None]]) -> None:
        self._on_pick = on_pick
        self._member = member
        self._rows: dict[int, ui.element] = {}
        self._adding = StudentDialog(member, on_added=self._link)
        with ui.dialog() as self._dialog, ui.element('div').classes('dialog'):
            text('关联学员', tag='h3')
            self._search = ui.input('学员或家长姓名、完整手机号', on_change=self._look)
            self._search.props('autofocus maxlength=40 debounce=200')
            self._found = ui.element('div').classes('list found').props('aria-live=polite')
            self._none = text('没有找到。可以新建学员。', 'muted', tag='div')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('新建学员', self._add)

    async def show(self) -> None:
        self._search.value = ''
        self._dialog.open()
        await self._look()

    async def _look(self) -> None:
        with refusals_shown():
            wanted = self._search.value
            found = await read(students.page, by=self._member.id, search=wanted or '', limit=SHOWN)
            if wanted == self._search.value and not self._found.is_deleted:
                self._show([students.as_record(student) for student in found])

    def _show(self, records: list[Record]) -> None:
        wanted = {record.student.id: partial(self._row, record) for record in records}
        keep_rows(self._found, self._rows, wanted)
        self._found.set_visibility(bool(records))
        self._none.set_visibility(not records)

    def _row(self, record: Record) -> ui.element:
        student = record.student
        made = ui.element('button').classes('pick').props('type=button')
        made.on('click', partial(self._link, student.id))
        with made:
            text(student.name, tag='b')
            about = [student.grade, *(f'{one.name} {one.phone or ""}' for one in record.guardians[:1])]
            text(' · '.join(filter(None, about)), 'muted')
        return made

    def _add(self) -> None:
        self._dialog.close()
        self._adding.show(self._search.value or '')

    async def _link(self, student_id: int) -> None:
        with refusals_shown():
            await self._on_pick(student_id)
            self._dialog.close()
            ui.notify('已关联学员')
