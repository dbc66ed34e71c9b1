"""WeCom's limits per member, kept by us: it drops what is above them without a word."""

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

_WINDOWS = ((60.0, 25), (3600.0, 900))
"""(seconds, messages). WeCom's own are 30 and 1000 (developer.work.weixin.qq.com/document/path/90312)."""

_MEMORY = max(seconds for seconds, _ in _WINDOWS)
_LONGEST = max(most for _, most in _WINDOWS)


class MemberThrottle:
    """Who was sent how much in the last hour; kept in memory, forgotten an hour after the last message to a member.

    Safe to share between threads. `clock` counts seconds and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sent: OrderedDict[str, deque[float]] = OrderedDict()  # most recently sent to last

    def wait_for(self, userid: str) -> float:
        """0.0 if a message may go to the member now, and counts it; else the seconds to wait, and counts nothing."""
        now = self._clock()
        member = userid.casefold()
        with self._lock:
            self._forget(now)
            sent = self._sent.get(member, deque(maxlen=_LONGEST))
            free_at = max((sent[-most] + seconds for seconds, most in _WINDOWS if len(sent) >= most), default=-math.inf)
            if free_at > now:
                return free_at - now
            sent.append(now)
            self._sent[member] = sent
            self._sent.move_to_end(member)
            return 0.0

    def __len__(self) -> int:
        """The members remembered."""
        return len(self._sent)

    def _forget(self, now: float) -> None:
        while self._sent:
            member, sent = next(iter(self._sent.items()))
            if sent[-1] + _MEMORY > now:
                return
            del self._sent[member]
