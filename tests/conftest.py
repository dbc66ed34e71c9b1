"""What tests of the whole console share: both databases, a WeCom of our own, and the running server."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from console import crypto, database, knowledge, media_shelf, migrations
from console.database import Database
from console.sandbox import Sandbox, invent_credentials
from models import Role, Table
from tests.desk import Desk
from tests.postgres import PostgresServer, start_postgres
from tests.server import ConsoleServer
from tests.warm import WarmConsole

ADMIN = {'ADMIN_USERNAME': 'head', 'ADMIN_PASSWORD': 'a long enough password'}
KEYS = 'a key for tests that is long enough'
QUICK = {'QUIET_PERIOD': '0.3', 'QUIET_PERIOD_LONGEST': '1.2', 'UNDO_PERIOD': '0'}

Servers = Callable[[str, Callable[[], dict[str, str]]], ConsoleServer]
"""The server of a name, started with these settings when it is first asked for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that nobody is left alone with it in the end."""
    items.sort(key=lambda item: 'reliability' not in item.path.parts)


@pytest.fixture(scope='session')
def postgres() -> Iterator[PostgresServer]:
    with start_postgres() as server:
        yield server


@pytest.fixture(scope='session', params=['sqlite', 'postgresql'])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database: every test that asks for it runs on both."""
    return str(request.param)


@pytest.fixture(scope='session')
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | Path]:
    """An empty, migrated database of each kind, to be copied; made when first asked for."""
    return {'folder': tmp_path_factory.mktemp('databases')}


@pytest.fixture
def database_url(
    kind: str, templates: dict[str, str | Path], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A database of one's own with all tables and nothing in them."""
    with _copied(kind, templates, tmp_path, request) as url:
        yield url


@pytest.fixture(scope='session')
def opened(
    kind: str,
    templates: dict[str, str | Path],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Database]:
    """One database for all tests of a kind: opening one costs more than most of them."""
    crypto.use_keys(KEYS)
    with _copied(kind, templates, tmp_path_factory.mktemp('opened'), request) as url:
        yield database.open_database(url)
        database.close_database()


@pytest.fixture
def db(opened: Database, templates: dict[str, str | Path], tmp_path: Path) -> Iterator[Database]:
    """This process's database, open and empty. Services are called through `db.transact(service, …)`."""
    crypto.use_keys(KEYS)
    media_shelf.open_folder(tmp_path / 'media')
    knowledge.open_shelf(Path(templates['folder']) / 'dictionary')
    yield opened
    opened.loop = None
    with opened.engine.begin() as connection:
        _empty(connection)


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    """One open transaction on `db`, rolled back in the end."""
    with Session(db.engine, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture(scope='session')
def wecom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A WeCom in this process, which outlives the servers that talk to it, and knows what each phone saw."""
    folder = tmp_path_factory.mktemp('wecom')
    sandbox = sandbox_in(folder, retry_pauses=(0.2, 0.4, 0.8))
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope='session')
def servers(postgres: PostgresServer) -> Iterator[Servers]:
    """Servers by name, each started when first asked for. They stay: the databases take turns, file by file.

    `postgres` is here so that it outlives them.
    """
    running: dict[str, ConsoleServer] = {}
    with ExitStack() as stack:

        def named(name: str, settings: Callable[[], dict[str, str]]) -> ConsoleServer:
            if name not in running:
                running[name] = stack.enter_context(WarmConsole(settings()))
            return running[name]

        yield named


@pytest.fixture(scope='session')
def console(
    kind: str,
    wecom: Sandbox,
    servers: Servers,
    request: pytest.FixtureRequest,
) -> ConsoleServer:
    """The running server, connected to `wecom` as to the real one. Its administrator is `head`."""
    server = servers(
        f'console {kind}',
        lambda: ADMIN | QUICK | wecom_settings(wecom) | {'SIMULATION': 'off'} | _database_of(kind, request),
    )
    wecom.callback_url = f'{server.url}/api/v1/wechat/message'
    return server


@pytest.fixture(scope='session')
def demo(
    kind: str,
    servers: Servers,
    request: pytest.FixtureRequest,
) -> ConsoleServer:
    """The running server as `make run` starts it: demo school, built-in sandbox, no settings but a quick pace."""
    return servers(f'demo {kind}', lambda: QUICK | _database_of(kind, request))


@pytest.fixture
def admin(console: ConsoleServer) -> Iterator[Desk]:
    """The administrator at the JSON API of `console`."""
    desk = Desk.signed_in(console.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
    yield desk
    desk.close()


@pytest.fixture
def supervisor(console: ConsoleServer, admin: Desk) -> Desk:
    """A supervisor made for this test."""
    return admin.colleague(Role.SUPERVISOR)


def wecom_settings(wecom: Sandbox) -> dict[str, str]:
    """The settings that make a server take `wecom` for the real one."""
    given = wecom.credentials
    return {
        'WECHAT_CORP_ID': given.corp_id,
        'WECHAT_AGENT_ID': str(given.agent_id),
        'WECHAT_SECRET': given.secret,
        'WECHAT_TOKEN': given.token,
        'WECHAT_ENCODING_AES_KEY': given.encoding_aes_key,
        'WECHAT_API_BASE_URL': wecom.api_base_url,
        'WECHAT_OAUTH_BASE_URL': wecom.oauth_base_url,
        'WECHAT_LOGIN_BASE_URL': wecom.login_base_url,
    }


def sandbox_in(folder: Path, **manner: Any) -> Sandbox:
    """A WeCom that keeps what it knows in this folder."""
    given = invent_credentials(folder / 'sandbox.json')
    return Sandbox(
        folder / 'sandbox.sqlite3',
        corp_id=given.corp_id,
        agent_id=given.agent_id,
        secret=given.secret,
        token=given.token,
        encoding_aes_key=given.encoding_aes_key,
        **manner,
    )


def _database_of(kind: str, request: pytest.FixtureRequest) -> dict[str, str]:
    if kind == 'sqlite':
        return {}
    server: PostgresServer = request.getfixturevalue('postgres')
    return {'DATABASE_URL': server.create_database(f'console_{uuid.uuid4().hex[:12]}')}


@contextmanager
def _copied(kind: str, templates: dict[str, str | Path], folder: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    if kind == 'sqlite':
        template = Path(templates['folder']) / 'template.sqlite3'
        if not template.exists():
            _migrated(f'sqlite:///{template}')
        copy = folder / 'edudesk.sqlite3'
        shutil.copy(template, copy)
        yield f'sqlite:///{copy}'
        return
    server: PostgresServer = request.getfixturevalue('postgres')
    if 'postgresql' not in templates:
        templates['postgresql'] = f'template_{uuid.uuid4().hex[:8]}'
        _migrated(server.create_database(str(templates['postgresql'])))
    name = f'test_{uuid.uuid4().hex[:12]}'
    yield server.create_database(name, template=str(templates['postgresql']))
    server.drop_database(name)


def _empty(connection: Connection) -> None:
    """No row in any table, and ids from 1 again."""
    tables = list(reversed(Table.metadata.sorted_tables))
    there = ' UNION ALL '.join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables)
    full = set(connection.scalars(text(there)))
    for table in tables:
        if table.name in full:
            connection.execute(table.delete())
            if connection.dialect.name == 'postgresql' and 'id' in table.c:
                connection.execute(text(f'ALTER SEQUENCE {table}_id_seq RESTART'))


def _migrated(url: str) -> None:
    made = Database(url)
    migrations.upgrade(made.engine)
    made.close()
