"""What shall go wrong next, by path, and the calls that were made. Not locked: `World.turn()` does that."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

FaultKind = Literal['refuse', 'delay', 'hang', 'drop_answer', 'hang_answer']
"""refuse: nothing is done. delay: done later. hang: nothing is done, no answer comes.
drop_answer, hang_answer: it is done, and the answer is lost: the connection closes, or stays silent."""

CALLS_KEPT = 20_000


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong once. `http_status` None means WeCom itself refuses, in HTTP 200 as always."""

    kind: FaultKind
    errcode: int = 0
    http_status: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Call:
    """One call to /cgi-bin/. `errcode` None: the sandbox did nothing and never answered."""

    path: str
    when: datetime
    query: Mapping[str, str]
    body: bytes
    errcode: int | None


class Faults:
    """A queue of faults for each path. `generation` changes when they are cleared, which lets hanging calls go."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.generation = 0

    def add(self, path: str, fault: Fault, times: int) -> None:
        self._waiting[path].extend([fault] * times)

    def take(self, path: str) -> Fault | None:
        waiting = self._waiting.get(path)
        return waiting.popleft() if waiting else None

    def waiting(self) -> list[tuple[str, Fault]]:
        """Those that have not happened yet, each with its path, in order for each path."""
        return [(path, fault) for path, faults in self._waiting.items() for fault in faults]

    def drop(self, path: str, fault: Fault) -> None:
        """Think better of all faults like this one."""
        self._waiting[path] = deque(other for other in self._waiting[path] if other != fault)

    def clear(self) -> None:
        self._waiting.clear()
        self.generation += 1


class Calls:
    """The latest calls, oldest first."""

    def __init__(self) -> None:
        self._kept: deque[Call] = deque(maxlen=CALLS_KEPT)

    def add(self, call: Call) -> None:
        self._kept.append(call)

    def to(self, path: str | None = None) -> list[Call]:
        """The calls to one path, or all."""
        return [call for call in self._kept if path is None or call.path == path]
