"""A process that has imported the whole console and forks it on demand.

Importing takes two seconds of a start, everything else a third of one, and tests start it hundreds of times. What is
forked runs `run.main()` from its first line, as `python run.py` does.

A line in is an order as JSON: `arguments` of the command line, `settings` (the whole environment), `directory` to work
in, `out` and `err` to write to. Lines out are `<pid>` for each order in turn, and `<pid> <exit code>` when one ended.
"""

import gc
import json
import os
import pkgutil
import select
import signal
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.server import DICTIONARY


def main() -> None:
    os.environ['NICEGUI_STORAGE_PATH'] = tempfile.gettempdir()  # nothing is written there, see `_become_the_console`
    _import_everything()
    gc.collect()
    gc.freeze()
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    alive: set[int] = set()
    try:
        _take_orders(woken, alive)
    finally:
        for pid in alive:  # whoever ordered them was killed, and cannot stop them any more
            os.kill(pid, signal.SIGKILL)


def _take_orders(woken: int, alive: set[int]) -> None:
    orders = b''
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 1024)
            _tell_who_has_ended(alive)
        if 0 in ready:
            piece = os.read(0, 65536)
            if not piece:
                return
            *lines, orders = (orders + piece).split(b'\n')
            for line in lines:
                pid = os.fork()
                if pid == 0:
                    _become_the_console(json.loads(line))
                alive.add(pid)
                print(pid, flush=True)


def _tell_who_has_ended(alive: set[int]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        alive.discard(pid)
        print(pid, os.waitstatus_to_exitcode(status), flush=True)


def _import_everything() -> None:
    for name in (
        'alembic.command', 'callbacks.api_v1', 'callbacks.door', 'callbacks.health', 'callbacks.wechat',
        'console.migrations', 'console.workers', 'console.writing.deepseek', 'console.writing.local', 'nicegui.ui',
        'openai', 'pages', 'run', 'uvicorn',
    ):  # fmt: skip
        import_module(name)
    import pages

    for module in pkgutil.iter_modules(pages.__path__):
        import_module(f'pages.{module.name}')
    from console.writing.segmentation import words

    words(DICTIONARY)('周六有课吗')


def _become_the_console(order: dict[str, Any]) -> None:
    code: object = 1
    try:
        _move_in(order['settings'], order['directory'], order['out'], order['err'])
        import run

        code = run.main(order['arguments'])
    except SystemExit as leaving:
        code = leaving.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _move_in(settings: dict[str, str], directory: str, out: str, err: str) -> None:
    """What a process of its own would have been given, and what its imports would have read from that."""
    import nicegui.storage

    from console.writing.segmentation import words

    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(settings)
    os.chdir(directory)
    tempfile.tempdir = None
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for path, number in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), number)
    data = Path(settings['DATA_DIR'])
    nicegui.storage.Storage.path = data.resolve() / 'nicegui'
    words(data / 'dictionary')._tokenizer = words(DICTIONARY)._tokenizer  # as good as read anew, a second later


if __name__ == '__main__':
    main()
