import asyncio
import logging
from collections.abc import Sequence

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from console import crypto, database
from console.database import PRESENCE, Database
from models import Channel, Contact, Role, SignInAttempt, Staff
from tests import story

LISTENERS = text(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = :low AND mode = 'ShareLock' "
    'AND database = (SELECT oid FROM pg_database WHERE datname = current_database())'
)


ON_POSTGRESQL = pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
"""SQLite has no connection to lose."""


def attempts(db: Database) -> int:
    return db.read(lambda session: session.scalar(select(func.count()).select_from(SignInAttempt))) or 0


def elsewhere(db: Database) -> Engine:
    return create_engine(db.engine.url, isolation_level='AUTOCOMMIT')


def cut(db: Database, session: Session) -> None:
    """The connection of this session is gone, and it will notice when it next asks for something."""
    pid = session.scalar(text('SELECT pg_backend_pid()'))
    other = elsewhere(db)
    with other.connect() as connection:
        connection.execute(text('SELECT pg_terminate_backend(:pid, 5000)'), {'pid': pid})
    other.dispose()


def test_what_is_read_is_one_moment_whatever_is_written_beside_it(db: Database) -> None:
    db.transact(lambda session: session.add(SignInAttempt(key='one')))

    def look_twice(session: Session) -> tuple[int | None, int | None]:
        count = select(func.count()).select_from(SignInAttempt)
        before = session.scalar(count)
        db.transact(lambda other: other.add(SignInAttempt(key='two')))
        return before, session.scalar(count)

    assert db.read(look_twice) == (1, 1)
    assert attempts(db) == 2


def test_a_look_that_writes_is_refused(db: Database) -> None:
    def write(session: Session) -> None:
        session.add(SignInAttempt(key='sly'))
        session.flush()

    with pytest.raises(DBAPIError):
        db.read(write)
    db.transact(write)  # the same connection may write again

    assert attempts(db) == 1


def test_a_fault_that_is_logged_holds_no_personal_data(db: Database) -> None:
    db.transact(story.member)

    def twice(session: Session) -> None:
        session.add(Staff(username='supervisor0', name='张三丰', role=Role.AGENT, password_hash='$argon2id$'))
        session.flush()

    with pytest.raises(IntegrityError) as fault:
        db.transact(twice)

    assert '张三丰' not in str(fault.value)
    assert 'argon2id' not in str(fault.value)


@pytest.mark.parametrize('odd', ['a\0b', 'a\ud83db', '\udc00ab\0'], ids=['NUL', 'half a pair', 'both'])
def test_what_no_database_keeps_is_left_out_of_what_is_kept_and_of_what_is_looked_for(db: Database, odd: str) -> None:
    db.transact(lambda session: session.add(Contact(channel=Channel.APP, external_userid=odd)))

    def kept(session: Session, words: str) -> list[str]:
        named = select(Contact.external_userid).where
        return [
            *session.scalars(named(Contact.external_userid == words)),
            *session.scalars(named(Contact.external_userid.in_([words]))),
            *session.scalars(named(func.lower(Contact.external_userid) == words)),
            *session.scalars(named(Contact.external_userid.contains(words, autoescape=True))),
        ]

    assert db.read(kept, odd) == db.read(kept, 'ab') == ['ab'] * 4


@pytest.mark.usefixtures('db')
def test_what_no_database_keeps_is_not_sealed_either() -> None:
    sealed = crypto.cipher().seal('138\ud83d1234\0', 'guardian.phone:1')

    assert crypto.cipher().open(sealed, 'guardian.phone:1') == '1381234'
    assert crypto.cipher().index('138\ud83d1234\0') == crypto.cipher().index('1381234')


@ON_POSTGRESQL
def test_a_connection_lost_on_the_way_is_tried_again(db: Database) -> None:
    calls = []

    def work(session: Session) -> None:
        calls.append(1)
        if len(calls) == 1:
            cut(db, session)
        session.add(SignInAttempt(key='once'))

    db.transact(work)

    assert len(calls) == 2
    assert attempts(db) == 1


@ON_POSTGRESQL
def test_a_connection_lost_in_the_commit_is_not_tried_again_since_it_may_have_happened(db: Database) -> None:
    calls = []

    def work(session: Session) -> None:
        calls.append(1)
        session.add(SignInAttempt(key='once'))
        session.flush()
        cut(db, session)

    with pytest.raises(DBAPIError):
        db.transact(work)

    assert len(calls) == 1


@ON_POSTGRESQL
async def test_what_may_be_done_twice_is_tried_again_even_then(db: Database) -> None:
    calls: list[Sequence[str]] = []

    def work(session: Session, keys: Sequence[str]) -> None:
        calls.append(keys)
        session.add_all([SignInAttempt(key=key) for key in keys])
        session.flush()
        if len(calls) == 1:
            cut(db, session)

    await db.together(work, 'kept')

    assert calls == [['kept'], ['kept']]
    assert attempts(db) == 1


@ON_POSTGRESQL
async def test_a_listener_whose_connection_was_lost_is_present_again(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, 'sqlalchemy.pool')
    other = elsewhere(db)

    def present() -> list[int]:
        with other.connect() as connection:
            return list(connection.scalars(LISTENERS, {'low': PRESENCE & 0xFFFFFFFF}))

    async with database.listening():
        async with asyncio.timeout(10):  # until who listened in an earlier test is gone
            there: list[int] = []
            while len(there) != 1:
                there = await asyncio.to_thread(present)
        [first] = there
        with other.connect() as connection:
            connection.execute(text('SELECT pg_terminate_backend(:pid, 5000)'), {'pid': first})

        now: list[int] = []
        async with asyncio.timeout(10):
            while not now:
                await asyncio.sleep(0.1)
                now = await asyncio.to_thread(present)

    other.dispose()
    assert len(now) == 1
    assert now != [first]
