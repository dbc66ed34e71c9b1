"""A process that has imported the whole console and forks it on demand: one line in, a pid out, an exit code out.

Importing takes two seconds of a start, everything else a third of one, and these tests start it hundreds of times.
What is forked runs `run.main()` from its first line, as `python run.py` does.
"""

import gc
import json
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path


def main() -> None:
    # run.py sets this before it imports NiceGUI.
    os.environ['NICEGUI_STORAGE_PATH'] = str(Path(os.environ['DATA_DIR']).resolve() / 'nicegui')
    _import_everything()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become_the_console(json.loads(line))
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _import_everything() -> None:
    for name in (
        'alembic.command', 'callbacks.api_v1', 'callbacks.door', 'callbacks.health', 'callbacks.wechat',
        'console.migrations', 'console.workers', 'console.writing.deepseek', 'console.writing.local', 'nicegui.ui',
        'openai', 'pages', 'run', 'uvicorn',
    ):  # fmt: skip
        import_module(name)
    from console.writing.segmentation import words

    words(Path(os.environ['DATA_DIR']) / 'dictionary')('周六有课吗')


def _become_the_console(settings: dict[str, str]) -> None:
    import run

    os.setsid()
    os.environ.update(settings)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    code: object = 1
    try:
        code = run.main([])
    except SystemExit as leaving:
        code = leaving.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == '__main__':
    main()
