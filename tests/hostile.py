"""Texts that keep a careless pattern busy for hours, read in a process of their own.

`re` holds the interpreter while it searches: on the code that was, no thread of the test's could have ended it.
"""

import subprocess
import sys
from pathlib import Path

LONGEST_MESSAGE = 98_000
"""Signs of one parent's line at most: what a callback of the largest size that is taken can hold."""

_NEVER_S = 60


def outcome(program: str, text: str) -> str:
    """What `program` prints of `text`, its standard input. Fails if it does not end."""
    done = subprocess.run(
        [sys.executable, '-X', 'utf8', '-c', f'import sys\ntext = sys.stdin.read()\n{program}'],
        input=text,
        capture_output=True,
        encoding='utf-8',
        timeout=_NEVER_S,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def filled(begin: str, over: str, *, end: str = '', length: int = LONGEST_MESSAGE) -> str:
    """`over` again and again between `begin` and `end`."""
    return begin + over * ((length - len(begin) - len(end)) // len(over)) + end
