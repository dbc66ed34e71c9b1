"""The Date header of every answer, by the sandbox's clock."""

from email.utils import formatdate

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.sandbox.clock import Clock


class Dated:
    """`app`, with a Date header on what it answers."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app, self._clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message['type'] == 'http.response.start':
                MutableHeaders(scope=message)['Date'] = formatdate(self._clock.now(), usegmt=True)
            await send(message)

        await self._app(scope, receive, send_dated)
