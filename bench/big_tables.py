"""`python -m bench.big_tables`: what lists, threads, searches and open consoles cost in a school that is years old."""

import argparse
import asyncio
import itertools
import math
import re
import shutil
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import socketio
from sqlalchemy import event, select

from bench import callbacks, school, table
from bench.school import Size
from bench.table import KINDS, Row
from console import conversation_list, crypto, inbox, migrations, review_queue, search, search_hits, sign_in, staff
from console.conversation_list import Wanted
from console.database import Database
from models import Role, Staff
from tests.postgres import start_postgres
from tests.server import DIRECT, ConsoleServer

FEW, MANY = 10_000, 1_000_000
CONSOLES = 50
TIMES = 40
LONGEST_WAITING = 'parent10000'
"""At the top of the list that a console shows first."""

WORDS = {
    'common': '老师',
    '2 signs': '学费',
    '4 signs': '学费多少',
    'rare': '大提琴',
    'not there': '龘龘',
    '1 sign': '学',
}
KEY = 'a key for measuring that is long enough'


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('--only', choices=KINDS)
    options = parser.parse_args()
    before = table.machine()
    kinds = [options.only] if options.only else KINDS
    table.show([row for kind in kinds for row in rows(kind)], before)


def rows(kind: str) -> list[Row]:
    """Lines of the table of `make bench`, of one database."""
    crypto.use_keys(KEY)
    found: list[Row] = []
    with databases(kind) as (few, many):
        fast, slow = services(few), services(many)
        for what, (milliseconds, queries) in slow.items():
            ratio = milliseconds / fast[what][0]
            found.append((kind, what, f'{milliseconds:.1f} ms, {queries} queries, {ratio:.2f} times that of {FEW:,}'))
        for where, word in WORDS.items():
            found.append((kind, f'search, {where} ({word}): messages / conversations', searched(many, word)))
        found += consoles(kind, many)
    return found


def services(url: str) -> dict[str, tuple[float, int]]:
    """p95 in milliseconds and queries, of what the pages ask for."""
    database = Database(url)
    by = database.transact(_head)
    asked: list[str] = []
    event.listen(database.read_engine, 'before_cursor_execute', lambda *given: asked.append(given[2]))

    def one(work: Callable[..., Any], *given: Any, **named: Any) -> tuple[float, int]:
        taken = []
        for _ in range(TIMES):
            asked.clear()
            begin = time.perf_counter()
            database.read(work, *given, by=by, **named)
            taken.append((time.perf_counter() - begin) * 1000)
        return p95(taken), len(asked)

    found = {
        'review queue, 10,000 drafts': one(review_queue.queue),
        'conversations, 10,000': one(conversation_list.lines, wanted=Wanted()),
        'conversations that wait': one(conversation_list.lines, wanted=Wanted(tab=conversation_list.Tab.WAITING)),
        'a conversation opened': one(inbox.opened, 1),
    }
    database.close()
    return found


