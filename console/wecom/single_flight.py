"""A value with a lifetime that one thread fetches while the others wait for it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

_MARGIN = 300.0
"""Seconds before its end at which a value is fetched anew."""


@dataclass(frozen=True)
class Fetched:
    """A value and for how many seconds from now it is good."""

    value: str
    lifetime: float


class SingleFlight:
    """Keeps what `fetch` got until five minutes before its end. Safe to share between threads.

    However many ask at once, one fetches; all get its result, or its exception.
    """

    def __init__(self, fetch: Callable[[], Fetched], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: str | None = None
        self._good_until = 0.0
        self._flight: Future[str] | None = None

    @property
    def kept(self) -> str | None:
        """The value at hand, good or not; asks nobody."""
        return self._kept

    def get(self, *, other_than: str | None = None) -> str:
        """A good value, but not `other_than`, which was found to be bad. Raises what `fetch` raises."""
        with self._lock:
            if self._kept is not None and self._kept != other_than and self._clock() < self._good_until:
                return self._kept
            flight = self._flight
            if flight is None:
                mine = self._flight = Future()
        if flight is not None:
            return flight.result()
        self._land(mine)
        return mine.result()

    def _land(self, flight: Future[str]) -> None:
        try:
            fetched = self._fetch()
        except BaseException as error:
            with self._lock:
                self._flight = None
            flight.set_exception(error)
            return
        with self._lock:
            self._kept = fetched.value
            self._good_until = self._clock() + max(fetched.lifetime - _MARGIN, fetched.lifetime / 2)
            self._flight = None
        flight.set_result(fetched.value)
