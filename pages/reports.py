"""The school's figures for a time, as pictures and tables, to read and to take away."""

import asyncio

from nicegui import ui

from console import reports, reports_sheets
from console.calendar import SCHOOL_TIME
from console.database import read, transact
from console.errors import ConsoleError
from console.parts import parts
from console.reports import Figure, Report
from console.reports_sheets import Unit, said
from console.staff import Action
from pages import reports_sheets as drawn
from pages.layout import me, staff_page
from pages.reports_bar import ReportBar
from pages.widgets import button, empty_state, error_state, panel, refusals_shown, row, skeleton, text


@staff_page('/reports', title='报表', action=Action.SEE_REPORTS)
async def reports_page(
    *, period: str = '7', first: str = '', last: str = '', campus: str = '', agent: str = '', channel: str = ''
) -> None:
    asked = {'period': period, 'first': first, 'last': last, 'campus': campus, 'agent': agent, 'channel': channel}
    page = ReportPage(me())
    choices = await read(reports.choices, by=page.by)
    with ui.element('div').classes('sheet'):
        page.bar = ReportBar(choices, page.load, simulated=not parts().production, asked=asked)
        page.board()
    ui.timer(0.01, page.load, once=True)


class ReportPage:
    """One open report: what is chosen in `bar`, and the figures once they are there."""

    bar: ReportBar

    def __init__(self, by: int) -> None:
        self.by = by
        self.report: Report | None = None
        self.asked = 0

    async def load(self) -> None:
        self.asked += 1
        mine = self.asked
        self.report, fault = None, ''
        self.board.refresh(fault)  # without it, what was refused before would be shown again
        try:
            report = await read(reports.draw, self.bar.wanted(), by=self.by)
        except ConsoleError as refusal:
            report, fault = None, str(refusal)
        if mine == self.asked:  # else something else was chosen meanwhile
            self.report = report
            self.board.refresh(fault)

    @ui.refreshable_method
    def board(self, fault: str = '') -> None:
        if fault:
            with panel():
                error_state(fault, self.load)
        elif self.report is None:
            with panel():
                skeleton(12)
        else:
            self.show(self.report)

    def show(self, report: Report) -> None:
        _figures(report)
        if report.empty:
            with panel():
                empty_state('这段时间没有消息，也没有草稿', '换一段更长的时间，或去掉筛选条件。')
        with ui.element('div').classes('report-sheets'):
            for sheet in report.sheets:
                if not report.empty or sheet.key == 'stages':
                    drawn.draw(sheet, self.take)
        with row('end'):
            text(f'数据截至 {report.at + SCHOOL_TIME:%m-%d %H:%M}', 'muted')
            button('刷新', self.load, small=True)
            button('全部导出 Excel', self.take_all, small=True, disabled=report.empty)

    async def take(self, keys: list[str], ending: str) -> None:
        """Hand out a file of these sheets; a CSV holds the first."""
        report = self.report
        if report is None:
            return
        with refusals_shown():
            sheets = await transact(reports.taken_away, report, keys, by=self.by)
            if ending == 'csv':
                content = await asyncio.to_thread(reports_sheets.as_csv, sheets[0])
            else:
                content = await asyncio.to_thread(reports_sheets.as_workbook, sheets, self.bar.said())
            title, days = sheets[0].title if len(sheets) == 1 else '报表', report.wanted.period
            ui.download.content(content, f'{title} {days.first} {days.last}.{ending}')

    async def take_all(self) -> None:
        if self.report is not None:
            await self.take([sheet.key for sheet in self.report.sheets if not sheet.empty], 'xlsx')


def _figures(report: Report) -> None:
    with ui.element('div').classes('report-figures'):
        for figure in report.figures:
            with panel():
                text(figure.word if figure.tail is None else f'{figure.word} P50', 'muted')
                text(said(figure.value, figure.unit), 'num', tag='b')
                with ui.element('small').classes('num'):
                    if figure.tail is not None:
                        text(f'P90 {said(figure.tail, figure.unit)}')
                    _compared(figure)


def _compared(figure: Figure) -> None:
    before = said(figure.before, figure.unit)
    if figure.value is None or figure.before is None:
        text('之前没有' if figure.value is not None else '没有数据')
        return
    change = figure.value - figure.before
    if figure.unit is Unit.SHARE:
        words = f'{abs(change) * 100:.1f} 个百分点'
    elif figure.before:
        words = f'{abs(change) / figure.before:.0%}'
    else:
        words = said(abs(change), figure.unit)
    if words in ('0', '0%', '0.0 个百分点'):
        text('与之前相同')
        return
    up = change > 0
    tone = '' if not figure.better else 'good' if up is (figure.better == 'more') else 'bad'
    text(f'{"▲" if up else "▼"} {words}', tone).props['title'] = f'之前同样长的时间: {before}'
