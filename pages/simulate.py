"""Where a tester plays a parent and sees what becomes of her words."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import quote

from nicegui import ui

from console import demo, journeys, players, signals, staff
from console.database import read, transact
from console.parts import parts
from console.players import Player
from console.simulation import Simulation, Trouble
from pages import simulate_journey, simulate_phone
from pages.layout import me, reload_on, staff_page
from pages.simulate_phone import Phone
from pages.simulate_tricks import Tricks
from pages.simulate_troubles import Troubles
from pages.widgets import Button, button, chip, empty_state, refusals_at, refusals_shown, text

LOOK_SECONDS = 1.0
QUESTIONS_SHOWN = 4
ABSENT = '模拟功能没有开启。请管理员把 SIMULATION 设为 on 后重新启动。'
NO_MODEL = '这里的 AI 也在服务真实客户，所以不能让它变慢、出错或胡言；演示环境里可以。'


@staff_page('/simulate', title='模拟', action=staff.Action.SIMULATE)
async def simulate_page(who: str = '') -> None:
    mine, simulation = me(), parts().simulation
    listed = await read(players.listed, by=mine)
    player = next((one for one in listed if one.userid == who), listed[0] if listed else None)
    if simulation is None or player is None:
        _nobody(simulation, mine)
        return
    await asyncio.to_thread(simulation.meet, player.userid, player.title)
    await _Rehearsal(simulation, player, mine).build(listed)


class _Rehearsal:
    """One page: one parent, her phone, and the way of her words."""

    def __init__(self, simulation: Simulation, player: Player, mine: int) -> None:
        self.simulation = simulation
        self.player = player
        self.mine = mine
        self.turn_id: int | None = None  # None: always the latest
        self.way = journeys.Journeys(taken_over=False, recent=(), shown=None)
        self.seen = -1
        self.asked = 0
        self.client = ui.context.client

    async def build(self, listed: list[Player]) -> None:
        simulation, userid = self.simulation, self.player.userid
        tricks = Tricks(simulation, userid, me=self.mine, words=lambda: self.phone.typed, done=self.reload)
        with ui.element('div').classes('sim'):
            with ui.element('div').classes('sim-left'):
                _cast(listed, self.player.userid, self.mine)
                self.phone = Phone(f'{parts().school} · {self.player.title}', on_say=self.say, on_media=self.send_media)
                _questions(lambda words: self.say([words]))
            with ui.element('div').classes('sim-right'):
                if not parts().demo:
                    text('模拟联系人与真实客户隔离：这里的消息只到沙箱，不会进入真实的企业微信。', 'note', tag='div')
                with ui.element('div').classes('row wrap way'):
                    text('这条消息走过的路', 'grow', tag='b')
                    self.chosen = ui.select({}, on_change=self._choose).props('aria-label=选择一轮')
                    self.total = chip('').props('role=status')
                with ui.element('section').classes('panel padded').props('aria-label=时间线'):
                    self.time_line = ui.element('div')
                self.troubles = Troubles(tricks, no_model='' if simulation.writer else NO_MODEL)
        reload_on(
            self.reload,
            signals.conversation_changed,
            signals.draft_changed,
            signals.turn_opened,
        )
        await self.reload()
        ui.timer(LOOK_SECONDS, self.look, immediate=False)

    async def say(self, lines: list[str]) -> None:
        with refusals_shown():
            await read(staff.require, self.mine, staff.Action.SIMULATE)
            self.turn_id = None
            for line in lines:
                report = await asyncio.to_thread(self.simulation.say, self.player.userid, line)
                if not report.accepted:
                    answer = report.attempts[-1]
                    self.simulation.remark(
                        self.player.userid, '推送失败', f'回调没有收下：{answer.status or answer.answer}', 'danger'
                    )
            await self.reload()

    async def send_media(self, kind: str) -> None:
        with refusals_shown():
            await read(staff.require, self.mine, staff.Action.SIMULATE)
            self.turn_id = None
            await asyncio.to_thread(self.simulation.send_media, self.player.userid, kind)
            await self.reload()

    async def look(self) -> None:
        """What no signal tells: the phone, which has a world of its own, and clocks that run."""
        running = self.way.shown is not None and self.way.shown.station in ('write', 'deliver')
        if running or self.simulation.changes(self.player.userid) != self.seen:
            with refusals_shown():
                await self.reload()

    async def reload(self) -> None:
        """Fetch all, then draw in one go; of two at the same time, only the one that asked last draws."""
        self.asked += 1
        asked, userid = self.asked, self.player.userid
        way = await read(journeys.of_conversation, self.player.conversation_id, by=self.mine, turn_id=self.turn_id)
        changes, entries = self.simulation.changes(userid), None
        if changes != self.seen:
            entries = await asyncio.to_thread(self.simulation.phone, userid)
        troubles = await asyncio.to_thread(self.simulation.troubles)
        if asked != self.asked or self.client.is_deleted:
            return
        if entries is not None:
            self.phone.show(entries)
            self.seen = changes
        self.way = way
        self._show(troubles)

    async def _choose(self) -> None:
        shown, recent = self.way.shown, self.way.recent
        if shown is None or self.chosen.value in (None, shown.turn.id):
            return
        self.turn_id = None if self.chosen.value == recent[0].turn_id else self.chosen.value
        with refusals_shown():
            await self.reload()

    def _show(self, troubles: list[Trouble]) -> None:
        userid, shown = self.player.userid, self.way.shown
        self.troubles.show(self.simulation.remarks(userid), troubles)
        options = {one.turn_id: f'{simulate_phone.clock(one.opened_at)}　{one.text[:16]}' for one in self.way.recent}
        if shown is not None and (options != self.chosen.options or self.chosen.value != shown.turn.id):
            self.chosen.set_options(options, value=shown.turn.id)
        self.chosen.set_visibility(len(options) > 1)
        self.total.set_visibility(shown is not None)
        self.time_line.clear()
        with self.time_line:
            if self.way.taken_over:
                text('这个会话已由同事接管，AI 不起草。到会话页交还 AI 后再试。', 'note warn', tag='div')
            if shown is None:
                _invitation()
                return
            simulate_journey.draw(shown, self.simulation, userid)
        words, tone = simulate_journey.summary(shown)
        self.total.set_text(words)
        self.total.classes(replace=f'chip {tone}')


def _nobody(simulation: Simulation | None, mine: int) -> None:
    """Nothing to play with: no sandbox, or nobody in it."""
    with ui.element('div').classes('sim'):
        with ui.element('div').classes('sim-left'):
            if simulation is not None:
                _cast([], '', mine)
            off = '还不能发送' if simulation else '模拟未开启'
            Phone(parts().school, on_say=_nothing, on_media=_nothing, reason=off)
        with ui.element('div').classes('sim-right'):
            with ui.element('section').classes('panel padded'):
                _invitation('先点左上角“新家长”，给要扮演的家长起个称呼。' if simulation else ABSENT)
            Troubles(None, absent='先选一位家长。' if simulation else ABSENT)


async def _nothing(_: object) -> None:
    """The phone that is switched off."""


def _invitation(first_step: str = '在左边的手机里以家长身份发一句话，或点一个示例问题。') -> None:
    empty_state(
        '扮演一位家长，看她的话怎样变成回复',
        f'消息走和真实企业微信一样的路：加密回调、存下、起草、审核、送达，每一步的结果和用时都在这里。{first_step}',
    )


def _cast(listed: list[Player], userid: str, mine: int) -> None:
    """Who plays, and a way to bring somebody new."""

    def change() -> None:
        ui.navigate.to(f'/simulate?who={quote(chosen.value)}')

    async def invite() -> None:
        with refusals_at({'name': name}):
            made = await transact(players.invite, name.value or '', by=mine)
            dialog.close()
            ui.navigate.to(f'/simulate?who={quote(made.userid)}')

    with ui.dialog() as dialog, ui.element('div').classes('dialog'):
        text('新家长', tag='h3')
        name = ui.input('怎么称呼', placeholder='例如：李先生').props('autofocus maxlength=20')
        text('新家长没有学员档案，适合试“第一次来咨询”的情形。', 'muted', tag='p')
        with ui.element('div').classes('actions end'):
            button('取消', dialog.close)
            button('开始扮演', invite, kind='primary')
    with ui.element('div').classes('row'):
        options = {one.userid: one.title for one in listed}
        chosen = ui.select(options, value=userid or None, with_input=len(listed) > 8, on_change=change).classes('grow')
        chosen.props('aria-label=扮演哪位家长')
        button('新家长', dialog.open)


def _questions(ask: Callable[[str], Awaitable[None]]) -> None:
    """A few questions to send with one click, and others."""
    every = demo.questions()

    @ui.refreshable
    def shown(some: list[str]) -> None:
        with ui.element('div').classes('questions'):
            for question in some:
                made = Button(partial(ask, question))
                made.classes('btn small question')
                made.props['title'] = question
                with made:
                    text(question, 'clip')

    def others() -> None:
        shown.refresh(random.sample(every, QUESTIONS_SHOWN))

    with ui.element('section').classes('stack').props('aria-label=示例问题'):
        with ui.element('div').classes('row'):
            text('示例问题，点一下就发送', 'grow', tag='h2')
            button('换一批', others, kind='quiet', small=True)
        shown(every[:QUESTIONS_SHOWN])
