"""What is known about the child and the parent, beside the draft: read, not changed."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from nicegui import background_tasks, ui
from sqlalchemy.orm import Session

from console import follow_ups, guardians, similar_answers, students
from console.database import read, transact
from console.errors import ConsoleError
from console.guardians import GuardianView
from console.review_desk import Opened
from console.similar_answers import Answered
from console.students import Record
from models import Enrolment
from pages.layout import refusals_shown
from pages.review_dialogs import ask_words
from pages.widgets import Text, ago, button, chip, copy_button, row, text

FEW_LESSONS = 3
REVEALED_SECONDS = 60.0


@dataclass(frozen=True)
class _Known:
    record: Record | None
    follow_up: str | None
    answered: list[Answered]


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
        known = await read(_known, opened, by=self._by) if opened is not None else None
        if opened is self._opened and not self._place.is_deleted:
            self._place.clear()
            if opened is not None and known is not None:
                with self._place:
                    self._draw(opened, known)

    def _draw(self, opened: Opened, known: '_Known') -> None:
        if known.record is None:
            with ui.element('section'):
                text('还没有关联学员', tag='b')
                text('这位家长还不在学员档案里。可以在会话里为她关联或新建学员。', 'muted')
        else:
            self._student(known.record, known.follow_up)
        titles = {source['title']: None for source in opened.sources if source['kind'] == 'knowledge'}
        if titles or any(source['kind'] == 'record' for source in opened.sources):
            with ui.element('section'):
                text('依据', tag='h2')
                for title in titles:
                    text(title or '', 'source words', tag='div')
                if any(source['kind'] == 'record' for source in opened.sources):
                    text('学员档案', 'source record', tag='div')
        if known.answered:
            with ui.element('section'):
                text('类似的提问', tag='h2')
                for one in known.answered:
                    _answered(one)
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

    def _student(self, record: Record, follow_up: str | None) -> None:
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
                _fact('最近跟进', follow_up)

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
            whole = await transact(guardians.reveal, guardian.id, 'phone', by=self._by, reason=reason)
            number.set_text(whole)
            background_tasks.create(_hide_later(number, masked), name='hide the number')


async def _hide_later(number: Text, masked: str) -> None:
    await asyncio.sleep(REVEALED_SECONDS)
    if not number.is_deleted:
        number.set_text(masked)


def _known(session: Session, opened: Opened, *, by: int) -> _Known:
    record, follow_up = None, None
    if opened.student_id is not None:
        with suppress(ConsoleError):  # erased meanwhile: the conversation stays
            record = students.record(session, opened.student_id, by=by)
            follow_up = next(iter(follow_ups.last_lines(session, opened.student_id, limit=1)), None)
    question = '\n'.join(opened.said)
    return _Known(record, follow_up, similar_answers.to(session, question, by=by, beside=opened.conversation_id))


def _answered(one: Answered) -> None:
    with ui.element('div').classes('line'):
        with row():
            text(one.question, 'grow clip muted').props['title'] = one.question
            ago(one.at)
        text(one.answer, 'words', tag='div')
        with row('end'):
            copy_button(one.answer)
            with ui.element('a').props(f'href=/conversations/{one.conversation_id}'):
                text('查看会话')


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
