"""话术: approved answers of the knowledge base, found by what they speak of, to be put into the reply."""

from collections.abc import Callable
from functools import partial

from nicegui import background_tasks, ui

from console import sidebar
from console.database import read
from console.sidebar import Script
from models import Staff
from pages.layout import refusals_shown
from pages.widgets import button, row, text


class Scripts:
    """`on_use` gets the words. Nothing is asked until the list is looked at."""

    def __init__(self, who: Staff, *, on_use: Callable[[str], None]) -> None:
        self._who = who
        self._on_use = on_use
        self._begun = False
        with ui.element('section').classes('panel side-card'):
            self._search = ui.input(placeholder='搜索话术，例如 试听', on_change=self._look)
            self._search.props('maxlength=40 debounce=200 clearable aria-label=搜索话术')
            self._found = ui.element('div').classes('side-scripts').props('aria-live=polite')

    def begin(self) -> None:
        if not self._begun:
            self._begun = True
            background_tasks.create(self._look(), name='scripts')

    async def _look(self) -> None:
        wanted = self._search.value or ''
        with self._found, refusals_shown():
            found = await read(sidebar.scripts, wanted, by=self._who.id)
            if wanted == (self._search.value or '') and not self._found.is_deleted:
                self._draw(found, wanted)

    def _draw(self, found: list[Script], wanted: str) -> None:
        self._found.clear()
        with self._found:
            for one in found:
                with ui.element('details').classes('side-script'):
                    with ui.element('summary'):
                        text(one.title, 'grow')
                    text(one.words, 'words', tag='div')
                    with row('end'):
                        button('用', partial(self._on_use, one.words), small=True)
            if not found:
                text('没有找到。' if wanted else '知识库里还没有话术。', 'muted', tag='div')
