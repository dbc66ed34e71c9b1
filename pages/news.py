"""What an open page does with news: nothing while no browser is there to show it."""

from collections.abc import Callable

from nicegui import ui

from console.signals import Signal


def on_news(heard: Callable[[], object], *news: Signal) -> None:
    """Call `heard` with every announcement while a browser is connected; once on connecting, if one came before.

    A page that was asked for and never connected, and a closed tab, linger for a while: a hundred of them must not
    read the database with every message.
    """
    client = ui.context.client
    missed = False

    def told() -> None:
        nonlocal missed
        if client.has_socket_connection:
            heard()
        else:
            missed = True

    def back() -> None:
        nonlocal missed
        if missed:
            missed = False
            heard()

    for signal in news:
        signal.subscribe(told)
    client.on_connect(back)
