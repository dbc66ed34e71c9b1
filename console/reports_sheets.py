"""Figures in rows and columns: what every chart is drawn from, read as, and exported as."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from console import tables

Cell = str | int | float | None


class Unit(StrEnum):
    WORDS = 'words'
    PERSON = 'person'  # the name of a colleague
    COUNT = 'count'
    SHARE = 'share'  # 0 to 1
    SECONDS = 'seconds'


class Shape(StrEnum):
    """How it looks before somebody asks for the table."""

    COLUMNS = 'columns'  # one for each row, made up of the numbers in it
    BARS = 'bars'  # one for each row, of its first number
    HEAT = 'heat'  # one square for each number
    TABLE = 'table'


@dataclass(frozen=True)
class Column:
    head: str
    unit: Unit = Unit.COUNT


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """`hint` says how the figures are meant. The first column says what a row is about."""

    key: str
    title: str
    hint: str = ''
    columns: tuple[Column, ...]
    rows: list[tuple[Cell, ...]]
    shape: Shape = Shape.TABLE

    @property
    def empty(self) -> bool:
        return not any(cell for row in self.rows for cell in row[1:] if not isinstance(cell, str))

    def with_people(self, named: Callable[[str], str]) -> 'Sheet':
        """With `named(name)` for every name of a colleague."""
        people = {place for place, column in enumerate(self.columns) if column.unit is Unit.PERSON}
        rows = [
            tuple(named(cell) if place in people and isinstance(cell, str) else cell for place, cell in enumerate(row))
            for row in self.rows
        ]
        return replace(self, rows=rows)


def said(cell: Cell, unit: Unit) -> str:
    """As staff read it; a figure that cannot be had is a dash."""
    if cell is None:
        return '—'
    if isinstance(cell, str):
        return cell
    if unit is Unit.SHARE:
        return f'{cell:.0%}' if cell in (0, 1) else f'{cell:.1%}'
    return duration(cell) if unit is Unit.SECONDS else f'{cell:,.0f}'


def duration(seconds: float) -> str:
    """42 秒, 3 分 20 秒, 1 小时 5 分, 2 天 3 小时; below ten seconds with a tenth."""
    if seconds < 10:
        return f'{seconds:.1f} 秒'
    whole = round(seconds)
    for size, word, below, part in ((86400, '天', 3600, '小时'), (3600, '小时', 60, '分'), (60, '分', 1, '秒')):
        if whole >= size:
            rest = whole % size // below
            return f'{whole // size} {word} {rest} {part}' if rest else f'{whole // size} {word}'
    return f'{whole} 秒'


def masked(name: str) -> str:
    """The first sign of a name; 林主管 is 林**."""
    return f'{name[:1]}{"*" * max(1, len(name) - 1)}'


def as_csv(sheet: Sheet) -> bytes:
    """UTF-8 with a byte order mark; durations are in seconds. No cell is taken for a formula."""
    heads = [_head(column) for column in sheet.columns]
    rows = ([_plain(cell, column.unit) for cell, column in zip(row, sheet.columns, strict=True)] for row in sheet.rows)
    return tables.as_csv(heads, rows)


def as_workbook(sheets: Iterable[Sheet], about: Iterable[tuple[str, str]]) -> bytes:
    """One .xlsx with a page for each sheet, after a first one of what the figures are `about`."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    front: Any = book.active
    front.title = '说明'
    for line in about:
        front.append([_harmless(words) for words in line])
    for sheet in sheets:
        page: Any = book.create_sheet(sheet.title[:31])
        page.append([_head(column) for column in sheet.columns])
        for cell in page[1]:
            cell.font = Font(bold=True)
        for row in sheet.rows:
            page.append([_harmless(cell) for cell in row])
        for place, column in enumerate(sheet.columns, 1):
            for [cell] in page.iter_rows(min_row=2, min_col=place, max_col=place):
                cell.number_format = {Unit.SHARE: '0.0%', Unit.SECONDS: '0.0'}.get(column.unit, cell.number_format)
        page.freeze_panes = 'B2'
        page.column_dimensions['A'].width = 22
        if sheet.hint:
            front.append([sheet.title, sheet.hint])
    front.column_dimensions['A'].width = 22
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _head(column: Column) -> str:
    return f'{column.head}（秒）' if column.unit is Unit.SECONDS else column.head


def _harmless(cell: Cell) -> Cell:
    return tables.guarded(''.join(sign for sign in cell if sign.isprintable())) if isinstance(cell, str) else cell


def _plain(cell: Cell, unit: Unit) -> str:
    if cell is None or isinstance(cell, str):
        return cell or ''
    return f'{cell:.1%}' if unit is Unit.SHARE else f'{cell:g}' if unit is Unit.COUNT else f'{cell:.1f}'
