"""Stops asking a service that keeps failing, and finds out gently when it is back."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from console.writing.context import WritingFailed

Outcome = Literal['ok', 'failed', 'fatal', 'unknown']


@dataclass(frozen=True, eq=False)
class Permit:
    """Leave for one call; to be handed back to `settle`."""

    probe: bool


class Breaker:
    """Opens after `in_a_row` failures, or when half of the last `window` outcomes within `within` seconds failed.

    Open, it refuses every call for `pause` seconds, then lets one probe through. A probe that fails doubles
    the pause up to `longest_pause`; one that succeeds closes the breaker.
    """

    def __init__(
        self,
        *,
        in_a_row: int = 5,
        window: int = 20,
        within: float = 60,
        pause: float = 30,
        longest_pause: float = 300,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._in_a_row = in_a_row
        self._within = within
        self._first_pause = self._pause = pause
        self._longest_pause = longest_pause
        self._clock = clock
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=window)
        self._failures = 0
        self._open_until: float | None = None
        self._probe: Permit | None = None

    @property
    def is_open(self) -> bool:
        """Whether ordinary calls are refused; still true while a probe is under way."""
        return self._open_until is not None

    @property
    def retry_in(self) -> float:
        """Seconds until the next probe is let through; 0 when closed."""
        return max(0.0, self._open_until - self._clock()) if self._open_until is not None else 0.0

    def admit(self) -> Permit:
        """Leave to call. Raises `WritingFailed` with `breaker_open` while there is none."""
        if self._open_until is None:
            return Permit(probe=False)
        if self._probe or self.retry_in > 0:
            raise WritingFailed('breaker_open', retry_after=self.retry_in or self._pause)
        self._probe = Permit(probe=True)
        return self._probe

    def settle(self, permit: Permit, outcome: Outcome) -> None:
        """Say what came of the call. `fatal` opens at once; `unknown` (given up, our own fault) proves nothing."""
        if permit.probe:
            self._probe = None
            if outcome == 'ok':
                self._close()
            elif outcome != 'unknown':
                self._open(min(self._pause * 2, self._longest_pause))
        elif self._open_until is None and outcome != 'unknown':
            self._count(failed=outcome != 'ok')
            if outcome == 'fatal' or self._is_too_much():
                self._open(self._first_pause)

    def _count(self, *, failed: bool) -> None:
        self._outcomes.append((self._clock(), failed))
        self._failures = self._failures + 1 if failed else 0

    def _is_too_much(self) -> bool:
        if self._failures >= self._in_a_row:
            return True
        recent = [failed for at, failed in self._outcomes if at >= self._clock() - self._within]
        return len(recent) == self._outcomes.maxlen and sum(recent) * 2 >= len(recent)

    def _open(self, pause: float) -> None:
        self._pause = pause
        self._open_until = self._clock() + pause

    def _close(self) -> None:
        self._open_until = None
        self._pause = self._first_pause
        self._failures = 0
        self._outcomes.clear()
