"""A student beside a conversation or on a page of their own: facts, and numbers that stay masked until asked for."""

import asyncio

from nicegui import background_tasks, ui

from console import guardians
from console.database import transact
from console.enrolments import FEW_LESSONS
from console.guardians import GuardianView
from console.students import Record
from models import Enrolment, Stage
from pages.review_dialogs import ask_words
from pages.widgets import Tone, button, chip, refusals_shown, row, text

REVEALED_SECONDS = 60.0

STAGE_TONES: dict[Stage, Tone] = {
    Stage.LEAD: 'info',
    Stage.ENROLLED: 'good',
    Stage.RENEWING: 'warn',
    Stage.LOST: 'danger',
}
WORDS_OF_NUMBERS = {'phone': '手机号', 'wechat': '微信号'}


def stage_chip(stage: Stage) -> None:
    chip(stage, STAGE_TONES.get(stage, ''))


def student_card(record: Record, *, by: int, reveals: bool, follow_up: str | None = None) -> None:
    """The record in short. `reveals`: offer to show whole numbers. `follow_up`: what was last spoken of."""
    student = record.student
    with row():
        with ui.element('a').classes('grow clip').props(f'href=/students/{student.id}'):
            text(student.name, tag='b')
        stage_chip(student.stage)
    with ui.element('dl'):
        fact('年级', student.grade)
        for enrolment in record.enrolments:
            fact('课程', ' · '.join(filter(None, (enrolment.course, enrolment.teacher, enrolment.class_time))))
            text('剩余课时', tag='dt')
            with ui.element('dd'):
                lessons_left(enrolment)
        for guardian in record.guardians:
            text(guardian.kinship or '家长', tag='dt')
            with ui.element('dd'):
                text(guardian.name, tag='div')
                if guardian.phone:
                    number(guardian, 'phone', by=by, reveals=reveals)
        fact('备注', student.notes)
        fact('最近跟进', follow_up)


def fact(name: str, value: str | None) -> None:
    """A line of a `dl`; nothing where there is nothing to say."""
    if value:
        text(name, tag='dt')
        text(value, 'words', tag='dd')


def lessons_left(enrolment: Enrolment) -> None:
    left = enrolment.lessons_left
    text(str(left), 'num few' if left <= FEW_LESSONS else 'num', tag='b')
    until = f'，{enrolment.valid_until:%Y-%m-%d} 到期' if enrolment.valid_until else ''
    text(f' / {enrolment.lessons_total}{until}', 'num')


def number(guardian: GuardianView, what: str, *, by: int, reveals: bool) -> None:
    """A masked phone or WeChat id; whole for a minute after a reason was given, which is logged."""
    masked = getattr(guardian, what)

    async def reveal() -> None:
        reason = await ask_words(
            f'查看{guardian.name}的{WORDS_OF_NUMBERS[what]}',
            '查看理由',
            ok='显示',
            hint=f'号码会显示 {REVEALED_SECONDS:.0f} 秒，查看会被记录。',
            required=True,
        )
        if not reason:
            return
        with refusals_shown():
            shown.set_text(await transact(guardians.reveal, guardian.id, what, by=by, reason=reason))
            background_tasks.create(hide_later(), name='hide the number')

    async def hide_later() -> None:
        await asyncio.sleep(REVEALED_SECONDS)
        if not shown.is_deleted:
            shown.set_text(masked)

    with row('number'):
        shown = text(masked, 'num')
        if reveals:
            button('显示', reveal, kind='quiet', small=True)
