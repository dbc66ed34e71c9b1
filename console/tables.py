"""Tables as people hand them in and take them away: Excel, CSV, Markdown."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from console.errors import Invalid

LARGEST = 5 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 60
LONGEST_CELL = 20_000
_UNPACKED = 60 * 1024 * 1024
_MEMBERS = 300
_RATIO, _SMALL = 200, 1024 * 1024
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


@dataclass(frozen=True)
class Sheet:
    """`rows` have a text for each of `columns`; `numbers` say where each stands in the file."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]


def read(name: str, content: bytes) -> Sheet:
    """The first sheet of an Excel file, a CSV or a Markdown file. Raises `Invalid` for `file`."""
    if len(content) > LARGEST:
        raise Invalid('file', f'文件超过 {LARGEST // 1024 // 1024} MB，请分成几个文件。')
    ending = name.lower().rpartition('.')[2]
    if ending in ('xlsx', 'xlsm'):
        return _sheet(_excel(content))
    if ending in ('csv', 'txt', 'tsv'):
        return _sheet(_csv(_decoded(content)))
    if ending in ('md', 'markdown'):
        return _markdown(_decoded(content))
    raise Invalid('file', '只能导入 Excel (.xlsx)、CSV 或 Markdown 文件。')


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """With a byte order mark, so that Excel reads it as UTF-8. No cell is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([guarded(cell) for cell in row] for row in (columns, *rows))
    return out.getvalue().encode('utf-8-sig')


def as_excel(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Every cell is text."""
    import openpyxl  # a third of a second, which only who brings in or takes out a file should wait
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet('Sheet1')
    for row in (columns, *rows):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=re.sub('[\x00-\x08\x0b\x0c\x0e-\x1f]', '', value))
            cell.data_type = 's'
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def guarded(cell: str) -> str:
    """A quotation mark in front, which CSV has no other way to say; `_unguarded` takes it away again."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _decoded(content: bytes) -> str:
    for encoding in ('utf-8-sig', 'gb18030'):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid('file', '认不出文件的编码。请另存为 UTF-8 后再试。')


def _csv(text: str) -> Iterable[tuple[int, list[str]]]:
    first = text.partition('\n')[0]
    delimiter = max(',\t;', key=first.count)
    csv.field_size_limit(LARGEST)
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=delimiter)
    try:
        for row in reader:
            yield reader.line_num, [_unguarded(cell) for cell in row]
    except csv.Error:
        raise Invalid('file', f'第 {reader.line_num} 行附近的格式有误。') from None


def _excel(content: bytes) -> Iterable[tuple[int, list[str]]]:
    import openpyxl

    _require_sane(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for number, row in enumerate(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS), 1):
            yield number, [_text(value) for value in row]
    except Invalid:
        raise
    except Exception:  # whatever is wrong with a stranger's file, openpyxl says it in its own ways
        raise Invalid('file', '这个 Excel 文件打不开。请用 Excel 另存为 .xlsx 后再试。') from None


def _require_sane(content: bytes) -> None:
    """A small file may unpack to one that fills the memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile:
        raise Invalid('file', '这不是 Excel (.xlsx) 文件。旧的 .xls 请另存为 .xlsx。') from None
    unpacked = sum(member.file_size for member in members)
    swollen = any(
        member.file_size > _SMALL and member.file_size > _RATIO * max(1, member.compress_size) for member in members
    )
    if len(members) > _MEMBERS or unpacked > _UNPACKED or swollen:
        raise Invalid('file', '文件解压后过大，无法导入。请分成几个文件。')


def _text(value: Any) -> str:
    if value is None:
        return ''
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(' ', 'minutes')
    if isinstance(value, date):
        return value.isoformat()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _sheet(lines: Iterable[tuple[int, list[str]]]) -> Sheet:
    columns: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    for number, found in lines:
        cells = [cell.strip() for cell in found]
        if not any(cells):
            continue
        if not columns:
            while cells and not cells[-1]:
                cells.pop()
            columns = tuple(cell or f'第 {place} 列' for place, cell in enumerate(cells[:MOST_COLUMNS], 1))
            continue
        if len(rows) == MOST_ROWS:
            raise Invalid('file', f'超过 {MOST_ROWS} 行，请分成几个文件。')
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise Invalid('file', f'第 {number} 行有一格超过 {LONGEST_CELL} 字。')
        rows.append(tuple((cells + [''] * len(columns))[: len(columns)]))
        numbers.append(number)
    if not rows:
        raise Invalid('file', '文件里没有内容。第一行应是列名，其后每行一条。')
    return Sheet(columns, tuple(rows), tuple(numbers))


def _markdown(text: str) -> Sheet:
    """A heading is a question, what stands below it the answer."""
    rows: list[tuple[str, str]] = []
    numbers: list[int] = []
    body: list[str] = []
    title, at = '', 0

    def close() -> None:
        if title and ''.join(body).strip():
            rows.append((title, '\n'.join(body).strip()))
            numbers.append(at)

    for number, line in enumerate(text.splitlines(), 1):
        if heading := re.match(r'#{1,6}\s+(.+)', line):
            close()
            title, at, body = heading[1].strip().strip('#').strip(), number, []
        else:
            body.append(line)
    close()
    if not rows:
        raise Invalid('file', '没有找到“# 问题”和下面的答案。')
    return Sheet(('问题', '答案'), tuple(rows), tuple(numbers))
