"""Callbacks to the console: sealed, signed, and repeated when they are not answered."""

import asyncio
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict
from urllib.parse import urlencode

import httpx
from wechatpy.enterprise import WeChatCrypto

from console.sandbox.credentials import SandboxCredentials
from console.sandbox.envelopes import sealed_xml

RETRY_PAUSES = (1.0, 2.0, 4.0)
ANSWER_SECONDS = 5.0
VERIFICATION_SECONDS = 1.0


class Manner(TypedDict, total=False):
    """How a push is made. With none of these, it is WeCom on a good day.

    copies: this many times, all at once, or one after the other if `one_by_one`.
    wrong_signature, age_seconds: signed by somebody else; a timestamp this old. Neither is WeCom's doing, so such
    a push is not repeated and stands on no phone.
    delay: seconds to wait first. drop: it is never sent.
    """

    copies: int
    one_by_one: bool
    wrong_signature: bool
    age_seconds: float
    delay: float
    drop: bool


@dataclass(frozen=True)
class Attempt:
    """One POST. `status` is None when no answer came in time, and `answer` then names the reason."""

    copy: int
    status: int | None
    ms: int
    query: str
    request_bytes: bytes
    answer: str


@dataclass(frozen=True)
class PushReport:
    """What became of a push: `xml` is its content before sealing; events have no `msg_id`."""

    msg_id: str | None
    xml: str
    attempts: tuple[Attempt, ...]

    @property
    def accepted(self) -> bool:
        """Whether at least one attempt was answered with 200."""
        return any(attempt.status == 200 for attempt in self.attempts)


@dataclass(frozen=True)
class Verification:
    """What the callback URL made of WeCom's GET: `passed` means the exact bytes, in time."""

    passed: bool
    status: int | None
    ms: int
    answer: str


class Pusher:
    """Pushes over `client`; lives on one event loop."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        credentials: SandboxCredentials,
        *,
        retry_pauses: Sequence[float] = RETRY_PAUSES,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._crypto = WeChatCrypto(credentials.token, credentials.encoding_aes_key, credentials.corp_id)
        self._retry_pauses = tuple(retry_pauses)
        self._answer_seconds = answer_seconds

    async def push(self, url: str, xml: str, manner: Manner, *, msg_id: str | None = None) -> PushReport:
        """Push until it is answered with 200, at most once more than there are retry pauses."""
        await asyncio.sleep(manner.get('delay', 0))
        copies = range(0 if manner.get('drop') else manner.get('copies', 1))
        if manner.get('one_by_one'):
            done = [await self._push_copy(url, xml, manner, copy) for copy in copies]
        else:
            done = await asyncio.gather(*(self._push_copy(url, xml, manner, copy) for copy in copies))
        return PushReport(msg_id, xml, tuple(attempt for attempts in done for attempt in attempts))

    async def post_again(self, url: str, query: str, body: bytes) -> Attempt:
        """The identical bytes once more, signature and all, as an eavesdropper would."""
        return await self._post(url, query, body, copy=0)

    async def verify(self, url: str) -> Verification:
        """The GET that WeCom makes when the callback settings are saved."""
        echo = str(secrets.randbelow(10**19)).zfill(19)
        signature, timestamp, nonce, encrypted = self._seal(echo, age_seconds=0)
        query = {'msg_signature': signature, 'timestamp': timestamp, 'nonce': nonce, 'echostr': encrypted}
        started = time.perf_counter()
        try:
            async with asyncio.timeout(VERIFICATION_SECONDS):
                response = await self._client.get(_with_query(url, urlencode(query)))
        except (TimeoutError, httpx.HTTPError) as error:
            return Verification(False, None, _ms_since(started), type(error).__name__)
        passed = response.status_code == 200 and response.content == echo.encode()
        return Verification(passed, response.status_code, _ms_since(started), response.text)

    async def _push_copy(self, url: str, xml: str, manner: Manner, copy: int) -> list[Attempt]:
        attempts = [await self._post(url, *self._letter(xml, manner), copy=copy)]
        forged = is_forged(manner)
        for pause in () if forged else self._retry_pauses:
            if attempts[-1].status == 200:
                break
            await asyncio.sleep(pause)
            attempts.append(await self._post(url, *self._letter(xml, manner), copy=copy))
        return attempts

    def _letter(self, xml: str, manner: Manner) -> tuple[str, bytes]:
        """Query and body, sealed afresh: new random bytes, nonce, timestamp, and so a new signature."""
        signature, timestamp, nonce, encrypted = self._seal(xml, age_seconds=manner.get('age_seconds', 0))
        if manner.get('wrong_signature'):
            signature = secrets.token_hex(20)
        query = urlencode({'msg_signature': signature, 'timestamp': timestamp, 'nonce': nonce})
        return query, sealed_xml(self._credentials.corp_id, self._credentials.agent_id, encrypted)

    def _seal(self, plain: str, *, age_seconds: float) -> tuple[str, str, str, str]:
        """Signature, timestamp, nonce and ciphertext."""
        timestamp, nonce = str(int(time.time() - age_seconds)), str(secrets.randbelow(10**10))
        sealed = self._crypto.encrypt_message(plain, nonce, timestamp)
        encrypted, signature = re.findall(r'<(?:Encrypt|MsgSignature)><!\[CDATA\[(.*?)\]\]>', sealed)
        return signature, timestamp, nonce, encrypted

    async def _post(self, url: str, query: str, body: bytes, *, copy: int) -> Attempt:
        started = time.perf_counter()
        status: int | None
        try:
            async with asyncio.timeout(self._answer_seconds):
                response = await self._client.post(
                    _with_query(url, query), content=body, headers={'Content-Type': 'text/xml'}
                )
            status, answer = response.status_code, response.text
        except (TimeoutError, httpx.HTTPError) as error:
            status, answer = None, type(error).__name__
        return Attempt(copy, status, _ms_since(started), query, body, answer)


def is_forged(manner: Manner) -> bool:
    """Whether the push pretends to be WeCom's and is not."""
    return bool(manner.get('wrong_signature') or manner.get('age_seconds'))


def _with_query(url: str, query: str) -> str:
    return f'{url}{"&" if "?" in url else "?"}{query}'


def _ms_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
