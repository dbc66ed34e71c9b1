"""NiceGUI's own scripts and styles, compressed once: it would compress them anew for every browser, 40 ms for one."""

from collections import OrderedDict
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = '/_nicegui/'
IMMUTABLE = b'immutable'
MOST_FILES, MOST_BYTES = 100, 1_000_000
"""A hundred files of which none is larger than a megabyte as it is sent; the rarely asked for leave first."""


@dataclass(frozen=True)
class _Answer:
    start: Message
    body: bytes


class KeptFiles:
    """Wraps the server. What NiceGUI says will never change is kept as it was sent, and sent from there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: OrderedDict[tuple[str, bool], _Answer] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] != 'http' or scope['method'] != 'GET' or not scope['path'].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        headers = dict(scope['headers'])
        key = (scope['path'], b'gzip' in headers.get(b'accept-encoding', b''))
        if b'range' in headers or scope['query_string']:
            await self._app(scope, receive, send)
        elif kept := self._kept.get(key):
            self._kept.move_to_end(key)
            await send({**kept.start, 'headers': [*kept.start['headers']]})
            await send({'type': 'http.response.body', 'body': kept.body})
        else:
            await self._app(scope, receive, self._keeping(key, send))

    def _keeping(self, key: tuple[str, bool], send: Send) -> Send:
        start: Message = {}
        parts: list[bytes] = []

        async def keeping(message: Message) -> None:
            if message['type'] == 'http.response.start':
                start.update(message, headers=[*message['headers']])
            else:
                parts.append(message.get('body', b''))
                if not message.get('more_body') and _lasts(start):
                    self._keep(key, _Answer(start, b''.join(parts)))
            await send(message)

        return keeping

    def _keep(self, key: tuple[str, bool], answer: _Answer) -> None:
        if len(answer.body) <= MOST_BYTES:
            self._kept[key] = answer
        if len(self._kept) > MOST_FILES:
            self._kept.popitem(last=False)


def _lasts(start: Message) -> bool:
    return start['status'] == 200 and IMMUTABLE in dict(start['headers']).get(b'cache-control', b'')
