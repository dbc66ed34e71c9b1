"""The lines of a conversation: who said what, and how far each piece of ours has come. Drawn once, then amended."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from nicegui import ui

from console import recalls
from console.dossiers import SCHOOL_TIME
from console.inbox import Opened
from console.today import FAILED
from models import Author, Delivery, DeliveryStatus, Direction, Message, utc_now
from pages.thread_media import content
from pages.widgets import ago, button, chip, text

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


def by_hand(message: Message) -> Progress | None:
    """For what a colleague sent herself in the WeCom client, and what she pasted from a chat only she can read."""
    if message.fields.get('client'):
        return Progress('已由客户端发送' + ('，企业微信已确认' if message.fields.get('confirmed') else ''), 'good')
    return Progress('同事粘贴的原话') if message.fields.get('pasted_by') else None


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


@dataclass
class Drawn:
    """A line on the page and what it shows, so that only what changed is drawn again."""

    line: ui.element
    bubble: ui.element
    state: ui.element
    says: object = None
    came_to: object = None


class Lines:
    """The messages that are drawn. `show` adds what is new, amends what moved on, takes away what was taken back."""

    def __init__(self, *, me: int, alone: bool, on_retry: Any, on_recall: Any) -> None:
        """`me` is the reader's id; `alone`: who may send without a release."""
        self._me = me
        self._alone = alone
        self._on_retry = on_retry
        self._on_recall = on_recall
        self._place = ui.element('div').classes('days')
        self._days: dict[date, tuple[ui.element, list[int]]] = {}
        self._drawn: dict[int, Drawn] = {}

    def show(self, opened: Opened) -> None:
        found = {message.seq: message for message in opened.messages}
        oldest = min(found, default=0)
        for seq in [seq for seq in self._drawn if seq >= oldest and seq not in found]:
            self._remove(seq)
        for seq, message in sorted(found.items()):
            if seq not in self._drawn:
                self._drawn[seq] = self._add(message, opened)
            self._amend(self._drawn[seq], message, opened)

    def _amend(self, drawn: Drawn, message: Message, opened: Opened) -> None:
        media, parts = opened.media.get(message.id), opened.parts.get(message.id, [])
        says = (message.recalled_at, media)
        if drawn.says != says:
            drawn.says = says
            drawn.line.classes('recalled' if message.recalled_at else '')
            drawn.bubble.clear()
            with drawn.bubble:
                content(message, media, opened.shown)
        state = progress(parts) or by_hand(message)
        may_recall = recalls.offered(message, parts, by=self._me, alone=self._alone)
        came_to = (message.recalled_at, state, may_recall)
        if drawn.came_to != came_to:
            drawn.came_to = came_to
            drawn.state.clear()
            with drawn.state:
                self._state(message, state, may_recall=may_recall)

    def _add(self, message: Message, opened: Opened) -> Drawn:
        box, seqs = self._day((message.created_at + SCHOOL_TIME).date())
        position = sum(seq < message.seq for seq in seqs)
        with box:
            ours = message.direction is Direction.OUT
            line = ui.element('div').classes(f'line {"ours" if ours else ""} {message.author}')
            line.props(f'data-seq={message.seq}')
        with line:
            with ui.element('small'):
                text(_who(message, opened.names))
                ago(message.sent_at)
            bubble = ui.element('div').classes('bubble words')
            state = ui.element('div').classes('state').props('aria-live=polite')
        if position < len(seqs):
            line.move(target_index=position + 1)  # after the day's own heading
        seqs.insert(position, message.seq)
        return Drawn(line, bubble, state)

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
        self._drawn.pop(seq).line.delete()
        for day, (box, seqs) in list(self._days.items()):
            if seq in seqs:
                seqs.remove(seq)
                if not seqs:
                    box.delete()
                    del self._days[day]

    def _state(self, message: Message, state: Progress | None, *, may_recall: bool) -> None:
        if message.recalled_at is not None:
            chip('已撤回', 'warn')
        elif state is not None:
            chip(state.word, state.tone)
            if state.reason:
                text(state.reason, 'reason words')
            if state.failed and self._alone:
                button('重发', partial(self._on_retry, message.id), small=True)
            if may_recall:
                button('撤回', partial(self._on_recall, message.id), kind='quiet', small=True)


def _who(message: Message, names: dict[int, str]) -> str:
    name = names.get(message.staff_id or 0, '')
    match message.author:
        case Author.PARENT:
            return '家长'
        case Author.AI:
            return f'AI · {name} 审核' if name else 'AI · 自动回复'
        case Author.STAFF:
            return name or '同事'
    return '系统'


def _day_word(day: date, now: datetime) -> str:
    passed = ((now + SCHOOL_TIME).date() - day).days
    if passed in (0, 1):
        return ('今天', '昨天')[passed]
    year = '' if day.year == now.year else f'{day.year} 年 '
    return f'{year}{day.month} 月 {day.day} 日 星期{WEEKDAYS[day.weekday()]}'
