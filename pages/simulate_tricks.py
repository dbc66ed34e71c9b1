"""The tricks a tester plays: on the way in, in the model, on the way out; each with a remark on what came of it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Unpack

from console import journeys, staff
from console.database import read
from console.sandbox import PushReport
from console.sandbox.pusher import Manner
from console.simulation import SLOW_SECONDS, Simulation, cause
from console.writing.troubles import TroubledWriter
from pages.widgets import refusals_shown

QUESTION = '请问周六上午有数学课吗？'
OLD_SECONDS = 3600
LOOKS = 15
COPIES = 3

Trick = Callable[[], Awaitable[None]]


class Tricks:
    """Played as one parent. Hand them to `play`, which asks whether `me` still may."""

    def __init__(self, simulation: Simulation, userid: str, *, me: int, words: Callable[[], str], done: Trick) -> None:
        """`words` are what the parent is about to say; `done` is awaited after each trick."""
        self.simulation = simulation
        self._userid = userid
        self._me = me
        self._words = words
        self._done = done

    async def play(self, trick: Trick) -> None:
        with refusals_shown():
            await read(staff.require, self._me, staff.Action.SIMULATE)
            await trick()
            await self._done()

    async def repeat(self) -> None:
        report = await self._push(copies=COPIES)
        there = await self._kept(report)
        tries = '、'.join(str(attempt.status or attempt.answer) for attempt in report.attempts)
        text = f'推送 {COPIES} 次（答 {tries}）→ 只存 {there.events} 条，家长的话出现 {there.messages} 次。'
        self._remark('重复 ×3', text, good=(there.events, there.messages) == (1, 1))

    async def forge(self) -> None:
        report = await self._push(wrong_signature=True)
        there = await self._kept(report, looks=1)
        self._remark(
            '签名错误',
            f'回调被拒绝: {report.attempts[-1].status}，存下 {there.events} 条。',
            good=not report.accepted and there.events == 0,
        )

    async def replay(self) -> None:
        played = await asyncio.to_thread(self.simulation.replay, self._userid)
        if played is None:
            self.simulation.remark(self._userid, '重放旧消息', '还没有可以重放的消息，请先发一条。', 'warn')
            return
        report, attempt = played
        there = await self._kept(report)
        text = f'同样的字节和签名再推一次，答 {attempt.status}，仍然只有 {there.events} 条、{there.messages} 次。'
        self._remark('重放旧消息', text, good=there.events == 1)

    async def send_old(self) -> None:
        report = await self._push(age_seconds=OLD_SECONDS)
        there = await self._kept(report)
        text = (
            f'时间戳是一小时前，答 {report.attempts[-1].status}，已隔离 {there.quarantined} 条等人处理，没有自动起草。'
        )
        self._remark('时间戳过旧', text, good=there.quarantined == 1 and there.messages == 0)

    async def slow_model(self) -> None:
        self._writer().slow(SLOW_SECONDS)

    async def break_model(self) -> None:
        self._writer().fail('unreachable')

    async def confuse_model(self) -> None:
        self._writer().nonsense()

    async def expire_tokens(self) -> None:
        await asyncio.to_thread(self.simulation.sandbox.expire_tokens)
        self._note('凭证过期', '已发出的凭证全部作废。下一次发送会先得到 42001，换新凭证后再发。')

    async def lose_answer(self) -> None:
        await asyncio.to_thread(self.simulation.sandbox.accept_then_drop_answer)
        self._note('发送后无应答', '下一次发送会送到家长手机，但没有答复。系统原样再发，家长只应看到一条。')

    async def refuse(self, errcode: int) -> None:
        await asyncio.to_thread(self.simulation.sandbox.fail_next, errcode)
        self._note(f'错误码 {errcode}', f'下一次发送会被拒绝：{cause(errcode)}。')

    async def clear(self) -> None:
        self.simulation.clear()
        self._note('清除故障', '所有故障已清除，之后一切正常。')

    async def _push(self, **manner: Unpack[Manner]) -> PushReport:
        words = self._words() or QUESTION
        return await asyncio.to_thread(partial(self.simulation.say, self._userid, words, **manner))

    async def _kept(self, report: PushReport, *, looks: int = LOOKS) -> journeys.Kept:
        """What is there of it once it is understood, for which we wait up to three seconds."""
        gate = f'{self.simulation.sandbox.credentials.corp_id}:{self._userid}'
        for look in range(looks):
            there = await read(journeys.kept, report.msg_id or '', gate=gate, userid=self._userid, by=self._me)
            if there.messages or there.quarantined or look == looks - 1:
                break
            await asyncio.sleep(0.2)
        return there

    def _writer(self) -> TroubledWriter:
        if self.simulation.writer is None:
            raise RuntimeError('this button should have been disabled')
        return self.simulation.writer

    def _remark(self, title: str, words: str, *, good: bool) -> None:
        self.simulation.remark(self._userid, title, words, 'good' if good else 'danger')

    def _note(self, title: str, words: str) -> None:
        self.simulation.remark(self._userid, title, words, 'info')
