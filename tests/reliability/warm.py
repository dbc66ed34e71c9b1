"""A console that is killed and started so often that its imports are kept warm."""

import json
import os
import select
import signal
import subprocess
import sys
from types import TracebackType
from typing import Self

from tests.server import ROOT, ConsoleServer


class WarmConsole(ConsoleServer):
    """`ConsoleServer`, forked by a stove: ready in a fraction of a second, killed as a whole process of its own."""

    _stove: subprocess.Popen[bytes] | None = None

    def _spawn(self) -> '_Forked':  # type: ignore[override]  # what is asked of a Popen here, it can do
        if self._stove is None:
            with self._log.open('ab') as log:
                self._stove = subprocess.Popen(
                    [sys.executable, '-m', 'tests.reliability.stove'],
                    cwd=self.directory,
                    env=self._environment | {'PYTHONPATH': str(ROOT)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    bufsize=0,
                    start_new_session=True,
                )
        return _Forked(self._stove, self._environment)

    def wait_for_death(self, seconds: float = 20) -> int:
        """The exit code of a process that ends by itself, -9 if it killed itself."""
        assert self.process is not None
        process, self.process = self.process, None
        return process.wait(seconds)

    def __enter__(self) -> Self:
        try:
            return super().__enter__()
        except BaseException:
            self._put_out()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            super().__exit__(kind, error, at)
        finally:
            self._put_out()

    def _put_out(self) -> None:
        if self._stove is not None:
            self._stove.stdin.close()
            self._stove.wait(10)
            self._stove.stdout.close()


class _Forked:
    """One life of the console."""

    def __init__(self, stove: subprocess.Popen[bytes], settings: dict[str, str]) -> None:
        assert stove.stdin is not None
        assert stove.stdout is not None
        self._stdout = stove.stdout
        stove.stdin.write(json.dumps(settings).encode() + b'\n')
        self.returncode: int | None = None
        self.pid = int(self._stdout.readline())

    def poll(self) -> int | None:
        return self._ended_within(0)

    def wait(self, seconds: float | None = None) -> int:
        if self._ended_within(seconds) is None:
            raise subprocess.TimeoutExpired('console', seconds or 0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended_within(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._stdout], [], [], seconds)[0]:
            self.returncode = int(self._stdout.readline())
        return self.returncode
