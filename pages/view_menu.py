"""Saved filters of a list: pick one, keep the present ones under a name, rename or drop one."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from nicegui import ui

from console import saved_views
from console.database import read, transact
from console.saved_views import View
from models import Staff
from pages.review_dialogs import ask_words
from pages.widgets import Button, button, icon_button, on_enter, refusals_at, refusals_shown, row, text


class ViewMenu:
    """A button and its menu, for one `page`. `kept` says what the filters are now; `on_pick` gets what was kept."""

    def __init__(
        self,
        page: str,
        member: Staff,
        *,
        kept: Callable[[], dict[str, Any]],
        on_pick: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        self._member = member
        self._page = page
        self._kept = kept
        self._on_pick = on_pick
        with button('视图', self.reload, small=True).props('aria-haspopup=menu'):
            self._menu = ui.menu().props('anchor="bottom right" self="top right" :offset="[0, 6]"')
        with self._menu, ui.element('div').classes('menu views'):
            self._place = ui.element('div').classes('stack')
            with row():
                self._name = ui.input(placeholder='给现在的筛选起名').props('aria-label=视图名称 autofocus')
                self._name.props(f'maxlength={saved_views.LONGEST_NAME}')
                on_enter(self._name, self._save)
                button('保存', self._save, small=True)
            self._shared = ui.checkbox('同事也能看到')

    async def reload(self) -> None:
        with refusals_shown():
            found = await read(saved_views.of, self._page, by=self._member.id)
            self._place.clear()
            with self._place:
                for view in found:
                    self._draw(view)
                if not found:
                    text('还没有保存的视图', 'muted', tag='div')

    def _draw(self, view: View) -> None:
        with row():
            pick = Button(partial(self._pick, view)).classes('pick grow')
            with pick:
                text(view.name, 'clip')
                if view.owner:
                    text(view.owner, 'muted')
            if view.changeable:
                button('改名', partial(self._rename, view), kind='quiet', small=True)
                icon_button('close', f'删除视图 {view.name}', partial(self._remove, view))

    async def _pick(self, view: View) -> None:
        self._menu.close()
        await self._on_pick(view.filters)

    async def _save(self) -> None:
        with refusals_at({'name': self._name}):
            await transact(
                saved_views.save,
                self._page,
                self._name.value or '',
                self._kept(),
                shared=self._shared.value,
                by=self._member.id,
            )
            ui.notify('已保存视图')
            self._name.value = ''
            await self.reload()

    async def _rename(self, view: View) -> None:
        name = await ask_words(f'给视图“{view.name}”改名', '新名字', ok='改名', required=True)
        if name:
            with refusals_shown():
                await transact(saved_views.rename, view.id, name, by=self._member.id)
                await self.reload()

    async def _remove(self, view: View) -> None:
        with refusals_shown():
            await transact(saved_views.remove, view.id, by=self._member.id)
            await self.reload()
