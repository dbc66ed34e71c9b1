"""A value with a lifetime that one thread fetches while the others wait for it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fetched:
    """A value and for how many seconds from now it is to be used."""

    value: str = field(repr=False)
    lifetime: float


class SingleFlight:
    """Keeps what `fetch` got as long as it is to be used. Safe to share between threads.

    However many ask at once, one fetches; all get its result, or its exception. `fetch` is told the value found bad.
    """

    def __init__(self, fetch: Callable[[str | None], Fetched], clock: Callable[[], float]) -> None:
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
        self._land(mine, other_than)
        return mine.result()

    def _land(self, flight: Future[str], other_than: str | None) -> None:
        try:
            fetched = self._fetch(other_than)
        except BaseException as error:
            with self._lock:
                self._flight = None
            flight.set_exception(error)
            return
        with self._lock:
            self._kept = fetched.value
            self._good_until = self._clock() + fetched.lifetime
            self._flight = None
        flight.set_result(fetched.value)
