"""How often we call WeCom: below what it blocks a company for, a minute at a time (path/90312)."""

import threading
import time
from collections.abc import Callable

from console.wecom.refusals import WeComRefused

AT_ONCE, A_MINUTE = 5_000, 4_800
"""Together below the 10 000 calls a minute to each API that WeCom allows a company."""
PATIENCE = 5.0
TOO_OFTEN = 45009


class Pace:
    """A bucket of calls for each path, which fills again as time goes by. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None] = time.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}  # calls left (below 0: promised to who waits), as of when

    def take(self, path: str) -> None:
        """One call, perhaps after a while. Raises `WeComRefused` if that would be longer than `PATIENCE`."""
        rate = A_MINUTE / 60
        with self._lock:
            now = self._clock()
            left, then = self._buckets.get(path, (AT_ONCE, now))
            left = min(AT_ONCE, left + (now - then) * rate) - 1
            if left < -PATIENCE * rate:
                raise WeComRefused(TOO_OFTEN, 'held back here')
            self._buckets[path] = (left, now)
        if left < 0:
            self._sleep(-left / rate)
