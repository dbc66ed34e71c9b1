"""The record in the pane: student, guardians and courses, changed in place; or the way to link one."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from console import sidebar, staff, students
from console.database import transact
from console.sidebar import Pane
from console.staff import Action
from models import Staff
from pages import student_fields
from pages.in_place import InPlace, Several
from pages.student_items import enrolment_items, guardian_items
from pages.student_link import LinkDialog
from pages.widgets import button, row, text

Change = Callable[[], Awaitable[None]]


class RecordTab:
    """Nothing is drawn until it is looked at. Then anew for another student; a form that is being filled in stays."""

    def __init__(self, who: Staff, *, on_scan: Callable[[], None], on_change: Change) -> None:
        self._who = who
        self._on_scan = on_scan
        self._edits = staff.may(who.role, Action.EDIT_STUDENTS)
        self._pane: Pane | None = None
        self._student_id: int | None = None
        self._place = ui.element('div').classes('stack')
        self._nothing = text('还没有关联学员，在上面关联后，这里显示资料。', 'muted padded', tag='div')
        self._begun = False
        self._link = Linking(who, lambda: self._pane, on_change)

    def begin(self) -> None:
        if not self._begun:
            self._begun = True
            if self._pane is not None:
                self.show(self._pane)

    def show(self, pane: Pane) -> None:
        self._pane = pane
        if not self._begun:
            return
        self._nothing.set_visibility(pane.record is None)
        if pane.record is None:
            self._student_id = None
            self._place.clear()
            return
        if pane.record.student.id != self._student_id:
            self._student_id = pane.record.student.id
            self._place.clear()
            with self._place:
                self._draw(pane.record.student.id)
        self._fill(pane)

    def _draw(self, student_id: int) -> None:
        by = self._who.id

        async def change(changed: dict[str, Any], version: int | None) -> None:
            values = student_fields.to_student(changed)
            await transact(students.change, student_id, by=by, values=values, version=version)

        async def change_guardian(guardian_id: int, changed: dict[str, Any], version: int | None) -> None:
            given = student_fields.to_guardian(changed)
            await transact(students.change, student_id, by=by, guardian=given, guardian_id=guardian_id, version=version)

        async def change_enrolment(enrolment_id: int, changed: dict[str, Any], version: int | None) -> None:
            given = student_fields.to_enrolment(changed)
            await transact(
                students.change, student_id, by=by, enrolment=given, enrolment_id=enrolment_id, version=version
            )

        async def add_guardian(values: dict[str, Any]) -> None:
            await transact(students.add, student_id, by=by, guardian=student_fields.to_guardian(values))

        async def add_enrolment(values: dict[str, Any]) -> None:
            await transact(students.add, student_id, by=by, enrolment=student_fields.to_enrolment(values))

        may = self._edits
        fields = [one for one in student_fields.student_fields({}) if one.key != 'owner_id']
        self._about = InPlace('基本资料', fields, change, may_edit=may)
        self._guardians = Several(
            '家长', student_fields.GUARDIAN, on_change=change_guardian, on_add=add_guardian, may_edit=may
        )
        self._enrolments = Several(
            '课程', student_fields.ENROLMENT, on_change=change_enrolment, on_add=add_enrolment, may_edit=may
        )
        if may:
            with row('wrap'):
                button('换成别的学员', self._link.show, kind='quiet')
                button('扫学员二维码', self._on_scan, kind='quiet')

    def _fill(self, pane: Pane) -> None:
        record = pane.record
        assert record is not None, 'only called with one'  # noqa: S101
        version = record.student.version
        self._about.show(student_fields.of_student(record.student), version)
        reveals = staff.may(self._who.role, Action.SEE_NUMBERS)
        by = self._who.id
        self._guardians.show(guardian_items(record, by=by, reveals=reveals), version)
        self._enrolments.show(enrolment_items(record), version)


class Linking:
    """The dialog that links the parent of the pane to a student; it goes with the pane, so that it is hers alone."""

    def __init__(self, who: Staff, pane: Callable[[], Pane | None], on_change: Change) -> None:
        self._who = who
        self._pane = pane
        self._on_change = on_change
        self._place = ui.element('div')
        self._dialog: LinkDialog | None = None

    async def show(self) -> None:
        if self._dialog is None:
            with self._place:
                self._dialog = LinkDialog(self._who, on_pick=self._link)
        await self._dialog.show()

    async def _link(self, student_id: int) -> None:
        shown = self._pane()
        if shown is not None:
            await transact(sidebar.link, shown.contact.id, student_id, by=self._who.id)
            await self._on_change()
