"""What is known about the child and the parent, beside the draft: read, not changed."""

from contextlib import suppress
from dataclasses import dataclass

from nicegui import ui
from sqlalchemy.orm import Session

from console import follow_ups, similar_answers, staff, students
from console.database import read
from console.errors import ConsoleError
from console.review_desk import Opened
from console.similar_answers import Answered
from console.staff import Action
from console.students import Record
from models import Staff
from pages.student_card import student_card
from pages.widgets import ago, copy_button, row, text


@dataclass(frozen=True)
class Known:
    """Read beside the draft."""

    record: Record | None
    follow_up: str | None
    answered: list[Answered]


class ContextColumn:
    def __init__(self, member: Staff) -> None:
        self._member = member
        self._reveals = staff.may(member.role, Action.SEE_NUMBERS)
        self._opened: Opened | None = None
        self._place = ui.element('aside').classes('context').props('aria-label=背景')

    async def show(self, opened: Opened | None) -> None:
        """Draw it for this item, unless it is there already."""
        if opened is None or self._opened is None or _shown(opened) != _shown(self._opened):
            self._opened = opened
            await self.reload()

    async def reload(self) -> None:
        opened = self._opened
        known = await read(_known, opened, by=self._member.id) if opened is not None else None
        if opened is self._opened and not self._place.is_deleted:
            self._place.clear()
            if opened is not None and known is not None:
                with self._place:
                    self._draw(opened, known)

    def _draw(self, opened: Opened, known: Known) -> None:
        if known.record is None:
            with ui.element('section'):
                text('还没有关联学员', tag='b')
                text('这位家长还不在学员档案里。可以在会话里为她关联或新建学员。', 'muted')
        else:
            with ui.element('section'):
                student_card(known.record, by=self._member.id, reveals=self._reveals, follow_up=known.follow_up)
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


def _known(session: Session, opened: Opened, *, by: int) -> Known:
    record, follow_up = None, None
    if opened.student_id is not None:
        with suppress(ConsoleError):  # erased meanwhile: the conversation stays
            record = students.record(session, opened.student_id, by=by)
            follow_up = next(iter(follow_ups.last_lines(session, opened.student_id, limit=1)), None)
    question = '\n'.join(opened.said)
    return Known(record, follow_up, similar_answers.to(session, question, by=by, beside=opened.conversation_id))


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


def _shown(opened: Opened) -> tuple[object, ...]:
    return opened.conversation_id, opened.draft_id, opened.student_id, opened.lines, opened.sources
