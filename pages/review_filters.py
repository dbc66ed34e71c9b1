"""What of the queue is shown: chips for what is asked most, fields for the rest, views kept under a name."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from nicegui import ui

from console import channel_names
from console.review_queue import NO_FILTERS, Filters
from console.writing import intents
from models import Channel, Staff
from pages.review_words import RISKS
from pages.view_menu import ViewMenu
from pages.widgets import Button, row, text


class FilterBar:
    """`filters` is what is set. `on_change` is called when somebody changes it."""

    def __init__(
        self, filters: Filters, *, member: Staff, colleagues: dict[int, str], on_change: Callable[[], Awaitable[None]]
    ) -> None:
        self.filters = filters
        self._on_change = on_change
        with row('filters'):
            self._all = self._chip('全部', self.clear)
            self._mine = self._chip('我的', self._toggle_mine)
            self._more = self._chip('筛选', self._unfold)
            text('', 'grow')
            ViewMenu('review', member, kept=lambda: dict(self.filters.words), on_pick=self._picked)
        with ui.element('div').classes('pair fields') as self._fields:
            self._channel = self._choice('渠道', {str(one): word for one, word in channel_names.NAMES.items()})
            self._risk = self._choice('风险', RISKS)
            self._intent = self._choice('家长想要', intents.NAMES)
            self._agent = self._choice('负责人', {str(one): name for one, name in colleagues.items()})
        self._set = False
        self._fields.set_visibility(bool(replace(filters, mine=False).words))
        self._show()

    async def apply(self, filters: Filters) -> None:
        self.filters = filters
        self._show()
        await self._on_change()

    async def clear(self) -> None:
        self._fields.set_visibility(False)
        await self.apply(NO_FILTERS)

    def _chip(self, words: str, on_click: Callable[[], Any]) -> Button:
        made = Button(on_click)
        made.classes('chip').props('aria-pressed=false')
        with made:
            text(words)
        return made

    def _choice(self, label: str, choices: dict[str, str]) -> ui.select:
        return ui.select({'': '全部', **choices}, label=label, value='', on_change=self._chosen).classes('slim')

    def _show(self) -> None:
        filters = self.filters
        self._set = True
        self._channel.value = str(filters.channel or '')
        self._risk.value, self._intent.value = filters.risk, filters.intent
        agent = str(filters.agent or '')
        self._agent.value = agent if agent in self._agent.options else ''
        self._set = False
        others = len(replace(filters, mine=False).words)
        for chip, on in ((self._all, filters == NO_FILTERS), (self._mine, filters.mine), (self._more, others > 0)):
            chip.props(f'aria-pressed={"true" if on else "false"}')

    async def _chosen(self) -> None:
        if self._set:
            return
        channel = self._channel.value
        await self.apply(
            Filters(
                channel=Channel(channel) if channel else None,
                risk=self._risk.value,
                intent=self._intent.value,
                agent=int(self._agent.value) if self._agent.value else None,
                mine=self.filters.mine,
            )
        )

    async def _toggle_mine(self) -> None:
        await self.apply(replace(self.filters, mine=not self.filters.mine))

    def _unfold(self) -> None:
        self._fields.set_visibility(not self._fields.visible)

    async def _picked(self, words: dict[str, Any]) -> None:
        filters = Filters.read(words)
        self._fields.set_visibility(bool(replace(filters, mine=False).words))
        await self.apply(filters)
