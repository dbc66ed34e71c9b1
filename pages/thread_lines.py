"""The lines of a conversation: who said what, and how far each piece of ours has come. Drawn once, then amended."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from nicegui import ui

from console.dossiers import SCHOOL_TIME
from console.inbox import Opened
from console.today import FAILED
from models import Author, Delivery, DeliveryStatus, Direction, Message, utc_now
from pages.widgets import Handler, ago, button, chip, text

KINDS = {
    'image': '图片',
    'voice': '语音',
    'video': '视频',
    'file': '文件',
    'location': '位置',
    'link': '链接',
    'business_card': '名片',
    'miniprogram': '小程序',
    'msgmenu': '菜单',
    'merged_msg': '聊天记录',
    'channels': '视频号',
    'channels_shop_product': '视频号商品',
    'channels_shop_order': '视频号订单',
    'meeting': '会议',
    'calendar': '日程',
    'note': '笔记',
    'unknown': '暂不支持的消息',
}
WEEKDAYS = '一二三四五六日'


@dataclass(frozen=True)
class Progress:
    """How far a message of ours has come, in words. `reason` says why it stopped and what mends it."""

    word: str
    tone: Any = ''
    reason: str | None = None
    failed: bool = False


def progress(parts: list[Delivery]) -> Progress | None:
    """None for what is not on its way through a channel: what parents say, and what was imported."""
    if not parts:
        return None
    stuck = next((part for part in parts if part.status in FAILED), None)
    return _stopped(stuck) if stuck is not None else _on_its_way(parts)


def _on_its_way(parts: list[Delivery]) -> Progress:
    accepted = sum(part.status is DeliveryStatus.ACCEPTED for part in parts)
    of_all = f' {accepted}/{len(parts)}' if len(parts) > 1 else ''
    if accepted == len(parts):
        return Progress(f'已提交{of_all}', 'good')
    if any(part.status is DeliveryStatus.SENDING for part in parts):
        return Progress(f'发送中{of_all}', 'info')
    waiting = next((part for part in parts if part.status is DeliveryStatus.READY), None)
    if waiting is None:
        return Progress(f'已取消{of_all}', 'warn')
    if waiting.last_error:
        return Progress(f'排队{of_all}，会自动重试', 'warn', waiting.last_error)
    return Progress(f'排队{of_all}')


def _stopped(part: Delivery) -> Progress:
    where = f'第 {part.part} 条' if part.parts > 1 else ''
    if part.status is DeliveryStatus.UNCERTAIN:
        reason = part.last_error or '没有收到企业微信的回应。请先向家长确认是否收到，再决定是否重发。'
        return Progress(f'{where}不确定是否送达', 'danger', reason, failed=True)
    reason = part.last_error or '企业微信没有说明原因。请检查企业微信设置后重发。'
    return Progress(f'{where}发送失败', 'danger', reason, failed=True)


class Lines:
    """The messages that are drawn. `show` adds what is new, amends what moved on, takes away what was taken back."""

    def __init__(self, *, may_retry: bool, on_retry: Any) -> None:
        self._may_retry = may_retry
        self._on_retry = on_retry
        self._place = ui.element('div').classes('days')
        self._days: dict[date, tuple[ui.element, list[int]]] = {}
        self._drawn: dict[int, tuple[ui.element, ui.element, object]] = {}

    def show(self, opened: Opened) -> None:
        found = {message.seq: message for message in opened.messages}
        oldest = min(found, default=0)
        for seq in [seq for seq in self._drawn if seq >= oldest and seq not in found]:
            self._remove(seq)
        for seq, message in sorted(found.items()):
            state = progress(opened.parts.get(message.id, []))
            if seq not in self._drawn:
                self._add(message, opened, state)
            elif self._drawn[seq][2] != (state, message.recalled_at):
                line, place, _ = self._drawn[seq]
                self._drawn[seq] = (line, place, (state, message.recalled_at))
                line.classes('recalled' if message.recalled_at else '')
                place.clear()
                with place:
                    self._state(message, state)

    def _add(self, message: Message, opened: Opened, state: Progress | None) -> None:
        box, seqs = self._day((message.created_at + SCHOOL_TIME).date())
        position = sum(seq < message.seq for seq in seqs)
        with box:
            ours = message.direction is Direction.OUT
            line = ui.element('div').classes(f'line {"ours" if ours else ""} {message.author}')
            line.classes('recalled' if message.recalled_at else '')
            line.props(f'data-seq={message.seq}')
        with line:
            with ui.element('small'):
                text(_who(message, opened.names))
                ago(message.sent_at)
            with ui.element('div').classes('bubble words'):
                if message.kind != 'text':
                    chip(KINDS.get(message.kind, '消息'), 'info')
                text(opened.shown(message.text) or ('' if message.kind == 'text' else '请在企业微信中查看'))
            place = ui.element('div').classes('state').props('aria-live=polite')
            with place:
                self._state(message, state)
        if position < len(seqs):
            line.move(target_index=position + 1)  # after the day's own heading
        seqs.insert(position, message.seq)
        self._drawn[message.seq] = (line, place, (state, message.recalled_at))

    def _day(self, day: date) -> tuple[ui.element, list[int]]:
        if day not in self._days:
            position = sum(other < day for other in self._days)
            with self._place:
                box = ui.element('section').classes('day')
            with box:
                text(_day_word(day, utc_now()), tag='h2')
            box.move(target_index=position)
            self._days[day] = (box, [])
        return self._days[day]

    def _remove(self, seq: int) -> None:
        self._drawn.pop(seq)[0].delete()
        for day, (box, seqs) in list(self._days.items()):
            if seq in seqs:
                seqs.remove(seq)
                if not seqs:
                    box.delete()
                    del self._days[day]

    def _state(self, message: Message, state: Progress | None) -> None:
        if message.recalled_at is not None:
            chip('已撤回', 'warn')
        if state is None:
            return
        chip(state.word, state.tone)
        if state.reason:
            text(state.reason, 'reason words')
        if state.failed and self._may_retry:
            button('重发', self._retry(message.id), small=True)

    def _retry(self, message_id: int) -> Handler:
        return lambda: self._on_retry(message_id)


def _who(message: Message, names: dict[int, str]) -> str:
    name = names.get(message.staff_id or 0, '')
    match message.author:
        case Author.PARENT:
            return '家长'
        case Author.AI:
            return f'AI · {name} 审核' if name else 'AI'
        case Author.STAFF:
            return name or '同事'
    return '系统'


def _day_word(day: date, now: datetime) -> str:
    passed = ((now + SCHOOL_TIME).date() - day).days
    if passed in (0, 1):
        return ('今天', '昨天')[passed]
    year = '' if day.year == now.year else f'{day.year} 年 '
    return f'{year}{day.month} 月 {day.day} 日 星期{WEEKDAYS[day.weekday()]}'
