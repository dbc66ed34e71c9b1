"""Group robots: an address with a key, and what was posted to it. In memory only."""

import secrets
from collections import deque
from typing import Any

from console.sandbox.answers import Refused

POSTS_PER_MINUTE = 20


class Robots:
    """Not locked: `World.turn()` does that."""

    def __init__(self) -> None:
        self._posts: dict[str, list[dict[str, Any]]] = {}
        self._times: dict[str, deque[float]] = {}

    def add(self, key: str | None = None) -> str:
        """A robot of this key, or of a new one. Returns the key."""
        key = key or secrets.token_hex(16)
        self._posts.setdefault(key, [])
        self._times.setdefault(key, deque())
        return key

    def remove(self, key: str) -> None:
        """Throw the robot out of its group."""
        self._posts.pop(key, None)

    def posts(self, key: str) -> list[dict[str, Any]]:
        """What was posted, oldest first."""
        return list(self._posts.get(key, []))

    def post(self, key: str, message: dict[str, Any], now: float) -> None:
        """Raises `Refused`: 93000 for a wrong key, 45009 beyond 20 a minute."""
        if key not in self._posts:
            raise Refused(93000)
        times = self._times[key]
        while times and times[0] <= now - 60:
            times.popleft()
        if len(times) >= POSTS_PER_MINUTE:
            raise Refused(45009)
        times.append(now)
        self._posts[key].append(message)
