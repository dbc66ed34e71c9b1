"""A writer on a bad day, for rehearsals: slow, down, or talking nonsense, until told otherwise."""

import asyncio
from collections.abc import Callable

from console.writing import answers, prompt
from console.writing.context import Context, OnWords, Proposal, Writer, WritingFailed
from console.writing.masking import Mask

NONSENSE = '{"mood": "紫色", "reply": ["今天的月亮很圆'


class TroubledWriter:
    """`inner`, with the troubles that are on. It belongs in simulations only: they hit every draft of the process."""

    def __init__(self, inner: Writer) -> None:
        self.inner = inner
        self.seconds = 0.0
        self.failure: str | None = None
        self.talks_nonsense = False

    def slow(self, seconds: float) -> None:
        """Each reply takes this much longer."""
        self.seconds = seconds

    def fail(self, reason: str) -> None:
        """No reply can be had; `reason` is a key of `console.writing.context.FAILURES`."""
        self.failure = reason

    def nonsense(self) -> None:
        """The model answers, and the answer is of no use."""
        self.talks_nonsense = True

    def troubles(self) -> list[tuple[str, Callable[[], None]]]:
        """Those that are on, each in words and with what ends it."""
        on = [
            (f'模型变慢 {self.seconds:.0f} 秒', lambda: self.slow(0), self.seconds > 0),
            ('模型故障', self._mend, self.failure is not None),
            ('模型胡言', self._come_to_reason, self.talks_nonsense),
        ]
        return [(text, lift) for text, lift, is_on in on if is_on]

    def clear(self) -> None:
        """All is well again, from the next reply on."""
        self.seconds, self.failure, self.talks_nonsense = 0.0, None, False

    async def write(self, context: Context, *, on_words: OnWords | None = None) -> Proposal:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if self.failure:
            raise WritingFailed(self.failure)
        if self.talks_nonsense:
            # Judged as a real model's answer is, so that one sees it refused.
            answers.read(NONSENSE, 'stop', prompt=prompt.load(), mask=Mask.of(context))
        return await self.inner.write(context, on_words=on_words)

    async def close(self) -> None:
        await self.inner.close()

    def _mend(self) -> None:
        self.failure = None

    def _come_to_reason(self) -> None:
        self.talks_nonsense = False
