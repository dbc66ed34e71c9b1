"""What is known about the child and the parent, beside the draft: read, not changed."""

import asyncio

from nicegui import background_tasks, ui

from console import students
from console.database import read, transact
from console.errors import ConsoleError
from console.review_desk import Opened
from console.students import GuardianView, Record
from models import Enrolment
from pages.layout import refusals_shown
from pages.review_dialogs import ask_words
from pages.widgets import Text, ago, button, chip, row, text

FEW_LESSONS = 3
REVEALED_SECONDS = 60.0


class ContextColumn:
    def __init__(self, by: int) -> None:
        self._by = by
        self._opened: Opened | None = None
        self._place = ui.element('aside').classes('context').props('aria-label=背景')

    async def show(self, opened: Opened | None) -> None:
        """Draw it for this item, unless it is there already."""
        if opened is None or self._opened is None or _shown(opened) != _shown(self._opened):
            self._opened = opened
            await self.reload()

    async def reload(self) -> None:
        opened = self._opened
        record = None
        if opened is not None and opened.student_id is not None:
            try:
                record = await read(students.record, opened.student_id, by=self._by)
            except ConsoleError:
                record = None  # erased meanwhile: the conversation stays
        if opened is self._opened and not self._place.is_deleted:
            self._place.clear()
            if opened is not None:
                with self._place:
                    self._draw(opened, record)

    def _draw(self, opened: Opened, record: Record | None) -> None:
        if record is None:
            with ui.element('section'):
                text('还没有关联学员', tag='b')
                text('这位家长还不在学员档案里。可以在会话里为她关联或新建学员。', 'muted')
        else:
            self._student(record)
        titles = {source['title']: None for source in opened.sources if source['kind'] == 'knowledge'}
        if titles or any(source['kind'] == 'record' for source in opened.sources):
            with ui.element('section'):
                text('依据', tag='h2')
                for title in titles:
                    text(title or '', 'source words', tag='div')
                if any(source['kind'] == 'record' for source in opened.sources):
                    text('学员档案', 'source record', tag='div')
        with ui.element('section'):
            with row():
                text('最近往来', 'grow', tag='h2')
                with ui.element('a').props(f'href=/conversations/{opened.conversation_id}'):
                    text('全部')
            for line in opened.lines:
                with ui.element('div').classes('line'):
                    with row():
                        text(line.who or '家长', 'grow muted')
                        ago(line.at)
                    text(line.text or '（没有文字）', 'words', tag='div')

    def _student(self, record: Record) -> None:
        student = record.student
        with ui.element('section'):
            with row():
                with ui.element('a').classes('grow clip').props(f'href=/students/{student.id}'):
                    text(student.name, tag='b')
                chip(student.stage, 'warn' if student.stage == '续费' else '')
            with ui.element('dl'):
                _fact('年级', student.grade)
                for enrolment in record.enrolments:
                    _course(enrolment)
                for guardian in record.guardians:
                    self._guardian(guardian)
                _fact('备注', student.notes)

    def _guardian(self, guardian: GuardianView) -> None:
        text(guardian.kinship or '家长', tag='dt')
        with ui.element('dd'), row('wrap'):
            text(guardian.name)
            if guardian.phone:
                number = text(guardian.phone, 'num')
                masked = guardian.phone
                button('显示', lambda: self._reveal(guardian, number, masked), kind='quiet', small=True)

    async def _reveal(self, guardian: GuardianView, number: Text, masked: str) -> None:
        reason = await ask_words(
            f'查看{guardian.name}的手机号',
            '查看理由',
            ok='显示',
            hint=f'号码会显示 {REVEALED_SECONDS:.0f} 秒，查看会被记录。',
            required=True,
        )
        if not reason:
            return
        with refusals_shown():
            whole = await transact(students.reveal, guardian.id, 'phone', by=self._by, reason=reason)
            number.set_text(whole)
            background_tasks.create(_hide_later(number, masked), name='hide the number')


async def _hide_later(number: Text, masked: str) -> None:
    await asyncio.sleep(REVEALED_SECONDS)
    if not number.is_deleted:
        number.set_text(masked)


def _fact(name: str, value: str | None) -> None:
    if value:
        text(name, tag='dt')
        text(value, 'words', tag='dd')


def _course(enrolment: Enrolment) -> None:
    _fact('课程', ' · '.join(filter(None, (enrolment.course, enrolment.teacher, enrolment.class_time))))
    text('剩余课时', tag='dt')
    with ui.element('dd'):
        left = enrolment.lessons_left
        text(str(left), 'num few' if left <= FEW_LESSONS else 'num', tag='b')
        until = f'，{enrolment.valid_until:%m-%d} 到期' if enrolment.valid_until else ''
        text(f' / {enrolment.lessons_total}{until}', 'num')


def _shown(opened: Opened) -> tuple[object, ...]:
    return opened.conversation_id, opened.draft_id, opened.student_id, opened.lines, opened.sources
