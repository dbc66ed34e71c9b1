"""What a list shows, kept in the address of its page, so that a reload and the way back show it again."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from nicegui import ui
from nicegui.events import GenericEventArguments

from console import personal_numbers
from pages.fields import known_id

LONGEST = 60
MOST_TURNED = 40
"""Pages of a list that are turned for an address: each is a question to the database."""


def keep(path: str, **words: str | int | None) -> None:
    """Have the address say this, without those that are None. Call it once the browser is there."""
    ui.navigate.history.replace(address(path, **words))


def address(path: str, **words: str | int | None) -> str:
    """Words with somebody's number in them are left out: addresses are logged on the way here."""
    said = {name: str(value) for name, value in words.items() if value is not None}
    said = {name: value for name, value in said.items() if personal_numbers.blotted(value) == value}
    return f'{path}?{urlencode(said)}' if said else path


def on_way_back(went: Callable[[str], Awaitable[None]]) -> None:
    """Run `went` when somebody goes back or forth between addresses of this page; it gets the one they came to."""

    async def heard(event: GenericEventArguments) -> None:
        with listener.client.content:
            await went(str(event.args))

    listener = ui.element('way-back').props('hidden')
    listener.on('back', heard, js_handler='(event) => emit(event.detail)')


def words_in(told: str) -> str:
    """What may be searched for: a database refuses some of the signs that an address can hold."""
    return ''.join(sign for sign in told if sign.isprintable())[:LONGEST]


def turns_in(told: str) -> int:
    """How many pages to turn for `page=…`."""
    return min(known_id(told) or 1, MOST_TURNED) - 1
