"""What every request passes: who is it, where does it come from, and what the browser is told to refuse.

Pure ASGI, since it must see the websocket, too. It closes what NiceGUI leaves open: sockets from foreign pages,
uploads and sockets without a sign-in, and a proxy header that anyone may send.
"""

from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console import sign_in
from console.database import read

SOCKET = '/_nicegui_ws/'
UPLOAD = '/_nicegui/client/'
LARGEST_UPLOAD = 20 * 1024 * 1024
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
    """Wraps the whole server. `base_url` is the public address; `cookie` the session cookie's name."""

    def __init__(self, app: ASGIApp, *, base_url: str, cookie: str) -> None:
        self._app = app
        self._host = urlsplit(base_url).netloc
        self._cookie = cookie
        self._headers = list(HEADERS)
        if base_url.startswith('https://'):
            self._headers.append((b'strict-transport-security', b'max-age=31536000'))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] not in ('http', 'websocket'):
            await self._app(scope, receive, send)
            return
        scope['headers'] = [pair for pair in scope['headers'] if pair[0] != b'x-forwarded-prefix']
        headers = dict(scope['headers'])
        path: str = scope['path']
        socket = scope['type'] == 'websocket' or path.startswith(SOCKET)
        guarded = socket or path.startswith(UPLOAD)
        member_id = await self._member(headers) if guarded or not path.startswith(WITHOUT_MEMBER) else None
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
        else:
            await self._app(scope, receive, self._guarded(send))

    async def _member(self, headers: dict[bytes, bytes]) -> int | None:
        secret = session_secret(headers.get(b'cookie', b''), self._cookie)
        member = await read(sign_in.member_of, secret) if secret else None
        return member.id if member else None

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


def session_secret(cookies: bytes, name: str) -> str | None:
    """The value of our cookie, if it is there and well-formed."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(cookies.decode('latin-1'))
    except CookieError:
        return None
    return jar[name].value[:200] if name in jar else None


def _too_large(headers: dict[bytes, bytes]) -> bool:
    length = headers.get(b'content-length', b'')
    return not length.isdigit() or int(length) > LARGEST_UPLOAD


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    if scope['type'] == 'websocket':
        await send({'type': 'websocket.close', 'code': 4000 + status, 'reason': 'not signed in here'})
        return
    await send({'type': 'http.response.start', 'status': status, 'headers': [(b'content-length', b'0')]})
    await send({'type': 'http.response.body', 'body': b''})