def searched(url: str, word: str) -> str:
    database = Database(url)
    by = database.transact(_head)
    figures = []
    for work in (search.messages, search_hits.conversation_ids):
        taken = []
        for _ in range(TIMES // 2):
            begin = time.perf_counter()
            database.read(work, word, by=by)
            taken.append((time.perf_counter() - begin) * 1000)
        figures.append(f'{statistics.median(taken):.1f} ms')
    database.close()
    return ' / '.join(figures)


def consoles(kind: str, url: str) -> list[Row]:
    """A thread's page, and news on pages that many have open."""
    settings = callbacks.SETTINGS | {'FIELD_ENCRYPTION_KEYS': KEY, 'QUIET_PERIOD': '600', 'QUIET_PERIOD_LONGEST': '600'}
    with ConsoleServer(settings | {'DATABASE_URL': url}, allowed_errors=('',)) as server:
        cookie = callbacks.signed_in(server.url)
        opening = []
        for _ in range(10):
            begin = time.perf_counter()
            page(server, cookie, '/conversations/1')
            opening.append((time.perf_counter() - begin) * 1000)
        before = resident(server)
        news, after = asyncio.run(many_open(server, cookie))
        each = (after - before) / CONSOLES / 1024
        return [
            (kind, 'page of a thread of 5,000: p50 / p95', halves(opening)),
            (kind, f'a message on {CONSOLES} open consoles: p50 / p95', halves(news)),
            (kind, 'memory of an open console', f'{each:.2f} MB'),
        ]


async def many_open(server: ConsoleServer, cookie: str) -> tuple[list[float], float]:
    """Milliseconds from a callback until each console has it, and the memory in KB with all of them open."""
    arrived: dict[str, list[float]] = {}
    numbers = itertools.count(time.time_ns() % 10**9)
    opened = [await Console.open(server, cookie, arrived) for _ in range(CONSOLES)]
    await asyncio.sleep(3)
    memory = resident(server)
    taken = []
    for _ in range(10):
        word = f'新消息{next(numbers)}'
        arrived[word] = []
        begin = time.perf_counter()
        await asyncio.to_thread(said, server, word)
        for _ in range(100):
            await asyncio.sleep(0.1)
            if len(arrived[word]) >= CONSOLES:
                break
        assert len(arrived[word]) == CONSOLES, f'{len(arrived[word])} of {CONSOLES} consoles heard of it'
        taken += [(at - begin) * 1000 for at in arrived[word]]
    for one in opened:
        await one.socket.disconnect()
    return taken, memory


class Console:
    """An open page without a browser: it shakes hands, hears and acknowledges as one does."""

    def __init__(self, arrived: dict[str, list[float]]) -> None:
        self.socket = socketio.AsyncClient(reconnection=False)
        self._arrived = arrived
        self._had: set[str] = set()
        self.socket.on('*', self._heard)

    @classmethod
    async def open(cls, server: ConsoleServer, cookie: str, arrived: dict[str, list[float]]) -> 'Console':
        html = await asyncio.to_thread(page, server, cookie, '/conversations')
        client = re.search(r'client_id["\']?\s*:\s*["\']([0-9a-f-]{36})', html)
        assert client, html[-3000:]
        query = {
            'client_id': client[1], 'next_message_id': 0, 'implicit_handshake': False,
            'document_id': client[1], 'tab_id': client[1], 'old_tab_id': None,
        }  # fmt: skip
        one = cls(arrived)
        await one.socket.connect(
            f'{server.url}?client_id={client[1]}',
            headers={'Cookie': cookie, 'Origin': server.url},
            socketio_path='/_nicegui_ws/socket.io',
            transports=['websocket'],
        )
        assert await one.socket.call('handshake', query), 'the handshake was refused'
        return one

    async def _heard(self, _event: str, *given: Any) -> None:
        now, words = time.perf_counter(), str(given)
        for word in self._arrived.keys() - self._had:
            if word in words:
                self._had.add(word)
                self._arrived[word].append(now)


def said(server: ConsoleServer, word: str) -> None:
    """A parent writes, by a genuine callback."""
    head, _, body = callbacks.one(LONGEST_WAITING, word).partition(b'\r\n\r\n')
    path = head.split(b' ')[1].decode()
    DIRECT.open(urllib.request.Request(f'{server.url}{path}', data=body, headers={'Content-Type': 'text/xml'})).read()


def page(server: ConsoleServer, cookie: str, path: str) -> str:
    request = urllib.request.Request(f'{server.url}{path}', headers={'Cookie': cookie})
    return DIRECT.open(request, timeout=30).read().decode()


def resident(server: ConsoleServer) -> float:
    """Memory of the server's process in KB."""
    assert server.process is not None
    status = Path(f'/proc/{server.process.pid}/status').read_text()
    return float(re.search(r'VmRSS:\s+(\d+)', status)[1])


def halves(taken: list[float]) -> str:
    return f'{statistics.median(taken):.0f} / {p95(taken):.0f} ms'


def p95(taken: list[float]) -> float:
    return sorted(taken)[math.ceil(len(taken) * 0.95) - 1]


@contextmanager
def databases(kind: str) -> Iterator[tuple[str, str]]:
    """A school with few messages and one with many, filled."""
    folder = Path(tempfile.mkdtemp(prefix='big-tables-'))
    try:
        if kind == 'sqlite':
            yield _filled(f'sqlite:///{folder}/few.sqlite3', FEW), _filled(f'sqlite:///{folder}/many.sqlite3', MANY)
            return
        with start_postgres(durable=True) as postgres:
            few, many = postgres.create_database('few'), postgres.create_database('many')
            yield _filled(few, FEW), _filled(many, MANY)
    finally:
        shutil.rmtree(folder)


def _filled(url: str, messages: int) -> str:
    database = Database(url)
    migrations.upgrade(database.engine)
    school.fill(database.engine, Size(messages))
    database.close()
    return url


def _head(session: Any) -> int:
    """The one who signs in at the server, too."""
    username, password = callbacks.SETTINGS['ADMIN_USERNAME'], callbacks.SETTINGS['ADMIN_PASSWORD']
    found = session.scalar(select(Staff).where(Staff.username == username)) or staff.create(
        session,
        username=username,
        name=username,
        role=Role.ADMIN,
        password_hash=sign_in.hash_password_now(password),
        by=None,
    )
    return int(found.id)


if __name__ == '__main__':
    main()
