"""One sheet of the report: a picture, the same as a table, and as a file."""

import json
from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from console.reports_sheets import Shape, Sheet, said
from pages.widgets import button, panel, text

SIZES = {'messages': 'two', 'heat': 'two', 'stages': 'two', 'agents': 'wide', 'writers': 'wide', 'models': 'wide'}

Take = Callable[[list[str], str], Awaitable[None]]


def draw(sheet: Sheet, take: Take) -> None:
    """`take(keys, ending)` hands out a file."""
    pictured = sheet.shape is not Shape.TABLE

    def toggle() -> None:
        picture.set_visibility(not picture.visible)
        table.set_visibility(not picture.visible)
        switch.props(f'aria-pressed={"false" if picture.visible else "true"}')

    with panel(SIZES.get(sheet.key, '')) as box:
        box.props['aria-label'] = sheet.title
        with ui.element('header'):
            text(sheet.title, 'grow', tag='h2')
            if not sheet.empty:
                if pictured:
                    switch = button('表格', toggle, kind='quiet', small=True).props('aria-pressed=false')
                for word, ending in (('CSV', 'csv'), ('Excel', 'xlsx')):
                    file = button(word, partial(take, [sheet.key], ending), kind='quiet', small=True)
                    file.props['title'] = f'把“{sheet.title}”存为 {word} 文件'
        text(sheet.hint, 'hint', tag='small')
        if sheet.empty:
            text('这段时间没有数据', 'none', tag='div')
            return
        picture = ui.element('div').classes('drawn')
        with picture:
            if pictured:
                _picture(sheet)
        table = ui.element('div').classes('scroll-x').props('tabindex=0')
        with table:
            _table(sheet)
        picture.set_visibility(pictured)
        table.set_visibility(not pictured)


def picture(shape: Shape, title: str, series: list[str], rows: list[list[str | int | float]]) -> ui.element:
    """Drawn by assets/js/charts.js; `rows` begin with a label."""
    chart = ui.element('figure-chart').props(f'shape={shape}')
    chart.props['aria-label'] = f'{title}（图）'
    chart.props['series'] = json.dumps(series, ensure_ascii=False)
    chart.props['rows'] = json.dumps(rows, ensure_ascii=False)
    return chart


def _picture(sheet: Sheet) -> None:
    numbers = 1 if sheet.shape is Shape.BARS else len(sheet.columns) - 1
    picture(
        sheet.shape,
        sheet.title,
        [column.head for column in sheet.columns[1 : numbers + 1]],
        [[cell or 0 for cell in row[: numbers + 1]] for row in sheet.rows],
    )


def _table(sheet: Sheet) -> None:
    with ui.element('table').classes('table'):
        with ui.element('thead'), ui.element('tr'):
            for column in sheet.columns:
                text(column.head, tag='th').props('scope=col')
        with ui.element('tbody'):
            for row in sheet.rows:
                with ui.element('tr'):
                    for cell, column in zip(row, sheet.columns, strict=True):
                        text(said(cell, column.unit), tag='td')
