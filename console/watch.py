"""Trouble nobody reports because nothing is done when it comes: looked for now and then, and alerted while it lasts."""

import asyncio
from collections.abc import Callable, Mapping

from console import alerts
from console.database import transact

Trouble = Callable[[], str | None]
"""The words of the alert while the trouble lasts, else None. Called in a thread."""


class Watch:
    """`troubles` by kind of alert."""

    def __init__(self, troubles: Mapping[str, Trouble]) -> None:
        self._troubles = dict(troubles)
        self._raised: dict[str, bool] = {}

    async def look(self) -> bool:
        """Raise what has begun, clear what is over, leave what lasts. Always False: no more to do right away."""
        for kind, trouble in self._troubles.items():
            words = await asyncio.to_thread(trouble)
            if words and not self._raised.get(kind):
                await transact(alerts.raise_alert, kind, words)
            elif not words and self._raised.get(kind, True):  # the first time also what a former process left open
                await transact(alerts.clear, kind)
            self._raised[kind] = bool(words)
        return False
