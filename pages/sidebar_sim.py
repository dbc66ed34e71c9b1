"""A chat of ours for `?sim=1`: the phone of a played parent, which answers the pane as WeCom would."""

import asyncio

from nicegui import background_tasks, ui

from console import conversations, personal_numbers, players, signals, staff
from console.database import read
from console.parts import parts
from console.players import Player
from console.staff import Action
from models import Direction, Message, Staff
from pages.news import News
from pages.widgets import button, empty_state, on_enter, refusals_shown, text

LINES = 40
ENTRIES = {
    'single_chat_tools': '单聊工具栏',
    'single_kf_tools': '微信客服工具栏',
    'contact_profile': '客户资料页',
    'group_chat_tools': '群聊工具栏',
    'normal': '工作台',
}
CLIENTS = {
    '': '客户端正常',
    'denied': '没有权限',
    'silent': '没有回应',
    'signature': '签名不认',
    'old': '版本太旧',
    'send_fails': '发送失败',
}


class SimChat:
    def __init__(self, who: Staff) -> None:
        self._who = who
        self._player: Player | None = None

    async def build(self) -> None:
        News(self._soon).hear(signals.conversation_changed, self._heard)
        listed = await read(players.listed, by=self._who.id)
        simulation = parts().simulation
        if simulation is None or not listed:
            hint = '请在“模拟”页面添加一位，或让管理员打开 SIMULATION。'
            empty_state('没有可以模拟的家长', hint, action='返回控制台', on_action=lambda: ui.navigate.to('/'))
            return
        self._simulation = simulation
        self._players = {one.userid: one for one in listed}
        first = listed[0]
        with ui.element('section').classes('side-phone').props('aria-label=聊天'):
            with ui.element('header'):
                with ui.element('a').classes('back').props('href=/'):
                    text('‹ 返回控制台')
                titles = {one.userid: one.title for one in listed}
                self._who_is = ui.select(titles, value=first.userid, on_change=lambda event: self._turn(event.value))
                self._who_is.props('aria-label=正在聊的家长')
                with ui.element('div').classes('row'):
                    entry = ui.select(
                        ENTRIES, value='single_chat_tools', on_change=lambda e: self._be('entry', e.value)
                    )
                    entry.props('aria-label=入口')
                    client = ui.select(CLIENTS, value='', on_change=lambda event: self._be('client', event.value))
                    client.props('aria-label=客户端')
            self._chat = ui.element('side-chat').classes('chat').props('role=log aria-label=聊天记录')
            self._chat.props.update({'data-entry': 'single_chat_tools', 'data-client': '', 'data-user': first.userid})
            with ui.element('footer'):
                self._input = ui.input(placeholder='以家长身份发消息…').props('aria-label=以家长身份输入')
                on_enter(self._input, self._say)
                button('发送', self._say)
        await self._turn(first.userid)

    def _be(self, what: str, value: str) -> None:
        self._chat.props[f'data-{what}'] = value

    async def _turn(self, userid: str) -> None:
        self._player = self._players[userid]
        self._chat.clear()
        self._be('user', userid)
        await asyncio.to_thread(self._simulation.meet, userid, self._player.title)
        await self._show()

    def _heard(self, conversation_id: int) -> None:
        if self._player is not None and self._player.conversation_id == conversation_id:
            self._soon()

    def _soon(self) -> None:
        background_tasks.create_lazy(self._show(), name=f'side chat {id(self)}')

    async def _show(self) -> None:
        player = self._player
        if player is None or self._chat.is_deleted:
            return
        lines = await read(conversations.messages, player.conversation_id, by=self._who.id, limit=LINES)
        known = await read(personal_numbers.masks, player.conversation_id)
        if player is self._player and not self._chat.is_deleted:
            self._chat.clear()
            with self._chat:
                if not lines:
                    empty_state('还没有消息', '在下面以家长身份说一句，旁边会起草回复。')
                for line in lines:
                    _bubble(line, known)

    async def _say(self) -> None:
        words = (self._input.value or '').strip()
        if words and self._player is not None:
            with refusals_shown():
                await read(staff.require, self._who.id, Action.SIMULATE)
                self._input.value = ''
                report = await asyncio.to_thread(self._simulation.say, self._player.userid, words)
                if not report.accepted:
                    ui.notify('推送失败，回调没有收下', type='warning')


def _bubble(line: Message, known: dict[str, str]) -> None:
    words = personal_numbers.show(line.text, known) or f'[{line.kind}]'
    text(words, 'them-says' if line.direction is Direction.IN else 'me-says', tag='div')
