import asyncio
import logging
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from console import database, signals
from console.database import Database, DatabaseInUse
from models import Alert, Conversation, utc_now
from tests import story
from tests.server import ROOT

CUT_LISTENERS = text(
    'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity '
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%advisory_lock_shared%'"
)


@pytest.fixture
def other(db: Database) -> Iterator[Database]:
    """Another process's view of the same PostgreSQL."""
    other = Database(db.url.render_as_string(hide_password=False))
    yield other
    other.close()


def add_alert(session: Session, kind: str = 'test') -> None:
    session.add(Alert(kind=kind, text='请看一下。', count=1, raised_at=utc_now(), repeated_at=utc_now()))
    signals.announce(session, signals.alert_changed, 7)


def kinds(db: Database) -> list[str]:
    return list(db.read(lambda session: session.scalars(select(Alert.kind).order_by(Alert.id)).all()))


class Ears:
    """Who listens to alerts, and what they heard."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self._told = asyncio.Event()
        signals.alert_changed.subscribe(self._hear)

    def _hear(self, payload: int) -> None:
        self.heard.append(payload)
        self._told.set()

    async def hear(self, *, many: int = 1, within: float = 5) -> list[int]:
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while len(self.heard) < many:
                    self._told.clear()
                    await self._told.wait()
        return self.heard


async def test_news_is_told_after_the_commit_and_never_of_what_was_rolled_back(db: Database) -> None:
    db.loop = asyncio.get_running_loop()
    ears = Ears()

    def fail(session: Session) -> None:
        add_alert(session)
        raise ValueError('changed my mind')

    with pytest.raises(ValueError, match='changed my mind'):
        await db.transact_soon(fail)
    await asyncio.sleep(0.05)
    assert (kinds(db), ears.heard) == ([], [])

    await db.transact_soon(add_alert)
    assert await ears.hear() == [7]
    assert kinds(db) == ['test']


async def test_a_caller_who_leaves_does_not_undo_nor_silence_what_happened(db: Database) -> None:
    db.loop = asyncio.get_running_loop()
    ears = Ears()
    under_way = threading.Event()

    def slowly(session: Session) -> None:
        add_alert(session)
        under_way.set()
        time.sleep(0.2)

    caller = asyncio.create_task(db.transact_soon(slowly))
    await asyncio.to_thread(under_way.wait)
    caller.cancel()

    assert await ears.hear() == [7]
    assert kinds(db) == ['test']


async def test_many_writers_and_readers_at_once_lose_nothing(db: Database) -> None:
    story_teller = [db.transact_soon(story.said, f'第{number}句', who=f'parent{number % 5}') for number in range(100)]
    readers = [db.read_soon(lambda session: session.scalars(select(Conversation)).all()) for _ in range(100)]

    await asyncio.gather(*story_teller, *readers)

    seqs = db.read(lambda session: session.scalars(select(Conversation.last_seq)).all())
    assert seqs == [20] * 5


@pytest.mark.parametrize('kind', ['sqlite'], indirect=True)
def test_a_second_process_on_the_same_file_is_refused_and_the_first_goes_on(db: Database) -> None:
    url = db.url.render_as_string(hide_password=False)
    program = f'from console.database import Database; Database({url!r})'

    second = subprocess.run([sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert second.returncode == 1
    assert 'DatabaseInUse' in second.stderr
    with pytest.raises(DatabaseInUse, match='PostgreSQL'):
        Database(url)
    db.transact(add_alert)
    assert kinds(db) == ['test']


@pytest.mark.parametrize('kind', ['sqlite'], indirect=True)
def test_sqlite_syncs_every_commit_and_checks_foreign_keys(db: Database) -> None:
    def pragmas(session: Session) -> list[int]:
        names = ('journal_mode', 'synchronous', 'foreign_keys')
        return [session.scalar(text(f'PRAGMA {name}')) for name in names]

    assert db.transact(pragmas) == ['wal', 2, 1]


async def heard_of_an_alert(db: Database, other: Database) -> list[int]:
    """What the one hears while the other adds an alert."""
    db.loop = asyncio.get_running_loop()
    ears = Ears()
    async with database.listening():
        await other.transact_soon(add_alert)
        return await ears.hear()


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
async def test_what_one_server_changes_the_other_hears(db: Database, other: Database) -> None:
    assert await heard_of_an_alert(db, other) == [7]


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
async def test_the_other_hears_of_all_that_changed_at_once(db: Database, other: Database) -> None:
    db.loop = asyncio.get_running_loop()
    ears, changed = Ears(), range(2**31 - 1000, 2**31 - 1)

    def change_many(session: Session) -> None:
        for number in changed:
            signals.announce(session, signals.alert_changed, number)

    async with database.listening():
        await other.transact_soon(change_many)
        heard = await ears.hear(many=len(changed))

    assert heard == list(changed)


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
async def test_who_could_not_hear_for_a_while_is_told_to_look_again(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, 'sqlalchemy.pool')
    db.loop = asyncio.get_running_loop()
    ears = Ears()

    async with database.listening():
        db.transact(lambda session: session.execute(CUT_LISTENERS))
        heard = await ears.hear(within=10)

    assert heard == [signals.LOOK_AGAIN]


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
def test_a_connection_that_only_listens_finds_out_within_a_minute_that_the_line_is_dead(db: Database) -> None:
    with db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        with socket.socket(fileno=os.dup(driver.fileno())) as line:
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            idle, interval, count = (
                line.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            )
    assert idle + interval * count <= 60


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
async def test_a_server_with_more_than_a_thousand_descriptors_hears_the_other(
    db: Database, other: Database, many_descriptors: None
) -> None:
    assert await heard_of_an_alert(db, other) == [7]


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
async def test_who_stops_to_hear_is_not_taken_for_present_and_rests(
    db: Database, other: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def babble(session: Session) -> None:
        session.execute(text('SELECT pg_notify(:channel, :note)'), {'channel': database.NEWS_CHANNEL, 'note': ''})

    async with database.listening():
        await other.transact_soon(babble)
        await asyncio.sleep(0.5)  # the server hears of the closed connection, and nobody comes back yet
        alone = await asyncio.to_thread(other.if_alone, kinds_in)

    assert alone == []
    assert caplog.text.count('interrupted') == 1


@pytest.fixture
def many_descriptors(db: Database) -> Iterator[None]:
    """As many open files as `select` can number, so that whatever is opened next it cannot."""
    db.engine.dispose()  # what is connected already has a low number
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip(f'this machine allows {hard} descriptors')
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    opened = [os.open(os.devnull, os.O_RDONLY)]
    while opened[-1] < 1024:
        opened.append(os.dup(opened[0]))
    yield
    for descriptor in opened:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
async def test_a_server_hears_its_own_news_once(db: Database) -> None:
    db.loop = asyncio.get_running_loop()
    ears = Ears()

    async with database.listening():
        await db.transact_soon(add_alert)
        await asyncio.sleep(0.3)

    assert ears.heard == [7]


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
async def test_only_who_is_alone_on_the_database_may_take_over(db: Database, other: Database) -> None:
    assert other.if_alone(kinds_in) == []

    async with database.listening():
        assert other.if_alone(kinds_in) is None

    assert other.if_alone(kinds_in) == []


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
def test_of_two_that_wait_for_each_other_one_tries_again_and_both_come_through(db: Database) -> None:
    first, second = (db.transact(story.said, '在吗', who=who).id for who in ('wang', 'liu'))
    both_hold_one = threading.Barrier(2)

    def touch(session: Session, one: int, then: int) -> None:
        session.execute(update(Conversation).where(Conversation.id == one).values(unread=Conversation.unread + 1))
        if not both_hold_one.broken:
            try:
                both_hold_one.wait(5)
            except threading.BrokenBarrierError:
                pass
            finally:
                both_hold_one.abort()
        session.execute(update(Conversation).where(Conversation.id == then).values(unread=Conversation.unread + 1))

    threads = [
        threading.Thread(target=db.transact, args=(touch, *order)) for order in ((first, second), (second, first))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert db.read(lambda session: session.scalars(select(Conversation.unread)).all()) == [3, 3]


def kinds_in(session: Session) -> list[str]:
    return list(session.scalars(select(Alert.kind)))
