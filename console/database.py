"""The only door to the database: one call, one transaction, off the event loop.

SQLite has one writer, so every write goes through one thread; readers run beside it. PostgreSQL has as many threads
as connections, so that a query may wait for a thread but never times out waiting for a connection.
"""

import asyncio
import fcntl
import logging
import os
import random
import select
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import cache, partial
from pathlib import Path
from threading import Event, Thread
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from console import engines, signals
from console.errors import ConsoleError
from console.lanes import Lane

P = ParamSpec('P')
R = TypeVar('R')
T = TypeVar('T')

log = logging.getLogger(__name__)

SQLITE_READERS = 4
MOST_TOGETHER = 256
NEWS_CHANNEL = 'edudesk_news'
NEWS_IN_A_NOTE = 200
"""PostgreSQL takes less than 8,000 bytes in one."""

PRESENCE = 0x4564754465736B  # "EduDesk", the key of the advisory lock that every running process shares


class DatabaseInUse(ConsoleError):
    """A second process was started on the same SQLite file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f'数据库文件 {path.name} 正被另一个进程使用。请先停止它；需要多台服务器时请改用 PostgreSQL。')


class Database:
    """Engines, threads and the writer's queue for one database."""

    def __init__(self, url: str, *, connections: int = 8) -> None:
        """Raises `DatabaseInUse` if another process has this SQLite file open."""
        self.url = engines.address(url)
        self.instance = uuid.uuid4().hex
        self.sqlite = self.url.get_backend_name() == 'sqlite'
        self._lock_file: int | None = None
        if self.sqlite:
            self._lock_file = _lock(Path(self.url.database or ''))
            self.engine = engines.sqlite_engine(self.url, pool_size=1)
            self.read_engine = engines.sqlite_engine(self.url, pool_size=SQLITE_READERS, read_only=True)
            lane = Lane('database-writer')
            self._writers: Executor = lane
            self._readers: Executor = ThreadPoolExecutor(SQLITE_READERS, thread_name_prefix='database-reader')
            self._together: Executor = lane
            self._submit_together: Callable[..., Any] = lane.submit_urgent
        else:
            # One more each for the thread of `together` and for the one that listens.
            self.engine = engines.postgres_engine(self.url, pool_size=connections + 2)
            self.read_engine = self.engine.execution_options(
                isolation_level='REPEATABLE READ', postgresql_readonly=True
            )
            self._writers = self._readers = ThreadPoolExecutor(connections, thread_name_prefix='database')
            self._together = ThreadPoolExecutor(1, thread_name_prefix='database-together')
            self._submit_together = self._together.submit
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._read_sessions = sessionmaker(self.read_engine, expire_on_commit=False, autoflush=False)
        self._queues: dict[Callable[..., None], list[tuple[Any, asyncio.Future[None]]]] = {}
        self.loop: asyncio.AbstractEventLoop | None = None

    def transact(self, work: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work(session, …)` as one transaction in this thread: commits if it returns, rolls back if it raises.

        PostgreSQL's deadlocks and lost connections are tried again, five times in all; but not a connection lost in
        the commit itself, which may have happened: a reply must not be sent twice.
        """
        return self._transact(lambda session: work(session, *args, **kwargs), repeatable=False)

    def read(self, work: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work(session, …)` on a snapshot; what it writes is refused or rolled back."""
        with self._read_sessions() as session:
            result = work(session, *args, **kwargs)
            session.expunge_all()  # what was loaded stays readable: a rollback would expire it
            return result

    async def transact_soon(
        self, work: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        return await asyncio.get_running_loop().run_in_executor(
            self._writers, partial(self.transact, work, *args, **kwargs)
        )

    async def read_soon(self, work: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, partial(self.read, work, *args, **kwargs)
        )

    def if_alone(self, work: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        """`transact`, unless another process listens on this database; then None, and nothing is done."""
        if self.sqlite:
            return self.transact(work, *args, **kwargs)
        with self.engine.connect().execution_options(isolation_level='AUTOCOMMIT') as connection:
            if not connection.scalar(text('SELECT pg_try_advisory_lock(:key)'), {'key': PRESENCE}):
                return None
            try:
                return self.transact(work, *args, **kwargs)
            finally:
                connection.execute(text('SELECT pg_advisory_unlock(:key)'), {'key': PRESENCE})

    async def together(self, work: Callable[[Session, Sequence[T]], None], item: T) -> None:
        """Have `work(session, items)` done for this item and all that queued meanwhile, in one commit.

        Returns after the commit. All items of a batch fail together. `work` must do no harm if it is done twice.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        queue = self._queues.setdefault(work, [])
        queue.append((item, done))
        if len(queue) == 1:
            self._submit_together(self._flush, loop, work)
        await done

    @property
    def pressed(self) -> bool:
        """Whether someone waits for a commit that must not wait."""
        return any(self._queues.values())

    def close(self) -> None:
        for threads in {self._writers, self._readers, self._together}:
            threads.shutdown(wait=True)
        self.engine.dispose()
        self.read_engine.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def _transact(self, work: Callable[[Session], R], *, repeatable: bool) -> R:
        """`repeatable`: `work` does no harm if it is done twice."""
        for attempt in range(5):
            committing = False
            try:
                with self._sessions() as session:
                    result = work(session)
                    news = session.info.pop('news', {})
                    if news and not self.sqlite:
                        self._notify(session, news)
                    session.flush()
                    committing = True
                    session.commit()
            except DBAPIError as fault:
                perhaps_done = committing and getattr(fault.orig, 'pgcode', None) is None
                if attempt == 4 or not engines.is_transient(fault) or (perhaps_done and not repeatable):
                    raise
                time.sleep(random.uniform(0.05, 0.2) * 2**attempt)  # noqa: S311  jitter, not a secret
            else:
                self.emit(news)
                return result
        raise AssertionError('unreachable')

    def emit(self, news: Any) -> None:
        """Tell this process's listeners, on the loop."""
        if self.loop is not None and news:
            with suppress(RuntimeError):  # the loop has closed: nobody listens any more
                self.loop.call_soon_threadsafe(_emit_all, list(news))

    def _flush(self, loop: asyncio.AbstractEventLoop, work: Callable[..., None]) -> None:
        queue = self._queues[work]
        taken = queue[:MOST_TOGETHER]
        fault: BaseException | None = None
        try:
            self._transact(lambda session: work(session, [item for item, _ in taken]), repeatable=True)
        except BaseException as raised:
            fault = raised
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._settle, loop, work, [done for _, done in taken], fault)

    def _settle(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Callable[..., None],
        waiting: list[asyncio.Future[None]],
        fault: BaseException | None,
    ) -> None:
        queue = self._queues[work]
        del queue[: len(waiting)]
        if queue:
            self._submit_together(self._flush, loop, work)
        for done in waiting:
            if done.done():
                continue
            if fault is None:
                done.set_result(None)
            else:
                done.set_exception(fault)

    def _notify(self, session: Session, news: Any) -> None:
        names = {signal: name for name, signal in signals.BY_NAME.items()}
        words = [f'{names[signal]}:{payload}' for signal, payload in news]
        for first in range(0, len(words), NEWS_IN_A_NOTE):
            note = ' '.join([self.instance, *words[first : first + NEWS_IN_A_NOTE]])
            session.execute(text('SELECT pg_notify(:channel, :note)'), {'channel': NEWS_CHANNEL, 'note': note})


