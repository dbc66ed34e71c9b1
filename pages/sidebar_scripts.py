"""话术 in the pane: the school's and one's own, then approved answers of the knowledge base, put into the reply."""

from collections.abc import Callable
from functools import partial

from nicegui import background_tasks, ui

from console import scripts, sidebar
from console.database import read, transact
from console.sidebar import Pane, Phrase
from models import Staff
from pages.widgets import button, refusals_shown, row, text


class Scripts:
    """`on_use` gets the words. Nothing is drawn or asked until the list is looked at."""

    def __init__(self, pane: Pane, who: Staff, *, on_use: Callable[[str], None]) -> None:
        self._contact_id = pane.contact.id
        self._who = who
        self._on_use = on_use
        self._begun = False
        self._place = ui.element('section').classes('panel side-card')

    def begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        with self._place:
            self._search = ui.input(placeholder='搜索话术，例如 试听', on_change=self._look)
            self._search.props('maxlength=40 debounce=200 clearable aria-label=搜索话术')
            self._found = ui.element('div').classes('side-scripts').props('aria-live=polite')
        background_tasks.create(self._look(), name='scripts')

    async def _look(self) -> None:
        wanted = self._search.value or ''
        with self._found, refusals_shown():
            found = await read(sidebar.phrases, self._contact_id, wanted, by=self._who.id)
            if wanted == (self._search.value or '') and not self._found.is_deleted:
                self._draw(found, wanted)

    def _draw(self, found: list[Phrase], wanted: str) -> None:
        own = [one for one in found if one.script_id is not None]
        answers = [one for one in found if one.script_id is None]
        self._found.clear()
        with self._found:
            for one in own:
                self._fold(one)
            if answers:
                text('知识库里的答案', 'muted', tag='h3')
            for one in answers:
                self._fold(one)
            if not found:
                text('没有找到。' if wanted else '还没有话术。', 'muted', tag='div')

    def _fold(self, one: Phrase) -> None:
        with ui.element('details').classes('side-script'):
            with ui.element('summary'):
                text(one.title, 'grow')
            text(one.words, 'words', tag='div')
            with row('end'):
                button('用', partial(self._use, one), small=True)

    async def _use(self, one: Phrase) -> None:
        self._on_use(one.words)
        if one.script_id is not None:
            with refusals_shown():
                await transact(scripts.used, one.script_id, by=self._who.id)
