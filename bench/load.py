"""A small HTTP/1.1 load generator: requests are made beforehand, so that only sending and waiting is timed.

`python -m bench.load` reads a job as JSON from standard input and prints what it saw as JSON, so that the load has a
process and, where there are two, a core of its own.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Seen:
    """Latencies in seconds, from when each request was due (open loop) or sent (closed loop)."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    def add(self, latency: float, status: str) -> None:
        self.latencies.append(latency)
        self.statuses[status] = self.statuses.get(status, 0) + 1


class Connection:
    """One keep-alive connection that sends raw requests and reads answers with a Content-Length."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> str:
        """The status. A connection that the server closed while it was idle is opened anew, as any client does."""
        used_before = self._writer is not None
        status = await self._ask(request)
        return await self._ask(request) if status == 'broken' and used_before else status

    async def _ask(self, request: bytes) -> str:
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection('127.0.0.1', self._port)
        try:
            self._writer.write(request)
            head = (await self._reader.readuntil(b'\r\n\r\n')).decode('latin-1').lower()
            length = int(head.split('content-length:')[1].split('\r\n')[0])
            await self._reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError, IndexError):
            await self.close()
            return 'broken'
        if 'connection: close' in head:
            await self.close()
        return head.split(' ')[1]

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def open_loop(port: int, requests: list[bytes], per_second: float) -> Seen:
    """Each request at its time, however long the others take."""
    seen = Seen()
    idle: list[Connection] = []
    start = time.perf_counter() + 0.2

    async def one(due: float, request: bytes) -> None:
        connection = idle.pop() if idle else Connection(port)
        status = await connection.ask(request)
        seen.add(time.perf_counter() - due, status)
        idle.append(connection)

    async with asyncio.TaskGroup() as tasks:
        for number, request in enumerate(requests):
            due = start + number / per_second
            await asyncio.sleep(max(0, due - time.perf_counter()))
            tasks.create_task(one(due, request))
    seen.seconds = time.perf_counter() - start
    for connection in idle:
        await connection.close()
    return seen


async def closed_loop(port: int, requests: list[bytes], connections: int, seconds: float) -> Seen:
    """As fast as the server answers, over so many connections, until the time or the requests are used up."""
    seen = Seen()
    waiting: Iterator[bytes] = iter(requests)
    start = time.perf_counter()

    async def one() -> None:
        connection = Connection(port)
        for request in waiting:
            before = time.perf_counter()
            if before - start > seconds:
                break
            status = await connection.ask(request)
            seen.add(time.perf_counter() - before, status)
        await connection.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    seen.seconds = time.perf_counter() - start
    return seen


def main() -> None:
    job: dict[str, Any] = json.load(sys.stdin)
    requests = Path(job['requests']).read_bytes().split(SEPARATOR)[:-1]
    if job.get('repeat'):
        requests = requests * job['repeat']
    run = (
        open_loop(job['port'], requests, job['per_second'])
        if 'per_second' in job
        else closed_loop(job['port'], requests, job['connections'], job['seconds'])
    )
    json.dump(asdict(asyncio.run(run)), sys.stdout)


SEPARATOR = b'\n--next request--\n'

if __name__ == '__main__':
    main()
