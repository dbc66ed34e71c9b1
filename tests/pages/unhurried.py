"""A page in the test's own process, whose questions are answered when the test says so."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import Request
from nicegui import Client, core, ui
from nicegui.app.app import State
from nicegui.events import GenericEventArguments, handle_event
from nicegui.page import page

from models import Role, Staff
from pages import layout
from pages.widgets import Button, Text

REQUEST = {'type': 'http', 'method': 'GET', 'path': '/', 'server': ('console', 80), 'query_string': b'', 'headers': []}
Page = Callable[..., Awaitable[Any]]


class Answers:
    """Stands for `read`. Every question waits in `asked` until it is answered, in whatever order."""

    def __init__(self) -> None:
        self.asked: list[asyncio.Future[Any]] = []
        self._asking = asyncio.Event()

    async def __call__(self, *_question: object, **_words: object) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.asked.append(answer)
        self._asking.set()
        return await answer

    async def answer(self, which: int, found: object) -> None:
        """Answer the question of this number, once it is asked."""
        async with asyncio.timeout(5):
            while len(self.asked) <= which:
                self._asking.clear()
                await self._asking.wait()
        if isinstance(found, Exception):
            self.asked[which].set_exception(found)
        else:
            self.asked[which].set_result(found)
        await settled()


async def settled() -> None:
    """Until all that can go on went on."""
    for _ in range(20):
        await asyncio.sleep(0)


@contextmanager
def blank_page(monkeypatch: pytest.MonkeyPatch, role: Role = Role.ADMIN) -> Iterator[Client]:
    """A page of member 1 to draw on, in the loop of the test; no browser is connected. A crash fails the test."""
    crashes: list[Exception] = []
    monkeypatch.setattr(core, 'loop', asyncio.get_running_loop())
    monkeypatch.setattr(core.app, 'handle_exception', crashes.append)
    client = Client(page('/'), request=Request(REQUEST))
    client.outbox.stop()  # nobody takes what it would send
    monkeypatch.setattr(core.app, '_state', State.STARTED)
    member = Staff(id=1, name='林主管', username='lin', role=role, active=True)
    layout._visits[client] = layout._Visit(member, '')
    try:
        with client:
            yield client
    finally:
        client.delete()
    assert not crashes, crashes


def built(client: Client, made: Page, **params: Any) -> 'asyncio.Task[Any]':
    """What the guard would build for one who may see this page; it goes on while the test answers."""

    async def build() -> None:
        with client:
            await inspect.unwrap(made)(**params)

    return asyncio.create_task(build())


def words(place: Client | ui.element) -> list[str]:
    """What is drawn there."""
    place = place.content if isinstance(place, Client) else place
    return [one.text for one in place.descendants() if isinstance(one, Text)]


async def press(client: Client, label: str) -> None:
    """The button of this label; until its handler waits or ends."""
    buttons = (one for one in client.content.descendants() if isinstance(one, Button))
    await click(next(one for one in buttons if label in (one.props.get('aria-label'), *words(one))))


async def click(found: Button) -> None:
    for listener in found._event_listeners.values():
        handle_event(listener.handler, GenericEventArguments(sender=found, client=found.client, args=None))
    await settled()


async def emit(client: Client, event: str, told: object) -> None:
    """What a browser says, honest or not: `event` of the one element that hears it."""
    [(heard_by, listener)] = [
        (one, listener)
        for one in client.content.descendants(include_self=True)
        for listener in one._event_listeners.values()
        if listener.type == event
    ]
    handle_event(listener.handler, GenericEventArguments(sender=heard_by, client=client, args=told))
    await settled()


def told(client: Client) -> list[str]:
    """The notices there were."""
    return [str(said['message']) for _, kind, said in client.outbox.messages if kind == 'notify']


async def choose(client: Client, label: str, value: object) -> None:
    """Put this into the field of this label."""
    field(client, label).set_value(value)
    await settled()


def field(client: Client, label: str) -> Any:
    """The field of this label."""
    fields = (one for one in client.content.descendants() if isinstance(one, ui.input | ui.select | ui.textarea))
    return next(one for one in fields if label in (one.props.get('aria-label'), one.props.get('label')))
