"""Bring the database to the tables this version of the program knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from console.config import Misconfigured

FOLDER = Path(__file__).parent.parent / 'models' / 'migrations'


def upgrade(engine: Engine) -> bool:
    """Apply what is missing, each step in a transaction; True if there was anything to do.

    Raises `Misconfigured` if the database was made by a newer version of the program.
    """
    config = configuration()
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
        scripts = ScriptDirectory.from_config(config)
        if current == scripts.get_current_head():
            return False
        if current is not None and not _known(scripts, current):
            raise Misconfigured(
                f'DATABASE_URL: the database is at version {current}, which this program does not know. '
                'It was made by a newer version; start that one, or restore an older backup.'
            )
        config.attributes['connection'] = connection
        with _tables_may_be_rebuilt(connection):
            command.upgrade(config, 'head')
            connection.commit()
    return True


@contextmanager
def _tables_may_be_rebuilt(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making a new one and dropping the old: what points to it must not go with it."""
    if connection.dialect.name != 'sqlite':
        yield
        return
    raw: Any = connection.connection.driver_connection
    raw.execute('PRAGMA foreign_keys=OFF')
    try:
        yield
        if broken := raw.execute('PRAGMA foreign_key_check').fetchall():
            raise RuntimeError(f'rows that point to nothing after the migration: {broken[:5]}')
    finally:
        raw.execute('PRAGMA foreign_keys=ON')


def configuration() -> Config:
    config = Config()
    config.set_main_option('script_location', str(FOLDER))
    config.set_main_option('path_separator', 'os')
    return config


def _known(scripts: ScriptDirectory, revision: str) -> bool:
    try:
        return scripts.get_revision(revision) is not None
    except CommandError:
        return False
