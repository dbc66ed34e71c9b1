"""Backups: every row as JSON lines and every file in one zip, taken from one snapshot, the same for both databases.

A backup holds no keys: what is sealed in it opens only with the FIELD_ENCRYPTION_KEYS of the installation it came from.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Date, Engine, Integer, func, insert, select, text
from sqlalchemy import Table as SchemaTable
from sqlalchemy.exc import CompileError, DataError, IntegrityError

from console import media_shelf
from console.crypto import CannotOpen
from console.errors import ConsoleError
from models import MediaFile, Table, utc_now
from models.base import UtcDateTime

FORMAT = 1
ROWS_AT_ONCE = 500
MEDIA = 'media/'
DAMAGED = (
    OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, CannotOpen,
    LookupError, ValueError, TypeError, AttributeError,
    IntegrityError, DataError, CompileError,
)  # fmt: skip
"""What reading a file comes to that is none of ours or no longer whole: unpacked, understood, kept."""


class NotABackup(ConsoleError):
    """The file is not a backup of ours, or is damaged."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f'{path} 不是可用的备份文件：{why}')


class NotEmpty(ConsoleError):
    """There is data already where the backup should go."""

    def __init__(self) -> None:
        super().__init__('数据库中已有数据，没有恢复。确定要用备份覆盖它，请加上 --force。')


def write(engine: Engine, path: Path) -> dict[str, int]:
    """Copy everything into `path`, also while the console runs; rows by table. The file appears whole or not at all."""
    unfinished = path.with_name(f'{path.name}.unfinished')
    rows: dict[str, int] = {}
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, 'w+b') as file, _snapshot(engine) as connection:
        with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as archive:
            for table in Table.metadata.sorted_tables:
                rows[table.name] = _write_table(connection, table, archive)
            files, missing = _write_media(connection, archive)
            manifest = {
                'format': FORMAT,
                'schema': MigrationContext.configure(connection).get_current_revision(),
                'made_at': utc_now().isoformat(),
                'rows': rows,
                'media': files,
                'media_missing': missing,
            }
            archive.writestr('manifest.json', json.dumps(manifest, ensure_ascii=False, indent=2))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return rows


def restore(engine: Engine, path: Path, *, force: bool = False) -> dict[str, int]:
    """Fill an empty, migrated database from `path`, in one transaction; rows by table.

    Raises `NotABackup`, and `NotEmpty` unless `force` says to replace what is there.
    """
    try:
        with zipfile.ZipFile(path) as archive, engine.begin() as connection:
            manifest = json.loads(archive.read('manifest.json'))
            _check(path, manifest, connection)
            tables = Table.metadata.sorted_tables
            if any(connection.scalar(select(func.count()).select_from(table)) for table in tables):
                if not force:
                    raise NotEmpty
                for table in reversed(tables):
                    connection.execute(table.delete())
            rows = {table.name: _read_table(connection, table, archive) for table in tables}
            _read_media(path, manifest, archive)
            if rows != {table.name: manifest['rows'].get(table.name, 0) for table in tables}:
                raise NotABackup(path, '行数与清单不符。')
            return rows
    except DAMAGED as fault:
        raise NotABackup(path, type(fault).__name__) from None


def _check(path: Path, manifest: dict[str, Any], connection: Connection) -> None:
    here = MigrationContext.configure(connection).get_current_revision()
    if manifest.get('format') != FORMAT:
        raise NotABackup(path, '格式版本不同。')
    if manifest.get('schema') != here:
        raise NotABackup(path, f'数据版本是 {manifest.get("schema")}，程序是 {here}。请用当时的程序恢复，再升级。')


def _snapshot(engine: Engine) -> Connection:
    connection = engine.connect()
    if engine.dialect.name == 'postgresql':
        connection = connection.execution_options(isolation_level='REPEATABLE READ', postgresql_readonly=True)
    return connection


def _write_table(connection: Connection, table: SchemaTable, archive: zipfile.ZipFile) -> int:
    count = 0
    with archive.open(f'{table.name}.jsonl', 'w') as lines:
        for row in connection.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table)).mappings():
            lines.write(json.dumps(dict(row), ensure_ascii=False, default=_as_text).encode() + b'\n')
            count += 1
    return count


def _read_table(connection: Connection, table: SchemaTable, archive: zipfile.ZipFile) -> int:
    count = 0
    with archive.open(f'{table.name}.jsonl') as lines:
        for batch in _batches(_values(table, json.loads(line)) for line in lines):
            connection.execute(insert(table), batch)
            count += len(batch)
    key = next(iter(table.primary_key.columns))
    if (
        connection.dialect.name == 'postgresql'
        and len(table.primary_key.columns) == 1
        and isinstance(key.type, Integer)
    ):
        highest = connection.scalar(select(func.max(key)))
        connection.execute(
            text('SELECT setval(pg_get_serial_sequence(:table, :column), :value, :used)'),
            {'table': table.name, 'column': key.name, 'value': highest or 1, 'used': highest is not None},
        )
    return count


def _write_media(connection: Connection, archive: zipfile.ZipFile) -> tuple[int, int]:
    """The files that the rows name, sealed as they lie; how many, and how many of them were not there."""
    kept = select(MediaFile.path).where(MediaFile.path.is_not(None)).distinct().order_by(MediaFile.path)
    named = connection.scalars(kept)
    written = missing = 0
    for path in named:
        try:
            sealed = media_shelf.taken_out(str(path))
        except FileNotFoundError:
            missing += 1
            continue
        archive.writestr(f'{MEDIA}{path}', sealed, zipfile.ZIP_STORED)
        written += 1
    return written, missing


def _read_media(path: Path, manifest: dict[str, Any], archive: zipfile.ZipFile) -> None:
    """Put the files back. A backup that is older than they are has none."""
    names = [name for name in archive.namelist() if name.startswith(MEDIA)]
    if len(names) != manifest.get('media', 0):
        raise NotABackup(path, '文件数与清单不符。')
    for name in names:
        media_shelf.put_back(name.removeprefix(MEDIA), archive.read(name))


def _values(table: SchemaTable, row: dict[str, Any]) -> dict[str, Any]:
    for column in table.columns:
        value = row.get(column.name)
        if isinstance(value, str) and isinstance(column.type, UtcDateTime):
            row[column.name] = datetime.fromisoformat(value)
        elif isinstance(value, str) and isinstance(column.type, Date):
            row[column.name] = date.fromisoformat(value)
    return row


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _as_text(value: Any) -> str:
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    raise TypeError(f'a backup cannot hold {type(value).__name__}')
