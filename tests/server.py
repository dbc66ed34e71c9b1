"""The real console as a subprocess, to be driven, killed and started again by tests."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / 'build'
DICTIONARY = BUILD / 'dictionary'
# Loopback never goes through a proxy of the machine's.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# As console/logs.py writes them, as text and as JSON.
ERROR_MARKS = (' ERROR ', ' CRITICAL ', '"level": "ERROR"', '"level": "CRITICAL"')


class ServerFailedError(RuntimeError):
    """The console did not start, or stopped by itself; the text ends with its log."""


class ConsoleServer:
    """`python run.py` on a free port of 127.0.0.1 with data, home and working directory of its own.

    It sees no environment but `settings`, and no `.env`. As a context manager it starts on entry, and on exit stops
    and fails when an error was logged that no part of `allowed_errors` occurs in.
    """

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        allowed_errors: Sequence[str] = (),
        command: Sequence[str | Path] = (sys.executable, ROOT / 'run.py'),
        start_seconds: float = 60,
    ) -> None:
        BUILD.mkdir(exist_ok=True)
        self.directory = Path(tempfile.mkdtemp(prefix='console-', dir=BUILD))
        self.data = self.directory / 'data'
        self.port = free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self.allowed_errors = tuple(allowed_errors)
        self.process: subprocess.Popen[bytes] | None = None
        self._command = command
        self._start_seconds = start_seconds
        self._log = self.directory / 'log'
        self._environment = {
            'PATH': os.environ.get('PATH', os.defpath),
            'LANG': 'C.UTF-8',
            'HOME': str(self.directory),
            'TMPDIR': str(self.directory),
            'PYTHONUNBUFFERED': '1',
            'HOST': '127.0.0.1',
            'PORT': str(self.port),
            'DATA_DIR': str(self.data),
            **(settings or {}),
        }

    def start(self, settings: Mapping[str, str] | None = None) -> None:
        """Start and wait until /health/ready answers 200. `settings` are added for this and later starts.

        Raises ServerFailedError when it exits instead or is not ready in time.
        """
        assert self.process is None, 'already running'
        self._environment.update(settings or {})
        if DICTIONARY.exists() and not self.data.exists():
            self.data.mkdir(mode=0o700)
            shutil.copytree(DICTIONARY, self.data / 'dictionary')  # as good as made anew, a second later
        self.process = self._spawn()
        deadline = time.monotonic() + self._start_seconds
        while not self.ready():
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                raise ServerFailedError(f'exit code {code} instead of a start\n{self.log()[-8000:]}')
            if time.monotonic() > deadline:
                self.kill()
                raise ServerFailedError(f'not ready after {self._start_seconds} s\n{self.log()[-8000:]}')
            time.sleep(0.05)
        if not DICTIONARY.exists() and (self.data / 'dictionary').exists():
            made = Path(tempfile.mkdtemp(dir=BUILD))
            shutil.copytree(self.data / 'dictionary', made, dirs_exist_ok=True)
            with suppress(OSError):  # another test process was first
                made.rename(DICTIONARY)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open('ab') as log:
            return subprocess.Popen(
                [*self._command],
                cwd=self.directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop it
            )

    def ready(self) -> bool:
        """Whether it serves, with its database and its workers."""
        try:
            with DIRECT.open(f'{self.url}/health/ready', timeout=5) as response:
                return response.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def kill(self) -> None:
        """SIGKILL, as a power cut would: nothing is said good-bye to."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """SIGTERM; the exit code once it has stopped in good order, within 30 s."""
        return self._end(signal.SIGTERM)

    def restart(self, settings: Mapping[str, str] | None = None) -> None:
        """Stop in good order if it runs, and start on the same port with the same data."""
        if self.process is not None:
            self.terminate()
        self.start(settings)

    def resident(self) -> int:
        """How much memory it holds, in bytes."""
        assert self.process is not None
        pages = Path(f'/proc/{self.process.pid}/statm').read_text().split()[1]
        return int(pages) * resource.getpagesize()

    def log(self) -> str:
        """All it has printed and logged, over every start."""
        return self._log.read_text(encoding='utf-8', errors='replace') if self._log.exists() else ''

    def errors(self) -> list[str]:
        """The logged lines that a healthy console does not write."""
        return list(self._errors())

    def _errors(self) -> Iterator[str]:
        record_is_allowed = False
        for line in self.log().splitlines():
            if any(mark in line for mark in ERROR_MARKS):
                record_is_allowed = any(part in line for part in self.allowed_errors)
                if not record_is_allowed:
                    yield line
            elif line.lstrip().startswith('Traceback') and not record_is_allowed:
                yield line

    def _end(self, with_signal: signal.Signals) -> int:
        assert self.process is not None, 'not running'
        process, self.process = self.process, None
        process.send_signal(with_signal)
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ServerFailedError(f'still running 30 s after {with_signal.name}\n{self.log()[-8000:]}') from None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            shutil.rmtree(self.directory, ignore_errors=True)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if self.process is not None:
                self.terminate()
            if kind is None:
                assert not self.errors(), '\n'.join([*self.errors(), self.log()[-8000:]])
            elif error is not None:
                error.add_note(f'The console logged:\n{self.log()[-8000:]}')
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on just now, nor will before its asker does.

    It lies below those that the system deals out to whoever asks for any, in a range of this test process's own.
    """
    while True:
        port = next(_PORTS)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(('127.0.0.1', port))
            return port


def _ports_in_turn() -> Iterator[int]:
    worker = int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw'))
    first = 12_000 + worker % 10 * PORTS_EACH
    return (first + number % PORTS_EACH for number in count(os.getpid()))


PORTS_EACH = 2_000
_PORTS = _ports_in_turn()