_current: Database | None = None


def open_database(url: str, *, connections: int = 8) -> Database:
    """Open the database of this process. Raises `DatabaseInUse`."""
    global _current  # noqa: PLW0603  one database a process
    if _current is not None:
        raise RuntimeError('a database is open already')
    _current = Database(url, connections=connections)
    return _current


def close_database() -> None:
    global _current  # noqa: PLW0603
    if _current is not None:
        _current.close()
        _current = None


def current() -> Database:
    if _current is None:
        raise RuntimeError('no database is open')
    return _current


async def transact(work: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `work(session, …)` in a writer thread as one transaction and return its result.

    Commits if it returns, rolls back if it raises. News announced by `work` is emitted on the event loop
    after the commit, even if the caller has gone (a closed tab must not silence a change that happened).
    """
    return await current().transact_soon(work, *args, **kwargs)


async def read(work: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `work(session, …)` in a reader thread. For looking only: nothing it writes is kept."""
    return await current().read_soon(work, *args, **kwargs)


async def together(work: Callable[[Session, Sequence[T]], None], item: T) -> None:
    """Group commit, see `Database.together`."""
    await current().together(work, item)


async def if_alone(work: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R | None:
    """`transact`, unless another process listens on this database; then None. Call it before `listening`."""
    database = current()
    return await asyncio.to_thread(database.if_alone, work, *args, **kwargs)


@asynccontextmanager
async def listening() -> AsyncIterator[None]:
    """Be known to other processes on the same PostgreSQL, and hear their news. SQLite has one process only."""
    database = current()
    if database.sqlite:
        yield
        return
    stop, present = Event(), Event()
    waker, woken = socket.socketpair()
    thread = Thread(target=_listen, args=(database, stop, woken, present), name='database-news', daemon=True)
    thread.start()
    try:
        await asyncio.to_thread(present.wait, 10)
        yield
    finally:
        stop.set()
        waker.close()
        await asyncio.to_thread(thread.join, 5)
        woken.close()


def _listen(database: Database, stop: Event, woken: socket.socket, present: Event) -> None:
    while not stop.is_set():
        try:
            with database.engine.connect().execution_options(isolation_level='AUTOCOMMIT') as connection:
                try:
                    _hear(database, connection, stop, woken, present)
                finally:
                    connection.invalidate()  # back in the pool it would go on listening, and being present
        except Exception as fault:  # the driver's own and SQLAlchemy's; whatever it was, we must be known again
            log.warning('news from other processes is interrupted (%s); trying again', type(fault).__name__)
            stop.wait(2)


def _hear(database: Database, connection: Connection, stop: Event, woken: socket.socket, present: Event) -> None:
    connection.exec_driver_sql(f'LISTEN {NEWS_CHANNEL}')
    connection.execute(text('SELECT pg_advisory_lock_shared(:key)'), {'key': PRESENCE})
    if present.is_set():
        # As after every connection that was lost; in between nobody told us anything.
        database.emit([(signal, signals.LOOK_AGAIN) for signal in signals.BY_NAME.values()])
    present.set()
    driver: Any = connection.connection.driver_connection
    line = driver.fileno()
    said = select.poll()  # `select.select` takes no descriptor above 1023, and a busy server has more
    said.register(line, select.POLLIN)
    said.register(woken, select.POLLIN)
    while not stop.is_set():
        if any(descriptor == line for descriptor, _ in said.poll()):
            driver.poll()
            while driver.notifies:
                _pass_on(database, driver.notifies.pop(0).payload)
    # At once, and not when the server comes to notice that the connection is gone.
    connection.execute(text('SELECT pg_advisory_unlock_shared(:key)'), {'key': PRESENCE})


def _pass_on(database: Database, payload: str) -> None:
    instance, *words = payload.split()
    if instance == database.instance:
        return
    pairs = [word.partition(':') for word in words]
    database.emit([(signals.BY_NAME[name], int(number)) for name, _, number in pairs if name in signals.BY_NAME])


def _emit_all(news: list[tuple[Any, int]]) -> None:
    for signal, payload in news:
        signal.emit(payload)


def _lock(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(f'{path}.lock', os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise DatabaseInUse(path) from None
    return descriptor


def insert_many_once(session: Session, table: type[Any], rows: list[dict[str, Any]]) -> None:
    """As `insert_once`, for many rows at the least cost: nobody learns how many were new."""
    if rows:
        session.connection().execute(_insert_new(session.get_bind().dialect.name, table.__table__), rows)


def insert_once(session: Session, table: type[Any], rows: list[dict[str, Any]]) -> int:
    """Insert the rows that break no unique key, leave the others out; how many were new."""
    if not rows:
        return 0
    statement = _insert_new(session.get_bind().dialect.name, table.__table__).values(rows)
    return int(session.connection().execute(statement).rowcount)


@cache
def _insert_new(dialect: str, table: Any) -> Any:
    """The database's own INSERT, which knows ON CONFLICT. Kept, as putting it together costs as much as running it."""
    if dialect == 'sqlite':
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        return sqlite_insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects.postgresql import insert as postgres_insert

    return postgres_insert(table).on_conflict_do_nothing()
