"""What every request passes: who is it, where does it come from, and what the browser is told to refuse.

Pure ASGI, since it must see the websocket, too. It closes what NiceGUI leaves open: sockets from foreign pages,
uploads and sockets without a sign-in, and a proxy header that anyone may send. And what Starlette and Python leave
open: forms of any size and encoding, and cookies that take seconds to read.
"""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callbacks import bodies
from console import sign_in
from console.database import read

SOCKET = '/_nicegui_ws/'
UPLOAD = '/_nicegui/client/'
FILES = '/media/'
LARGEST_UPLOAD = 20 * 1024 * 1024
LARGEST_FORM = 64 * 1024
PLAIN_FORM = re.compile(rb'application/x-www-form-urlencoded *(; *charset="?utf-8"? *)?', re.IGNORECASE)
"""Multipart names a charset of the sender's choice for Python to decode: punycode takes minutes for a megabyte."""
LARGEST_COOKIES = 8 * 1024
"""All together, as at nginx: other services of the school's domain send theirs along."""
COOKIE_VALUE = re.compile(r'[\w.-]{1,200}', re.ASCII)
"""What we ever put into one. Quoted values are never ours, and Python before 3.11.10 unquotes in quadratic time."""
WITHOUT_MEMBER = ('/assets/', '/_nicegui/', '/api/', '/health', '/metrics', '/WW_verify_')
"""Paths for which nobody's cookie is looked up; the JSON API knows its callers by token."""

CONTENT_POLICY = '; '.join(
    (
        "default-src 'self'",
        # NiceGUI compiles its templates in the browser; attribute handlers stay forbidden, escaping stays the defence.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "script-src-attr 'none'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = [
    (b'x-content-type-options', b'nosniff'),
    # To our own pages, so that a refusal can lead back. A form on a page that tells none posts with `Origin: null`.
    (b'referrer-policy', b'same-origin'),
    (b'permissions-policy', b'camera=(), microphone=(), geolocation=()'),
    (b'cross-origin-opener-policy', b'same-origin'),
    (b'content-security-policy', CONTENT_POLICY.encode()),
]


class Door:
    """Wraps the whole server. `base_url` is the public address; `cookie` the session cookie's name.

    No other cookie goes further in than this one and `other_cookies`.
    """

    def __init__(self, app: ASGIApp, *, base_url: str, cookie: str, other_cookies: Collection[str] = ()) -> None:
        self._app = app
        self._host = urlsplit(base_url).netloc
        self._cookie = cookie
        self._cookies = {cookie, *other_cookies}
        self._headers = list(HEADERS)
        if base_url.startswith('https://'):
            self._headers.append((b'strict-transport-security', b'max-age=31536000'))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] not in ('http', 'websocket'):
            await self._app(scope, receive, send)
            return
        sent = b';'.join(value for name, value in scope['headers'] if name == b'cookie')
        if len(sent) > LARGEST_COOKIES:
            await _refuse(scope, send, 431)
            return
        cookies = self._own_cookies(sent)
        scope['headers'] = [pair for pair in scope['headers'] if pair[0] not in (b'x-forwarded-prefix', b'cookie')]
        if cookies:
            passed_on = '; '.join(f'{name}={value}' for name, value in cookies.items())
            scope['headers'].append((b'cookie', passed_on.encode()))
        headers = dict(scope['headers'])
        path: str = scope['path']
        socket = scope['type'] == 'websocket' or path.startswith(SOCKET)
        guarded = socket or path.startswith(UPLOAD)
        looked_up = guarded or not path.startswith(WITHOUT_MEMBER)
        member_id = await _member(cookies.get(self._cookie)) if looked_up else None
        scope.setdefault('state', {})['member_id'] = member_id
        changes = scope.get('method') not in ('GET', 'HEAD', 'OPTIONS') and not path.startswith('/api/')
        if (socket or changes) and not self._own_origin(headers):
            await _refuse(scope, send, 403)
        elif guarded and member_id is None:
            await _refuse(scope, send, 401)
        elif path.startswith(UPLOAD) and _too_large(headers):
            await _refuse(scope, send, 413)
        elif scope['type'] == 'websocket':
            await self._app(scope, receive, send)
        elif changes and not guarded and not path.startswith(FILES):
            form = await _plain_form(scope, receive)
            if isinstance(form, bytes):
                await self._app(scope, bodies.again(form, receive), self._guarded(send))
            else:
                await _refuse(scope, send, form, close=True)
        else:
            await self._app(scope, receive, self._guarded(send))

    def _own_cookies(self, sent: bytes) -> dict[str, str]:
        """Ours by name, the last of each, as far as they are well-formed."""
        pairs = (pair.strip().partition('=') for pair in sent.decode('latin-1').split(';'))
        return {name: value for name, _, value in pairs if name in self._cookies and COOKIE_VALUE.fullmatch(value)}

    def _own_origin(self, headers: dict[bytes, bytes]) -> bool:
        """Whether the page that asks is ours. Without an Origin (an old browser) the cookie's own rules decide."""
        origin = headers.get(b'origin', b'').decode('latin-1')
        if not origin:
            return headers.get(b'sec-fetch-site', b'same-origin') in (b'same-origin', b'none')
        try:
            host = urlsplit(origin).netloc
        except ValueError:
            return False
        return host in (self._host, headers.get(b'host', b'').decode('latin-1'))

    def _guarded(self, send: Send) -> Send:
        async def guarded(message: Message) -> None:
            if message['type'] == 'http.response.start':
                present = {name for name, _ in message.get('headers', ())}
                extra = [pair for pair in self._headers if pair[0] not in present]
                message['headers'] = [*message.get('headers', ()), *extra]
            await send(message)

        return guarded


async def _member(secret: str | None) -> int | None:
    member = await read(sign_in.member_of, secret) if secret else None
    return member.id if member else None


async def _plain_form(scope: Scope, receive: Receive) -> bytes | int:
    """The whole body of a form as our pages send it, or the status that refuses it."""
    kinds = [value for name, value in scope['headers'] if name == b'content-type']
    if not all(PLAIN_FORM.fullmatch(kind) for kind in kinds):
        return 415
    body = await bodies.whole(scope, receive, most=LARGEST_FORM)
    return 415 if body and not kinds else body


def _too_large(headers: dict[bytes, bytes]) -> bool:
    length = headers.get(b'content-length', b'')
    return not length.isdigit() or int(length) > LARGEST_UPLOAD


async def _refuse(scope: Scope, send: Send, status: int, *, close: bool = False) -> None:
    """`close`: whatever of the body is still on its way is not waited for."""
    if scope['type'] == 'websocket':
        await send({'type': 'websocket.close', 'code': 4000 + status, 'reason': 'not signed in here'})
        return
    headers = [(b'content-length', b'0'), *([(b'connection', b'close')] if close else [])]
    await send({'type': 'http.response.start', 'status': status, 'headers': headers})
    await send({'type': 'http.response.body', 'body': b''})
