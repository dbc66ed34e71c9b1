"""WeCom's callback: prove it, keep it, answer. Nothing is understood here, and nothing is waited for but the disk.

Plain ASGI, outside the framework: its routing and request objects cost several times what the decryption does.
See developer.work.weixin.qq.com/document/path/90930 and 90238, read 2026-11-24.
"""

import asyncio
import hashlib
import logging
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from urllib.parse import parse_qsl

from prometheus_client import Histogram
from starlette.types import ASGIApp, Receive, Scope, Send

from console import intake
from console.channels import WeComApp
from console.crash_points import passing
from console.database import together
from console.errors import ConsoleError
from console.metrics import CALLBACKS
from console.wecom.crypto import NotFromWeCom
from console.wecom.envelope import encrypted_in
from console.wecom.events import identify

log = logging.getLogger(__name__)

PATH = '/api/v1/wechat/message'
PATHS = (PATH, f'{PATH}/')
LARGEST_BODY = 128 * 1024
BODY_SECONDS = 3.0
LONGEST_QUERY = 4096
FRESH_SECONDS = 300
FIELDS = {
    'msg_signature': re.compile(r'[0-9a-f]{40}'),
    'timestamp': re.compile(r'\d{10}'),
    'nonce': re.compile(r'[\x21-\x7e]{1,64}'),
}


USUAL = re.compile(rb'msg_signature=([0-9a-f]{40})&timestamp=([0-9]{10})&nonce=([A-Za-z0-9]{1,64})')
"""The query as WeCom writes it, which needs no decoding; any other is read with more care."""


class MissingParameter(ConsoleError):
    http_status = 400

    def __init__(self, name: str) -> None:
        super().__init__(f'缺少参数 {name}，或重复、格式不对。')
        self.field = name


class TooLarge(ConsoleError):
    http_status = 413

    def __init__(self) -> None:
        super().__init__('请求内容过大。')


class TooSlow(ConsoleError):
    http_status = 408

    def __init__(self) -> None:
        super().__init__('请求内容没有按时送达。')


class Callback:
    """In front of the whole server: answers WeCom's path for the given apps, and hands on everything else."""

    def __init__(self, server: ASGIApp, apps: Sequence[WeComApp]) -> None:
        self._server = server
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] == 'http' and scope['path'] in PATHS:
            await self._answer(scope, receive, send)
        else:
            await self._server(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            match scope['method']:
                case 'GET' | 'HEAD':
                    status, answer = 200, self._verified_address(scope)
                case 'POST':
                    await self._keep(scope, receive)
                    status, answer = 200, b'success'
                case _:
                    status, answer = 405, b''
        except ConsoleError as refusal:
            status, answer = refusal.http_status, b'' if isinstance(refusal, NotFromWeCom) else str(refusal).encode()
            log.info('callback refused: %s %s', status, type(refusal).__name__)
        _answers(status).observe(time.perf_counter() - started)
        headers = [(b'content-type', b'text/plain; charset=utf-8'), (b'content-length', str(len(answer)).encode())]
        if status in (TooLarge.http_status, TooSlow.http_status):
            headers.append((b'connection', b'close'))
        await send({'type': 'http.response.start', 'status': status, 'headers': headers})
        await send({'type': 'http.response.body', 'body': answer})

    def _verified_address(self, scope: Scope) -> bytes:
        """The decrypted echo string, exactly."""
        query = _query(scope)
        echo = query.get('echostr', '').replace(' ', '+')
        signature, timestamp, nonce = _signed(query)
        if not echo:
            raise MissingParameter('echostr')
        return self._app_for(signature, timestamp, nonce, echo).crypto.open(echo).encode()

    async def _keep(self, scope: Scope, receive: Receive) -> None:
        usual = USUAL.fullmatch(scope['query_string'])
        signature, timestamp, nonce = (part.decode() for part in usual.groups()) if usual else _signed(_query(scope))
        encrypted = encrypted_in(await _body(scope, receive))
        app = self._app_for(signature, timestamp, nonce, encrypted)
        dedup_key, of = identify(app.crypto.open(encrypted))
        cipher_hash = hashlib.sha256(encrypted.encode()).hexdigest()
        arrival = intake.Arrival(
            corp_id=app.corp_id,
            cipher_hash=cipher_hash,
            dedup_key=f'{app.corp_id}:{dedup_key or cipher_hash}',
            gate=f'{app.corp_id}:{of}'[:200],
            sealed=encrypted,
            sent_at=datetime.fromtimestamp(int(timestamp), UTC),
            fresh=abs(time.time() - int(timestamp)) <= FRESH_SECONDS,
        )
        passing('accepted')
        await together(intake.store, arrival)
        passing('stored')

    def _app_for(self, signature: str, timestamp: str, nonce: str, encrypted: str) -> WeComApp:
        for app in self._apps:
            if app.crypto.matches(signature, timestamp, nonce, encrypted):
                return app
        raise NotFromWeCom


@cache
def _answers(status: int) -> Histogram:
    return CALLBACKS.labels(status=status)


def _query(scope: Scope) -> dict[str, str]:
    raw = scope['query_string']
    if len(raw) > LONGEST_QUERY:
        raise TooLarge
    pairs = parse_qsl(raw.decode('latin-1'), keep_blank_values=True, max_num_fields=20) if raw.count(b'&') < 20 else []
    names = [name for name, _ in pairs]
    for name in ('msg_signature', 'timestamp', 'nonce', 'echostr'):
        if names.count(name) > 1:
            raise MissingParameter(name)
    return dict(pairs)


def _signed(query: dict[str, str]) -> tuple[str, str, str]:
    for name in FIELDS:
        if not query.get(name):
            raise MissingParameter(name)
    if not all(pattern.fullmatch(query[name]) for name, pattern in FIELDS.items()):
        raise NotFromWeCom
    return query['msg_signature'], query['timestamp'], query['nonce']


async def _body(scope: Scope, receive: Receive) -> bytes:
    for name, value in scope['headers']:
        if name == b'content-length' and (not value.isdigit() or int(value) > LARGEST_BODY):
            raise TooLarge
        if name == b'content-encoding' and value.lower() != b'identity':
            raise NotFromWeCom
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive)
    except TimeoutError:
        raise TooSlow from None


async def _read(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message['type'] == 'http.disconnect':
            raise TooSlow
        piece = message.get('body', b'')
        size += len(piece)
        if size > LARGEST_BODY:
            raise TooLarge
        pieces.append(piece)
        if not message.get('more_body', False):
            return b''.join(pieces)
