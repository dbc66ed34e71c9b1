"""How often we call WeCom: below what it blocks a company for, a minute at a time (path/90312)."""

import threading
from collections.abc import Callable

from console.wecom.refusals import WeComRefused

A_MINUTE = 9_000
"""WeCom allows 10 000 calls a minute to each API, of all processes and apps of a company together."""
AT_ONCE = 1_000
TOO_OFTEN = 45009


class Pace:
    """A bucket of calls for each path, which fills again as time goes by. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}  # calls left, as of when

    def take(self, path: str) -> None:
        """One call. Raises `WeComRefused`, as WeCom itself would a little later, without asking it."""
        now = self._clock()
        with self._lock:
            left, then = self._buckets.get(path, (AT_ONCE, now))
            left = min(AT_ONCE, left + (now - then) * A_MINUTE / 60)
            self._buckets[path] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            raise WeComRefused(TOO_OFTEN, 'held back here')
