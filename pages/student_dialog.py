"""A form for a new student, with the guardian and the first course."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from console import students
from console.database import transact
from console.enrolments import EnrolmentFields
from console.guardians import GuardianFields
from console.students import StudentFields
from models import Role, Staff, Stage
from pages.fields import number
from pages.widgets import Form, button, refusals_at, text


class StudentDialog:
    """Adds a student; an agent's own. `on_added` gets the id."""

    def __init__(self, member: Staff, *, on_added: Callable[[int], Awaitable[None]]) -> None:
        self._member = member
        self._on_added = on_added
        with Form() as self._dialog, ui.element('div').classes('dialog wide'):
            text('添加学员', tag='h3')
            with ui.element('div').classes('pair'):
                self._name = ui.input('学员姓名').props('autofocus maxlength=60')
                self._grade = ui.input('年级').props('maxlength=20')
                self._stage = ui.select({one: str(one) for one in Stage}, label='阶段', value=Stage.LEAD)
                self._source = ui.input('来源').props('maxlength=40')
                self._guardian = ui.input('家长姓名').props('maxlength=60')
                self._kinship = ui.input('关系 (如 妈妈)').props('maxlength=20')
                self._phone = ui.input('家长手机号').props('maxlength=20 inputmode=tel autocomplete=off')
                self._wechat = ui.input('家长微信号').props('maxlength=40 autocomplete=off')
                self._course = ui.input('课程 (可不填)').props('maxlength=60')
                self._total = ui.input('总课时').props('inputmode=numeric maxlength=5')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('添加', self._save, kind='primary')
        self._fields = {
            'name': self._name,
            'guardian.name': self._guardian,
            'phone': self._phone,
            'wechat': self._wechat,
            'course': self._course,
            'lessons_total': self._total,
        }

    def show(self, name: str = '') -> None:
        for field in (*self._fields.values(), self._grade, self._source, self._kinship):
            field.value = ''
            field.error = None
        self._name.value = name
        self._stage.value = Stage.LEAD
        self._dialog.open()

    async def _save(self) -> None:
        with refusals_at(self._fields):
            owned = self._member.role is Role.AGENT
            values = StudentFields(
                name=self._name.value,
                grade=self._grade.value,
                stage=self._stage.value,
                source=self._source.value,
                owner_id=self._member.id if owned else None,
            )
            student = await transact(
                students.create,
                values,
                by=self._member.id,
                guardians=self._guardians(),
                enrolments=self._enrolments(),
            )
            self._dialog.close()
            ui.notify(f'已添加 {student.name}')
            await self._on_added(student.id)

    def _guardians(self) -> list[GuardianFields]:
        typed = (self._guardian.value, self._kinship.value, self._phone.value, self._wechat.value)
        if not any(typed):
            return []
        name, kinship, phone, wechat = typed
        return [GuardianFields(name=name, kinship=kinship, phone=phone, wechat=wechat)]

    def _enrolments(self) -> list[EnrolmentFields]:
        if not self._course.value and not self._total.value:
            return []
        return [EnrolmentFields(course=self._course.value, lessons_total=number('lessons_total', self._total.value))]
