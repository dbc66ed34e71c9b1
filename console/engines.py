"""Connections to the two databases, set up so that nothing acknowledged is lost and nobody waits for ever."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from models import storable

TRANSIENT_PGCODES = {'40001', '40P01', '57P01', '57P02', '57P03'}  # serialisation, deadlock, server shutting down

KEEPALIVES = {'keepalives': 1, 'keepalives_idle': 30, 'keepalives_interval': 10, 'keepalives_count': 3}
"""A minute after the line went dead the connection is known to be, also if it only listens."""


def address(url: str) -> URL:
    """With its driver: plain `postgresql://` means psycopg2."""
    parsed = make_url(url)
    return parsed.set(drivername='postgresql+psycopg2') if parsed.drivername == 'postgresql' else parsed


def reading_engine(url: str) -> Engine:
    """An engine that only looks, also at a SQLite file that a running console holds."""
    parsed = address(url)
    if parsed.get_backend_name() == 'sqlite':
        return sqlite_engine(parsed, pool_size=1, read_only=True)
    return postgres_engine(parsed, pool_size=1)


def sqlite_engine(url: URL, *, pool_size: int, read_only: bool = False) -> Engine:
    """Every commit is on the disk before it returns; readers do not wait for the one writer."""
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=300,  # whoever waits for the one writer waits his turn, however slow the machine
        hide_parameters=True,  # they hold personal data, and faults are logged
        connect_args={'check_same_thread': False},
    )

    @event.listens_for(engine, 'connect')
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        for pragma in (
            'journal_mode=WAL',
            'synchronous=FULL',
            'foreign_keys=ON',
            'busy_timeout=5000',
            f'query_only={"ON" if read_only else "OFF"}',
        ):
            connection.execute(f'PRAGMA {pragma}')

    @event.listens_for(engine, 'begin')
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once when another wrote in between.
        connection.exec_driver_sql('BEGIN' if read_only else 'BEGIN IMMEDIATE')

    return _keeping_only_text(engine)


def postgres_engine(url: URL, *, pool_size: int) -> Engine:
    """A query ends after 15 s, an idle transaction after 30."""
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,  # they hold personal data, and faults are logged
        executemany_mode='values_plus_batch',
        connect_args={
            'connect_timeout': 5,
            **KEEPALIVES,
            'options': '-c statement_timeout=15000 -c idle_in_transaction_session_timeout=30000 -c timezone=UTC',
        },
    )
    return _keeping_only_text(engine)


def is_transient(fault: DBAPIError) -> bool:
    """Whether the same again may go well: on SQLite never, since it has waited already."""
    if not hasattr(fault.orig, 'pgcode'):
        return False
    code = getattr(fault.orig, 'pgcode', None)
    unreachable = code is None and isinstance(fault, OperationalError)
    return unreachable or fault.connection_invalidated or code in TRANSIENT_PGCODES


def _keeping_only_text(engine: Engine) -> Engine:
    """Whatever a statement is given loses what no database keeps, see docs/decisions/0020."""

    @event.listens_for(engine, 'before_cursor_execute', retval=True)
    def clean(
        _connection: Any, _cursor: Any, statement: str, given: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        return statement, _storable(given)

    return engine


def _storable(given: Any) -> Any:
    """The same, in rows, lists and texts."""
    if isinstance(given, str):
        return storable(given)
    if isinstance(given, dict):
        return {name: _storable(value) for name, value in given.items()}
    if isinstance(given, list | tuple):
        return type(given)([_storable(value) for value in given])
    return given
