"""What an open page does with news: nothing while no browser is there to show it."""

from collections.abc import Callable
from inspect import isawaitable

from nicegui import background_tasks, ui

from console.signals import LOOK_AGAIN, Signal


class News:
    """What one page hears. While no browser is connected it hears nothing; `back` shows what was missed.

    A page that was asked for and never connected, and a closed tab, linger for a while: a hundred of them must not
    read the database with every message.
    """

    def __init__(self, back: Callable[[], object]) -> None:
        self._client = ui.context.client
        self._back = back
        self._missed = False
        self._client.on_connect(self._connected)

    def hear(self, signal: Signal, *heard: Callable[[int], object]) -> None:
        """Call each of `heard` with what every announcement carries; `back` instead if news was missed."""

        def told(number: int) -> None:
            if not self._client.has_socket_connection:
                self._missed = True
            elif number == LOOK_AGAIN:
                background_tasks.create_lazy(self._show(), name=f'news {id(self)}')
            else:
                for one in heard:
                    one(number)

        signal.subscribe(told)

    async def _connected(self) -> None:
        missed, self._missed = self._missed, False
        if missed:
            await self._show()

    async def _show(self) -> None:
        with self._client:
            shown = self._back()
            if isawaitable(shown):
                await shown


def on_news(heard: Callable[[], object], *signals: Signal) -> None:
    """Call `heard` with every announcement while a browser is connected; once on connecting, if one came before."""
    news = News(heard)
    for signal in signals:
        news.hear(signal, lambda _: heard())
