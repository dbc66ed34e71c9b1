"""The lines of a conversation: who said what, how far each piece of ours has come, and colleagues' notes between them.

Drawn once, then amended.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from nicegui import ui

from console import recalls
from console.calendar import SCHOOL_TIME
from console.inbox import Opened
from models import UNDELIVERED, Author, Delivery, DeliveryStatus, Direction, Message, Note, utc_now
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
    stuck = next((part for part in parts if part.status in UNDELIVERED), None)
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


Place = tuple[int, int]
"""Where a line stands: a message's seq and 0; for a note the seq of the message above it and the note's id."""


class Lines:
    """What is drawn. `show` adds what is new, amends what moved on, takes away what was taken back."""

    def __init__(self, *, me: int, alone: bool, on_retry: Any, on_recall: Any, on_remove_note: Any) -> None:
        """`me` is the reader's id; `alone`: who may send without a release."""
        self._me = me
        self._alone = alone
        self._on_retry = on_retry
        self._on_recall = on_recall
        self._on_remove_note = on_remove_note
        self._place = ui.element('div').classes('days')
        self._days: dict[date, tuple[ui.element, list[Place]]] = {}
        self._drawn: dict[Place, Drawn] = {}

    def clear(self) -> None:
        """Other messages come next, far from these."""
        self._place.clear()
        self._days.clear()
        self._drawn.clear()

    def show(self, opened: Opened) -> None:
        messages: dict[Place, Message] = {(message.seq, 0): message for message in opened.messages}
        notes: dict[Place, Note] = {(note.after_seq, note.id): note for note in opened.notes}
        found = messages.keys() | notes.keys()
        oldest = min(found, default=(0, 0))
        for place in [place for place in self._drawn if place >= oldest and place not in found]:
            self._remove(place)
        for place in sorted(found):
            if place in messages:
                if place not in self._drawn:
                    self._drawn[place] = self._add(place, messages[place], opened)
                self._amend(self._drawn[place], messages[place], opened)
            elif place not in self._drawn:
                self._drawn[place] = self._add_note(place, notes[place], opened)

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

    def _add(self, place: Place, message: Message, opened: Opened) -> Drawn:
        ours = message.direction is Direction.OUT
        line = self._line(place, message.created_at, f'{"ours" if ours else ""} {message.author}')
        line.props(f'data-seq={message.seq}')
        with line:
            with ui.element('small'):
                text(_who(message, opened.names))
                ago(message.sent_at)
            bubble = ui.element('div').classes('bubble words')
            state = ui.element('div').classes('state').props('aria-live=polite')
        return Drawn(line, bubble, state)

    def _add_note(self, place: Place, note: Note, opened: Opened) -> Drawn:
        line = self._line(place, note.created_at, 'ours private')
        with line:
            with ui.element('small'):
                text(f'{opened.names.get(note.staff_id or 0, "同事")} · 内部备注，家长看不到')
                ago(note.created_at)
            with ui.element('div').classes('bubble words') as bubble:
                text(opened.shown(note.text))
            with ui.element('div').classes('state') as state:
                if note.staff_id == self._me:
                    button('删除', partial(self._on_remove_note, note.id), kind='quiet', small=True)
        return Drawn(line, bubble, state)

    def _line(self, place: Place, at: datetime, classes: str) -> ui.element:
        """A place for it among those of its day."""
        box, places = self._day((at + SCHOOL_TIME).date())
        position = sum(other < place for other in places)
        with box:
            line = ui.element('div').classes(f'line {classes}')
        if position < len(places):
            line.move(target_index=position + 1)  # after the day's own heading
        places.insert(position, place)
        return line

    def _day(self, day: date) -> tuple[ui.element, list[Place]]:
        if day not in self._days:
            position = sum(other < day for other in self._days)
            with self._place:
                box = ui.element('section').classes('day')
            with box:
                text(day_word(day, utc_now()), tag='h2')
            box.move(target_index=position)
            self._days[day] = (box, [])
        return self._days[day]

    def _remove(self, place: Place) -> None:
        self._drawn.pop(place).line.delete()
        for day, (box, places) in list(self._days.items()):
            if place in places:
                places.remove(place)
                if not places:
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


def day_word(day: date, now: datetime) -> str:
    """What a day of the school's is called at this moment."""
    today = (now + SCHOOL_TIME).date()
    passed = (today - day).days
    if passed in (0, 1):
        return ('今天', '昨天')[passed]
    year = '' if day.year == today.year else f'{day.year} 年 '
    return f'{year}{day.month} 月 {day.day} 日 星期{WEEKDAYS[day.weekday()]}'
