"""The words of a reply while it is being written, for the pages of this process that wait for it. Nothing is kept.

Where another process writes, nobody hears of them here: its finished draft is news as any other.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from console import signals

PACE = 0.12
"""Seconds between two tellings: eight a second are as much as an eye wants."""

_words: dict[int, str] = {}


class Telling:
    """Passes on the newest words, no faster than `PACE`, the last of them too. Belongs to one event loop."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._newest = ''
        self._told_at = 0.0
        self._later: asyncio.TimerHandle | None = None

    def __call__(self, words: str) -> None:
        self._newest = words
        if self._later is None:
            loop = asyncio.get_running_loop()
            self._later = loop.call_at(max(loop.time(), self._told_at + PACE), self._now)

    def end(self) -> None:
        """Say nothing more."""
        if self._later is not None:
            self._later.cancel()

    def _now(self) -> None:
        self._later = None
        self._told_at = asyncio.get_running_loop().time()
        self._tell(self._newest)


@contextmanager
def of_conversation(conversation_id: int) -> Iterator[Telling]:
    """While this lasts, what the writer says is what `so_far` answers. Every change is `signals.words_came`."""

    def tell(words: str) -> None:
        _words[conversation_id] = words
        signals.words_came.emit(conversation_id)

    telling = Telling(tell)
    try:
        yield telling
    finally:
        telling.end()
        _words.pop(conversation_id, None)


def so_far(conversation_id: int) -> str:
    """Empty unless a reply to this conversation is being written here."""
    return _words.get(conversation_id, '')
