"""The phone of a played parent: what she wrote, what arrived, and ways to write more."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from nicegui import events, ui

from console.calendar import SCHOOL_TIME
from console.sandbox import PhoneEntry
from console.wecom.labels import LABELS
from models import utc_now
from pages.widgets import Button, Text, button, icon, on_enter, text

SHOWN = 80
PAUSE = timedelta(minutes=2)
EMOJI = '😊😂😭😅👍🙏❤️🌹🎉😡🤔👌'
MEDIA = {'image': '图片', 'voice': '语音', 'location': '位置'}

Say = Callable[[list[str]], Awaitable[None]]


class Phone:
    """Draws itself where it is made; `show` replaces what is on its screen. What is being typed stays."""

    def __init__(
        self, title: str, *, on_say: Say, on_media: Callable[[str], Awaitable[None]], reason: str = ''
    ) -> None:
        """`on_say` gets the lines to send, one message each. `reason`: why nothing can be sent, or ''."""
        self._on_say = on_say
        self._burst = self._burst_dialog()
        with ui.element('section').classes('phone').props('aria-label=家长的手机'):
            with ui.element('header'):
                text(title, 'clip')
            with ui.element('div').classes('screen').props('role=log tabindex=0 aria-label=聊天记录'):
                self._chat = ui.element('div').classes('chat')
            with ui.element('footer'):
                self._more(on_media, disabled=bool(reason))
                self._input = ui.input(placeholder=reason or '以家长身份发消息…').props('aria-label=以家长身份输入')
                on_enter(self._input, self._enter, js='emit(event.target.value)')
                self._send = button('发送', self._typed, kind='primary')
        if reason:
            self._input.disable()
            self._send.enable(False)

    @property
    def typed(self) -> str:
        return str(self._input.value or '').strip()

    def show(self, entries: list[PhoneEntry]) -> None:
        self._chat.clear()
        with self._chat:
            if not entries:
                text('还没有消息', 'when')
            earlier = None
            for entry in entries[-SHOWN:]:
                if earlier is None or entry.at - earlier > PAUSE:
                    text(clock(entry.at), 'when')
                _bubble(entry)
                earlier = entry.at

    async def _enter(self, event: events.GenericEventArguments) -> None:
        self._input.value = event.args
        await self._typed()

    async def _typed(self) -> None:
        said = self.typed
        if said:
            self._input.value = ''
            await self._on_say([said])

    def _more(self, on_media: Callable[[str], Awaitable[None]], *, disabled: bool) -> None:
        trigger = Button(lambda: None)
        trigger.classes('btn quiet icon-only')
        trigger.props('title="表情、图片、连发" aria-label=更多 aria-haspopup=menu')
        trigger.enable(not disabled)
        with trigger:
            icon('plus')
            with ui.menu().props('anchor="top left" self="bottom left" auto-close'), ui.element('div').classes('menu'):
                with ui.element('div').classes('emoji'):
                    for sign in _signs(EMOJI):
                        self._emoji(sign)
                for kind, word in MEDIA.items():
                    _item(word, partial(on_media, kind))
                _item('一次连发几条…', self._burst.open)

    def _emoji(self, sign: str) -> None:
        def add() -> None:
            self._input.value = f'{self._input.value or ""}{sign}'

        key = Button(add)
        key.props['aria-label'] = f'表情 {sign}'
        with key:
            text(sign)

    def _burst_dialog(self) -> ui.dialog:
        async def send() -> None:
            said = [line.strip() for line in str(lines.value or '').splitlines() if line.strip()]
            if not said:
                lines.error = '请至少写一行。'
                return
            lines.value, lines.error = '', None
            dialog.close()
            await self._on_say(said)

        with ui.dialog() as dialog, ui.element('div').classes('dialog'):
            text('一次连发几条', tag='h3')
            lines = ui.textarea('每行一条', placeholder='在吗\n想问下数学课\n周六还有位置吗').props('rows=5 autofocus')
            text('像家长那样一句一句地发。静默几秒后，这几条会合成一轮，只起草一次。', 'muted', tag='p')
            with ui.element('div').classes('actions end'):
                button('取消', dialog.close)
                button('连发', send, kind='primary')
        return dialog


def clock(moment: datetime) -> str:
    """The school's time of day, with the date if it is not today's."""
    at, now = moment + SCHOOL_TIME, utc_now() + SCHOOL_TIME
    return f'{at:%H:%M}' if at.date() == now.date() else f'{at:%m-%d %H:%M}'


def _bubble(entry: PhoneEntry) -> Text:
    words = entry.text if entry.kind == 'text' else f'{LABELS.get(entry.kind, "[消息]")} {entry.text}'.strip()
    bubble = text(words, 'me-says' if entry.direction == 'out' else 'them-says', tag='div')
    bubble.props['title'] = f'{entry.at + SCHOOL_TIME:%Y-%m-%d %H:%M:%S}'
    if entry.direction == 'in':
        text(f'收到 {entry.at + SCHOOL_TIME:%H:%M:%S}', 'when')
    return bubble


def _signs(signs: str) -> list[str]:
    """Each sign with the variation selector that belongs to it."""
    found: list[str] = []
    for sign in signs:
        if sign == '\ufe0f':
            found[-1] += sign
        else:
            found.append(sign)
    return found


def _item(words: str, on_click: Callable[[], object]) -> None:
    item = Button(on_click)
    item.props('role=menuitem')
    with item:
        text(words)
