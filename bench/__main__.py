"""`make bench`: every measurement once, and a table at the end."""

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import Any

from bench import big_tables, callbacks, evaluation, knowledge, sidebar_load, table
from bench.load import Seen
from bench.noop_server import BARE, NOOP
from bench.table import KINDS, Row
from tests.fakes.model import FakeModel
from tests.postgres import start_postgres
from tests.server import DIRECT, ROOT, ConsoleServer, free_port

CONNECTIONS, TO_THE_OLD = 100, 32


def main() -> None:
    parser = argparse.ArgumentParser(prog='make bench')
    parser.add_argument('--seconds', type=float, default=30, help='length of the latency runs')
    parser.add_argument('--only', choices=KINDS)
    options = parser.parse_args()
    kinds = [options.only] if options.only else KINDS
    before = table.machine()
    old = old_design()
    rows: list[Row] = [('old design', 'sustained callbacks/s', f'{old:.2f}')]
    for kind in kinds:
        rows += measure(kind, options.seconds, old)
    for kind in kinds:
        rows += big_tables.rows(kind)
    rows += sidebar_load.rows()
    rows += evaluation.rows()
    rows += knowledge.rows()
    table.show(rows, before)


def measure(kind: str, seconds: float, old: float) -> list[Row]:
    """Latency and throughput of one database."""
    rows: list[Row] = []
    with FakeModel() as model, database(kind) as where:
        model.mode = 'hang'
        hanging = {'DEEPSEEK_API_URL': model.url, 'DEEPSEEK_API_KEY': 'k'}
        with server(callbacks.SETTINGS | where | hanging) as running:
            seen = at_200_a_second(running, seconds)
            rows.append((kind, 'ack at 200/s, model hangs: p50 / p99 / max', latencies(seen)))
            with pages_opened(running, per_second=5):
                seen = at_200_a_second(running, seconds)
            rows.append((kind, 'ack at 200/s, 5 pages/s opened: p50 / p99 / max', latencies(seen)))
        model.closing.set()
    with database(kind) as where, server(callbacks.SETTINGS | where) as running:
        before = {path: sustained(running, callbacks.requests(12_000, path=path), repeat=4) for path in (NOOP, BARE)}
        ours = sustained(running, callbacks.requests(30_000))
        at_rest(running)
        after = {path: sustained(running, callbacks.requests(12_000, path=path), repeat=4) for path in (NOOP, BARE)}
    noop, bare = ((before[path] + after[path]) / 2 for path in (NOOP, BARE))
    rows.append(
        (kind, 'sustained: callbacks/s, no-op POST/s, below the framework', f'{ours:,.0f}  {noop:,.0f}  {bare:,.0f}')
    )
    rows.append((kind, 'share of the no-op rate, of that below the framework', f'{ours / noop:.2f}  {ours / bare:.2f}'))
    rows.append((kind, 'times the old design', f'{ours / old:,.0f}'))
    return rows


def at_200_a_second(running: ConsoleServer, seconds: float) -> Seen:
    return load(callbacks.requests(int(200 * seconds)), port=running.port, per_second=200)


def sustained(running: ConsoleServer, requests: bytes, *, repeat: int = 1) -> float:
    """Answers a second, over connections that are never idle."""
    seen = load(requests, port=running.port, connections=CONNECTIONS, seconds=6, repeat=repeat)
    return seen.statuses.get('200', 0) / seen.seconds


def at_rest(running: ConsoleServer) -> None:
    """Wait until what came in is understood and answered: it would slow down whatever is measured next."""
    deadline = time.monotonic() + 300
    waiting = re.compile(r'edudesk_waiting\{kind="(?:event|turn)"\} (\S+)')
    while time.monotonic() < deadline:
        with DIRECT.open(f'{running.url}/metrics', timeout=30) as answer:
            if not any(float(number) for number in waiting.findall(answer.read().decode())):
                return
        time.sleep(0.5)
    raise TimeoutError('what came in is not worked through after five minutes')


def old_design() -> float:
    """Sustained callbacks a second of the design before this one."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, '-m', 'gunicorn', '-w', '2', '-b', f'127.0.0.1:{port}', 'bench.old_design:app'],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f'http://127.0.0.1:{port}/')
        seen = load(callbacks.requests(200), port=port, connections=TO_THE_OLD, seconds=12)
        return seen.statuses.get('200', 0) / seen.seconds
    finally:
        process.terminate()
        process.wait()


def latencies(seen: Seen) -> str:
    ordered = sorted(seen.latencies)
    failed = len(ordered) - seen.statuses.get('200', 0)
    shown = [f'{ordered[max(0, math.ceil(len(ordered) * share) - 1)] * 1000:.1f}' for share in (0.5, 0.99, 1)]
    return f'{" / ".join(shown)} ms' + (f', {failed} not answered with 200' if failed else '')


def load(requests: bytes, **job: Any) -> Seen:
    """Run `bench.load` in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix='.requests') as file:
        file.write(requests)
        file.flush()
        done = subprocess.run(
            [sys.executable, '-m', 'bench.load'],
            input=json.dumps(job | {'requests': file.name}).encode(),
            capture_output=True,
            cwd=ROOT,
            check=True,
        )
    return Seen(**json.loads(done.stdout))


@contextmanager
def server(settings: Mapping[str, str]) -> Iterator[ConsoleServer]:
    with ConsoleServer(
        settings | {'PYTHONPATH': str(ROOT)},
        command=(sys.executable, '-m', 'bench.noop_server'),
        allowed_errors=('',),
    ) as running:
        yield running


@contextmanager
def database(kind: str) -> Iterator[dict[str, str]]:
    if kind == 'sqlite':
        yield {}
        return
    with start_postgres(durable=True) as postgres:
        yield {'DATABASE_URL': postgres.create_database('bench')}


@contextmanager
def pages_opened(running: ConsoleServer, *, per_second: float) -> Iterator[None]:
    """Open the dashboard, signed in, again and again meanwhile."""
    cookie = callbacks.signed_in(running.url)
    stop = threading.Event()

    def one() -> None:
        with suppress(OSError, HTTPException):
            DIRECT.open(urllib.request.Request(running.url, headers={'Cookie': cookie}), timeout=10).read()

    def often() -> None:
        while not stop.wait(1 / per_second):
            threading.Thread(target=one, daemon=True).start()

    opener = threading.Thread(target=often)
    opener.start()
    try:
        yield
    finally:
        stop.set()
        opener.join()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            DIRECT.open(url, timeout=1)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return


if __name__ == '__main__':
    main()
