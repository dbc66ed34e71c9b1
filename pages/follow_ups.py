"""跟进 of one student, in the pane beside a chat and on the student's page: what was said, and a form."""

from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial

from nicegui import ui

from console import follow_ups
from console.calendar import today
from console.database import transact
from console.follow_ups import LONGEST_TEXT, WAYS
from models import FollowUp
from pages.fields import day
from pages.widgets import ago, button, chip, refusals_at, refusals_shown, row, text

Note = Callable[[str, str, date | None], Awaitable[None]]


class FollowUpForm:
    """`on_note` gets the words, the way and the next day, and may refuse."""

    def __init__(self, on_note: Note) -> None:
        self._on_note = on_note
        self._note = ui.textarea('这次谈了什么，下一步做什么').props(f'rows=3 maxlength={LONGEST_TEXT}')
        with row('wrap follow-up-more'):
            self._way = ui.select(list(WAYS), value=WAYS[1], label='方式')
            self._next = ui.input('下次跟进 (可不填)').props(f'type=date stack-label min={today().isoformat()}')
        self._save_button = button('记下来', self._save, kind='primary')

    def enable(self, on: bool) -> None:
        self._save_button.enable(on)

    async def _save(self) -> None:
        fields = {'text': self._note, 'way': self._way, 'next_on': self._next}
        with refusals_at(fields):
            await self._on_note(self._note.value or '', self._way.value, day('next_on', self._next.value or ''))
            self._note.value = self._next.value = ''
            ui.notify('已记下')


def follow_up_list(found: list[FollowUp], names: dict[int, str], *, by: int, edits: bool) -> None:
    """The newest first; what is still to be come back to can be ticked off."""
    if not found:
        text('还没有跟进记录', 'muted padded', tag='div')
    with ui.element('div').classes('list follow-ups'):
        for one in found:
            with ui.element('div'):
                with row('wrap'):
                    text(names.get(one.staff_id or 0, '离职同事'), tag='b')
                    chip(one.way)
                    if one.next_on is not None and one.done_at is None:
                        late = one.next_on <= today()
                        chip(f'{one.next_on:%m-%d} 跟进', 'danger' if late else 'info')
                    with ui.element('small').classes('grow end'):
                        ago(one.created_at)
                text(one.text, 'words', tag='div')
                if edits and one.next_on is not None and one.done_at is None:
                    button('不用再跟进', partial(_finish, one.id, by), kind='quiet', small=True)


async def _finish(follow_up_id: int, by: int) -> None:
    with refusals_shown():
        await transact(follow_ups.finish, follow_up_id, by=by)
