"""The sandbox's own time, which a test can push forward."""

import threading
import time
from datetime import UTC, datetime


class Clock:
    """Real time plus what was advanced. Tokens, codes, tickets and limits go by it; callbacks carry the real time."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = threading.Lock()

    def advance(self, seconds: float) -> None:
        """Move every later `now()` forward by `seconds`."""
        with self._lock:
            self._ahead += seconds

    def now(self) -> float:
        """Unix time in seconds."""
        with self._lock:
            return time.time() + self._ahead

    def read(self) -> datetime:
        """`now()` as an aware time in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)
