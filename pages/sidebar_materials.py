"""素材 in the pane: a fold of the school's pictures and files, each sent to the chat by one touch."""

from collections.abc import Awaitable, Callable

from nicegui import background_tasks, ui

from console import materials
from console.database import read
from console.errors import ConsoleError
from console.materials import Shelved
from models import Staff
from pages.fields import known_id
from pages.thread_media import KINDS, thumbnail
from pages.widgets import refusals_shown, text

SHOWN = 12


class Materials:
    """`on_send` is None where the chat takes nothing from here. Nothing is asked until the fold is opened."""

    def __init__(self, who: Staff, *, on_send: Callable[[int], Awaitable[None]] | None) -> None:
        self._who = who
        self._on_send = on_send
        self._begun = False
        with ui.element('section').classes('panel side-card'):
            self._fold = ui.element('details').classes('side-materials')
            with self._fold, ui.element('summary'):
                text('素材', 'grow')
        self._fold.on('toggle', self._begin)

    def _draw_fold(self) -> None:
        with self._fold:
            if self._on_send is None:
                text('这个入口不能发送，请打开与家长的单聊。', 'muted', tag='div')
            self._search = ui.input(placeholder='搜索素材，例如 地图', on_change=self._look)
            self._search.props('maxlength=40 debounce=200 clearable aria-label=搜索素材')
            self._list = ui.element('side-materials')
            with self._list:
                text('', 'muted', tag='div').props('role=status')
                self._found = ui.element('div')
        self._list.on('act', lambda event: self._send(event.args), js_handler='(event) => emit(event.detail)')

    def done(self, words: str) -> None:
        """The sending came to its end; how, in words."""
        self._list.run_method('done', words)

    def look_again(self) -> None:
        """Show what is true now, if the fold was ever opened."""
        if self._begun:
            background_tasks.create_lazy(self._look(), name=f'materials {id(self)}')

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._draw_fold()
            self.look_again()

    async def _look(self) -> None:
        wanted = self._search.value or ''
        if self._found.is_deleted:
            return
        with self._found, refusals_shown():
            found = await read(materials.find, wanted, by=self._who.id, limit=SHOWN)
            if wanted == (self._search.value or '') and not self._found.is_deleted:
                self._draw(found, wanted)

    def _draw(self, found: list[Shelved], wanted: str) -> None:
        self._found.clear()
        with self._found:
            for one in found:
                with ui.element('div').classes('side-material'):
                    self._line(one)
            if not found:
                text('没有找到。' if wanted else '还没有素材，主管可以在“知识库 → 素材”里上传。', 'muted', tag='div')

    def _line(self, one: Shelved) -> None:
        if one.file.kind == 'image':
            thumbnail(one.file, one.name)
        else:
            text(KINDS[one.file.kind], 'kind')
        text(one.name, 'name')
        if self._on_send is not None:
            send = ui.element('button').classes('btn').props(f'type=button data-material={one.id}')
            send.props['aria-label'] = f'发送素材 {one.name}'
            with send:
                text('发送')

    async def _send(self, told: object) -> None:
        material_id = known_id(told)
        if self._on_send is None or material_id is None:
            return
        try:
            await self._on_send(material_id)
        except ConsoleError as refusal:
            self.done(str(refusal))
