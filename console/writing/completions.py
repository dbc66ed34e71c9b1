"""A chat completion as it comes over the wire, streamed or whole."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from console.writing.answers import LONGEST_ANSWER_CHARACTERS
from console.writing.context import WritingFailed

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncStream
    from openai._legacy_response import LegacyAPIResponse
    from openai.types.chat import ChatCompletionChunk

_LONGEST_BODY_BYTES = 512 * 1024


@dataclass
class Completion:
    """What arrived so far. `finish_reason` stays None where the answer was cut off, or a plain server does not say."""

    text: str = ''
    finish_reason: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0

    def add(self, piece: Any) -> bool:
        """Take in a chunk or a whole completion. True when it brought words, so that silence can be told from work.

        Raises `WritingFailed`, or whatever Python says of a piece in no known shape.
        """
        if piece.get('error'):
            raise WritingFailed('unavailable')
        usage = piece.get('usage') or {}
        self.tokens_in = int(usage.get('prompt_tokens') or self.tokens_in)
        self.tokens_out = int(usage.get('completion_tokens') or self.tokens_out)
        if not piece['choices']:
            return False
        choice = piece['choices'][0]
        whole = choice.get('message')
        said = choice.get('delta') or whole or {}
        self.text += said.get('content') or ''
        # What came whole was not cut off, also where a plain server leaves the reason out.
        self.finish_reason = choice.get('finish_reason') or self.finish_reason or ('stop' if whole else None)
        if len(self.text) > LONGEST_ANSWER_CHARACTERS:
            raise WritingFailed('too_long')
        return bool(said.get('content') or said.get('reasoning_content'))


async def pieces(answered: 'LegacyAPIResponse[AsyncStream[ChatCompletionChunk]]') -> AsyncGenerator[Any, None]:
    """The chunks of an event stream as they come, or the one object of a server that does not stream.

    Keep-alive lines bring nothing. Raises `WritingFailed` for what is not JSON, and what the library raises.
    """
    response = answered.http_response
    if 'event-stream' not in response.headers.get('content-type', ''):
        try:
            yield json.loads(await _body(response))
        except (ValueError, RecursionError):
            raise WritingFailed('not_an_answer') from None
        return
    async with answered.parse() as stream:
        try:
            async for chunk in stream:
                yield chunk.to_dict()
        except ValueError:
            # Half a JSON object or half a character: the stream broke off.
            raise WritingFailed('cut') from None


async def _body(response: 'httpx2.Response') -> bytes:
    received = b''
    try:
        async for chunk in response.aiter_bytes():
            received += chunk
            if len(received) > _LONGEST_BODY_BYTES:
                raise WritingFailed('too_long')
    finally:
        await response.aclose()
    return received
