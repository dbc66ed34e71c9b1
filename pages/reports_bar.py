"""What the report is about: the time, the campus, the agent, the channel; kept in the address."""

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import urlencode

from nicegui import ui

from console import channel_names
from console.reports import Choices
from console.reports_period import Period, Wanted
from models import Channel
from pages.widgets import Button, text

SPANS = {'1': '今天', '7': '7 天', '30': '30 天', 'chosen': '自选'}


class ReportBar:
    """Above the report. `on_change` is run after every choice; `wanted()` says what is chosen now."""

    def __init__(
        self, choices: Choices, on_change: Callable[[], Awaitable[None]], *, simulated: bool, asked: dict[str, str]
    ) -> None:
        """`asked`: the parameters of the address; what makes no sense in them is as if it was not there."""
        self._on_change, self._simulated = on_change, simulated
        self.span = asked['period'] if asked['period'] in SPANS else '7'
        self._shown = ''
        agents = {'': '全部客服'} | {str(number): name for number, name in choices.agents.items()}
        campuses = {'': '全部校区'} | {name: name for name in choices.campuses}
        days = (asked['first'], asked['last']) if self.span == 'chosen' else self._days_shown()
        channels = {'': '全部渠道'} | {str(one): word for one, word in channel_names.NAMES.items()}
        with ui.element('div').classes('report-bar'):
            self._segments()
            self.first, self.last = (
                ui.input(value=given, on_change=self._chosen).props(f'type=date aria-label={label}').classes('day')
                for given, label in zip(days, ('开始日期', '结束日期'), strict=True)
            )
            self.campus = self._select(campuses, asked['campus'], '校区')
            self.agent = self._select(agents, asked['agent'], '客服')
            self.channel = self._select(channels, asked['channel'], '渠道')
            self.campus.set_visibility(bool(choices.campuses))
        self._mark()

    @property
    def address(self) -> str:
        given = {'period': self.span, 'campus': self.campus.value, 'agent': self.agent.value}
        given['channel'] = self.channel.value
        if self.span == 'chosen':
            given |= {'first': self.first.value, 'last': self.last.value}
        return f'/reports?{urlencode({name: value for name, value in given.items() if value})}'

    def wanted(self) -> Wanted:
        """Raises `Invalid` for dates that make no period."""
        if self.span == 'chosen':
            period = Period.chosen(self.first.value or '', self.last.value or '')
        else:
            period = Period.latest(int(self.span))
        return Wanted(
            period=period,
            channel=Channel(self.channel.value) if self.channel.value else None,
            agent=int(self.agent.value) if self.agent.value else None,
            campus=self.campus.value,
            simulated=self._simulated,
        )

    def said(self) -> list[tuple[str, str]]:
        """What is chosen, in words, for a file."""
        period = self.wanted().period
        fields = (('校区', self.campus), ('客服', self.agent), ('渠道', self.channel))
        return [
            ('时间', f'{period.first} 至 {period.last}'),
            *((word, field.options[field.value]) for word, field in fields),
        ]

    def _segments(self) -> None:
        self._buttons: dict[str, Button] = {}
        with ui.element('div').classes('segments').props('role=group aria-label=时间'):
            for span, word in SPANS.items():
                self._buttons[span] = Button(partial(self._turn, span))
                with self._buttons[span]:
                    text(word)

    def _select(self, options: dict[str, str], value: str, label: str) -> ui.select:
        known = value if value in options else ''
        return ui.select(options, value=known, on_change=self._changed).props(f'aria-label={label}')

    def _mark(self) -> None:
        for span, button in self._buttons.items():
            button.props(f'aria-pressed={"true" if span == self.span else "false"}')
        for day in (self.first, self.last):
            day.set_visibility(self.span == 'chosen')

    def _days_shown(self) -> tuple[str, str]:
        """What a choice of days starts from."""
        shown = Period.latest(int(self.span))
        return str(shown.first), str(shown.last)

    async def _turn(self, span: str) -> None:
        self.span = span
        if span != 'chosen':  # set while they are hidden: what is typed into them must not be written over
            self.first.value, self.last.value = self._days_shown()
        self._mark()
        await self._changed()

    async def _chosen(self) -> None:
        if self.span == 'chosen' and self.first.value and self.last.value and self.address != self._shown:
            await self._changed()

    async def _changed(self) -> None:
        self._shown = self.address
        ui.navigate.history.replace(self.address)
        await self._on_change()
