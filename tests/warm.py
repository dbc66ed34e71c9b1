"""A console, or one of its commands, as a process of its own whose imports are kept warm: ready at once."""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.server import ROOT, ConsoleServer


class WarmConsole(ConsoleServer):
    """`ConsoleServer`, forked by the stove of this test process and killed as a whole process of its own."""

    def _spawn(self) -> '_Forked':  # type: ignore[override]  # what is asked of a Popen here, it can do
        return _stove().fork((), self._environment, self.directory, out=self._log, err=self._log)

    def wait_for_death(self, seconds: float = 20) -> int:
        """The exit code of a process that ends by itself, -9 if it killed itself."""
        assert self.process is not None
        process, self.process = self.process, None
        return process.wait(seconds)


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`python run.py` with these arguments, to its end. It sees no environment but `settings` and lives in `folder`."""
    environment = {'PATH': os.environ['PATH'], 'HOME': str(folder), 'TMPDIR': str(folder)}
    environment |= {'DATA_DIR': str(folder / 'data')} | settings
    with tempfile.TemporaryDirectory() as kept:
        out, err = Path(kept, 'out'), Path(kept, 'err')
        code = _stove().fork(arguments, environment, folder, out=out, err=err).wait(60)
        return subprocess.CompletedProcess(arguments, code, out.read_text('utf-8'), err.read_text('utf-8'))


@cache
def _stove() -> '_Stove':
    return _Stove()


class _Stove:
    """The process that forks consoles, and a thread that hears what became of each."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'tests.stove'],
            cwd=ROOT,
            env={'PATH': os.environ.get('PATH', os.defpath), 'LANG': 'C.UTF-8', 'PYTHONUNBUFFERED': '1'},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        self._ordering = threading.Lock()
        self._news = threading.Condition()
        self._born: list[int] = []
        self._ended: dict[int, int] = {}
        self._out = False
        threading.Thread(target=self._listen, name='stove', daemon=True).start()
        atexit.register(self._put_out)

    def fork(
        self, arguments: Sequence[str], settings: dict[str, str], directory: Path, *, out: Path, err: Path
    ) -> '_Forked':
        order = {
            'arguments': arguments, 'settings': settings, 'directory': str(directory), 'out': str(out), 'err': str(err)
        }  # fmt: skip
        assert self._process.stdin is not None
        with self._ordering:
            self._process.stdin.write(json.dumps(order) + '\n')
            with self._news:
                self._news.wait_for(lambda: self._born or self._out, timeout=60)
                assert self._born, 'the stove does not answer'
                return _Forked(self, self._born.pop())

    def ended(self, pid: int, within: float | None) -> int | None:
        with self._news:
            self._news.wait_for(lambda: pid in self._ended, within)
            return self._ended.get(pid)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                pid, *code = map(int, line.split())
                if code:
                    self._ended[pid] = code[0]
                else:
                    self._born.append(pid)
                self._news.notify_all()
        with self._news:
            self._out = True
            self._news.notify_all()

    def _put_out(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class _Forked:
    """One life of the console."""

    def __init__(self, stove: _Stove, pid: int) -> None:
        self._stove = stove
        self.pid = pid

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        return self._stove.ended(self.pid, 0)

    def wait(self, seconds: float | None = None) -> int:
        code = self._stove.ended(self.pid, seconds)
        if code is None:
            raise subprocess.TimeoutExpired('console', seconds or 0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
