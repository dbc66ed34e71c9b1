"""The writer that asks a model over any OpenAI-compatible endpoint."""

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from console.writing import answers, prompt
from console.writing.breaker import Breaker, Outcome
from console.writing.checks import check_text
from console.writing.completions import Completion, pieces
from console.writing.context import Check, Context, OnWords, Proposal, WritingFailed
from console.writing.evidence import trace
from console.writing.glimpse import reply_so_far
from console.writing.masking import Mask

if TYPE_CHECKING:
    from openai import AsyncOpenAI

NAME = 'AI 模型'
_LONGEST_RETRY_AFTER_S = 60
_STATUSES = {401: 'unauthorized', 402: 'no_credit', 403: 'unauthorized', 408: 'timeout', 429: 'rate_limited'}
_RETRIED = {'timeout', 'cut', 'unreachable', 'unavailable', 'rate_limited'}
_OUTCOMES: dict[str, Outcome] = {
    **dict.fromkeys(_RETRIED, 'failed'),
    'not_an_answer': 'failed',
    'unauthorized': 'fatal',
    'no_credit': 'fatal',
}
"""What a failed request says of the service's health; what is missing here says nothing."""
_log = logging.getLogger(__name__)


class DeepSeekWriter:
    """One for the process: it holds the connections, the breaker and the bulkhead. Close it.

    `deadline` bounds a whole `write` in seconds, with its waiting and its retries; `idle` the silence before the
    next word, for which keep-alive lines do not count. `pauses` are the longest waits before each retry, of
    which a random part is taken. At most `at_once` requests run at the same time.
    """

    def __init__(
        self,
        api_url: str,
        api_key: str,
        model: str,
        *,
        deadline: float = 60,
        idle: float = 15,
        pauses: Sequence[float] = (2, 10, 60),
        at_once: int = 8,
        breaker: Breaker | None = None,
    ) -> None:
        self.model = model
        self.breaker = breaker or Breaker()
        self.api_url = api_url.rstrip('/').removesuffix('/chat/completions')
        self._api_key = api_key
        self._deadline = deadline
        self._idle = idle
        self._pauses = pauses
        self._at_once = at_once
        self._slots = asyncio.Semaphore(at_once)
        self._client: AsyncOpenAI | None = None
        self._connecting = asyncio.Lock()
        self._wants_usage = True

    @property
    def key_ending(self) -> str:
        """Enough of the key to tell which it is."""
        return self._api_key[-4:] if len(self._api_key) > 12 else ''

    async def write(self, context: Context, *, on_words: OnWords | None = None) -> Proposal:
        started = time.monotonic()
        outcome, raw = 'ok', Completion()
        rules = prompt.of(context)
        try:
            mask = Mask.of(context)
            raw = await self._ask(rules.messages(mask.context), _reader(on_words, mask))
            answer = answers.read(raw.text, raw.finish_reason, prompt=rules, mask=mask)
        except WritingFailed as failure:
            outcome = failure.reason or ''
            raise
        except asyncio.CancelledError:
            outcome = 'cancelled'
            raise
        finally:
            duration_ms = round((time.monotonic() - started) * 1000)
            _log.info(
                'model=%s ms=%d tokens_in=%d tokens_out=%d outcome=%s',
                self.model, duration_ms, raw.tokens_in, raw.tokens_out, outcome,
            )  # fmt: skip
        checks = check_text(answer.reply, context)
        if answer.was_cleaned:
            checks += (Check(kind='characters', level='warn', text='已去除答复中的不可见字符', detail=''),)
        return Proposal(
            text=answer.reply,
            writer=NAME,
            model=self.model,
            prompt_version=rules.version,
            sources=trace(answer.reply, context, cited=answer.cited),
            checks=checks,
            tokens_in=raw.tokens_in,
            tokens_out=raw.tokens_out,
            duration_ms=duration_ms,
            needs_human=answer.needs_human,
        )

    async def close(self) -> None:
        if self._client:
            await self._client.close()

    async def _ask(self, messages: list[dict[str, str]], on_text: OnWords | None) -> Completion:
        """The answer, after retries where they may help. Raises `WritingFailed`."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._deadline
        try:
            async with asyncio.timeout_at(give_up_at):
                for longest_pause in self._pauses:
                    try:
                        return await self._attempt(messages, give_up_at, on_text)
                    except WritingFailed as failure:
                        pause = _pause(failure, longest_pause)
                        if pause is None or loop.time() + pause >= give_up_at:
                            raise
                    await asyncio.sleep(pause)
                return await self._attempt(messages, give_up_at, on_text)
        except TimeoutError:
            raise WritingFailed('timeout') from None

    async def _attempt(self, messages: list[dict[str, str]], give_up_at: float, on_text: OnWords | None) -> Completion:
        """One request in a place of its own. Raises `WritingFailed` ('busy': the time went by waiting for a place)."""
        loop = asyncio.get_running_loop()
        queued_at = loop.time()
        try:
            await self._slots.acquire()
        except asyncio.CancelledError:
            if loop.time() < give_up_at:
                raise
            raise WritingFailed('busy') from None
        try:
            began_at = loop.time()
            permit = self.breaker.admit()
            outcome: Outcome = 'unknown'
            try:
                raw = await self._request(messages, on_text)
                outcome = 'ok'
            except WritingFailed as failure:
                outcome = _OUTCOMES.get(failure.reason or '', 'unknown')
                raise
            except asyncio.CancelledError:
                if loop.time() < give_up_at:
                    raise
                # Our own deadline. The service is to blame only if it had the time that went by.
                if began_at - queued_at > loop.time() - began_at:
                    raise WritingFailed('busy') from None
                outcome = 'failed'
                raise
            finally:
                self.breaker.settle(permit, outcome)
        finally:
            self._slots.release()
        return raw

    async def _request(self, messages: list[dict[str, str]], on_text: OnWords | None) -> Completion:
        """One request. Raises `WritingFailed` for whatever the service does but answer."""
        client = await self._connected()
        import httpx2
        import openai

        try:
            async with asyncio.timeout(self._idle) as idle:
                return await self._receive(client, messages, idle, on_text)
        except openai.APIStatusError as refusal:
            raise _refused(refusal.status_code, refusal.response.headers.get('retry-after')) from None
        except (TimeoutError, openai.APITimeoutError):
            raise WritingFailed('timeout') from None
        except openai.APIConnectionError as broken:
            never_connected = isinstance(broken.__cause__, httpx2.ConnectError)
            raise WritingFailed('unreachable' if never_connected else 'cut') from None
        except openai.APIError:
            # An error object in the middle of a stream.
            raise WritingFailed('unavailable') from None
        except httpx2.HTTPError:
            raise WritingFailed('cut') from None
        except (ValueError, TypeError, AttributeError, LookupError):
            # Not JSON, not UTF-8, or not the shape of a completion.
            raise WritingFailed('not_an_answer') from None

    async def _receive(
        self,
        client: 'AsyncOpenAI',
        messages: list[dict[str, str]],
        idle: asyncio.Timeout,
        on_text: OnWords | None,
    ) -> Completion:
        loop = asyncio.get_running_loop()
        raw = Completion()
        async with aclosing(pieces(await self._create(client, messages))) as arriving:
            async for piece in arriving:
                if raw.add(piece):
                    idle.reschedule(loop.time() + self._idle)
                    if on_text is not None:
                        on_text(raw.text)
        if raw.finish_reason is None:
            if not answers.closed(raw.text):
                raise WritingFailed('cut')
            raw.finish_reason = 'stop'
        return raw

    async def _create(self, client: 'AsyncOpenAI', messages: list[dict[str, str]]) -> Any:
        """The response, its body not yet read. Asks for the token count until a server turns out to refuse that."""
        import openai

        send: Any = client.chat.completions.with_raw_response.create
        extra = {'stream_options': {'include_usage': True}} if self._wants_usage else {}
        try:
            return await send(model=self.model, messages=messages, stream=True, **extra)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as refusal:
            if not extra or 'stream_options' not in str(refusal.body):
                raise
            self._wants_usage = False
            return await send(model=self.model, messages=messages, stream=True)

    async def _connected(self) -> 'AsyncOpenAI':
        async with self._connecting:
            if self._client is None:
                # The library takes half a second to import.
                self._client = await asyncio.to_thread(self._connect)
            return self._client

    def _connect(self) -> 'AsyncOpenAI':
        import httpx2
        import openai

        # At DEBUG it would log whole requests, and with them the conversation.
        logging.getLogger('openai').setLevel(logging.WARNING)
        limits = httpx2.Limits(max_connections=self._at_once, max_keepalive_connections=self._at_once)
        timeout = httpx2.Timeout(self._deadline, connect=min(10, self._deadline))
        pool = httpx2.AsyncClient(limits=limits, timeout=timeout, follow_redirects=False)
        return openai.AsyncOpenAI(
            base_url=self.api_url, api_key=self._api_key, max_retries=0, timeout=timeout, http_client=pool
        )


def _reader(on_words: OnWords | None, mask: Mask) -> OnWords | None:
    """Has whoever listens read the reply out of an answer that is not finished."""
    return None if on_words is None else lambda raw: on_words(reply_so_far(raw, mask))


def _refused(status: int, retry_after: str | None) -> WritingFailed:
    reason = _STATUSES.get(status) or ('unavailable' if status >= 500 else 'rejected')
    return WritingFailed(reason, retry_after=_seconds(retry_after) if status in {429, 503} else None)


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After as seconds from now; it may be a number or a date (RFC 9110 §10.2.3)."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _pause(failure: WritingFailed, longest: float) -> float | None:
    """Seconds to wait before asking again; None where asking again will not help or is not wanted soon."""
    if failure.reason not in _RETRIED:
        return None
    if failure.retry_after is not None:
        return failure.retry_after if failure.retry_after <= _LONGEST_RETRY_AFTER_S else None
    return random.uniform(0, longest)  # noqa: S311  # spreads load, guards nothing
