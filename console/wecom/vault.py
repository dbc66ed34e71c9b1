"""What WeCom gives one at a time, shared by all who ask for it: the threads of one process, and other processes."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from console.wecom.refusals import WeComRefused
from console.wecom.single_flight import Fetched

PATIENCE = 45.0
"""Seconds to wait for others that fetch: longer than anyone's lease, so that nobody waits for a dead process."""
LOOK_AGAIN = 0.1


@dataclass(frozen=True, kw_only=True)
class Found:
    """One of: what is `fetched` already; the errcode for which nobody asks now; `yours` to fetch; none: wait."""

    fetched: Fetched | None = None
    barred: int | None = None
    yours: bool = False


class Vault(Protocol):
    """A place that several processes keep secrets in. Never raises: who cannot be helped is told `yours`.

    A name tells nothing of the secret. Nothing is held open between two calls.
    """

    def look(self, name: str, other_than: str | None) -> Found:
        """A good value other than the one found to be bad, or whose turn it is to fetch one."""

    def store(self, name: str, fetched: Fetched) -> None:
        """What the one whose turn it was has got."""

    def release(self, name: str) -> None:
        """The one whose turn it was has got nothing."""

    def bar(self, name: str, errcode: int, seconds: float) -> None:
        """Nobody is to ask for so long."""


class Alone:
    """The vault of a process that shares with nobody."""

    def look(self, _name: str, _other_than: str | None) -> Found:
        return Found(yours=True)

    def store(self, _name: str, _fetched: Fetched) -> None:
        """Kept by the `SingleFlight`."""

    def release(self, _name: str) -> None:
        """Nobody waits."""

    def bar(self, _name: str, _errcode: int, _seconds: float) -> None:
        """Kept by the client."""


def name_of(*what: str) -> str:
    """The same for the same words, and nothing can be read back from it as long as one of them is a real secret."""
    return hashlib.sha256('\0'.join(what).encode()).hexdigest()


def share(vault: Vault, name: str, fetch: Callable[[], Fetched]) -> Callable[[str | None], Fetched]:
    """`fetch`, unless another process has got, or is getting, a value other than the given one.

    Raises what `fetch` raises, and `WeComRefused` where the vault bars from asking.
    """

    def fetch_or_find(other_than: str | None) -> Fetched:
        give_up = time.monotonic() + PATIENCE
        while not (found := vault.look(name, other_than)).yours and time.monotonic() < give_up:
            if found.fetched is not None:
                return found.fetched
            if found.barred is not None:
                raise WeComRefused(found.barred)
            time.sleep(LOOK_AGAIN)
        try:
            fetched = fetch()
        except BaseException:
            vault.release(name)
            raise
        vault.store(name, fetched)
        return fetched

    return fetch_or_find
