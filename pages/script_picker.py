"""Finding a script and putting it into a text: below a caret, or in a dialog of its own."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from console import scripts
from console.database import read, transact
from models import Staff
from pages.fields import known_id
from pages.widgets import refusals_shown, text

Item = dict[str, Any]
EMIT = '(event) => emit(event.detail)'


async def offered(words: str, *, by: int, conversation_id: int | None) -> list[Item]:
    """Scripts for `<pick-list>`, with the names of this conversation's family filled in where they are known."""
    names = await read(scripts.names_in, conversation_id, by=by) if conversation_id is not None else {}
    found = [(one, scripts.filled(one.text, names)) for one in await read(scripts.find, words, by=by)]
    return [
        {'kind': 'script', 'id': one.id, 'title': one.title, 'note': filled, 'text': filled} for one, filled in found
    ]


class ScriptPicker:
    """A dialog: a field, what it finds, arrows and Enter. `on_pick` gets the text with the names filled in.

    `conversation` says whose names those are when it is opened. Make it once a page; `show` opens it.
    """

    def __init__(
        self, member: Staff, *, conversation: Callable[[], int | None], on_pick: Callable[[str], Awaitable[None] | None]
    ) -> None:
        self._member = member
        self._conversation = conversation
        self._on_pick = on_pick
        self._dialog = ui.dialog()
        self._search: ui.element | None = None

    def show(self) -> None:
        self._dialog.clear()
        with self._dialog, ui.element('div').classes('dialog'):
            text('插入话术', tag='h3')
            self._search = ui.element('pick-search').classes('stack')
            with self._search:
                field = ui.element('input').props('type=search maxlength=40 autofocus aria-label=搜索话术')
                field.props['placeholder'] = '搜索话术，回车插入'
                ui.element('pick-list').props('data-stays')
            self._search.on('seek', lambda event: self._seek(event.args['words']), js_handler=EMIT)
            self._search.on('picked', lambda event: self._picked(event.args), js_handler=EMIT)
        self._dialog.open()

    async def _seek(self, words: str) -> None:
        with refusals_shown():
            found = await offered(words, by=self._member.id, conversation_id=self._conversation())
            if self._search is not None and not self._search.is_deleted:
                self._search.run_method('offer', 'scripts', words, found)

    async def _picked(self, item: Item) -> None:
        self._dialog.close()
        if (script_id := known_id(item['id'])) is not None:
            with refusals_shown():
                await transact(scripts.used, script_id, by=self._member.id)
        outcome = self._on_pick(str(item['text']))
        if outcome is not None:
            await outcome
