"""The queue's column: a card for each item, changed one by one, so that nothing moves under the reader's eyes."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from nicegui import ui

from console import channel_names
from console.kf_window import Window
from console.review_queue import Queue, Waiting
from models import utc_now
from pages.review_words import CHECKS, RISK_TONES, RISKS, SAME
from pages.widgets import Button, Text, Tone, button, chip, empty_state, row, text, waiting_clock

PAGE = 50
SOON = timedelta(hours=4)
"""So long before 微信客服 closes its window the time left is said in amber."""

MOST_CHIPS = 3

OnSelect = Callable[[Waiting], Awaitable[None]]


class QueueColumn:
    """`rows` are those shown, the most urgent first; `window` is how many may be. `top` draws what is above them.

    `on_widen` shows all again, where the filters leave nothing.
    """

    def __init__(
        self,
        *,
        on_select: OnSelect,
        on_more: Callable[[], Awaitable[None]],
        on_bulk: Callable[[], Awaitable[None]],
        on_widen: Callable[[], Awaitable[None]],
        top: Callable[[], None],
    ) -> None:
        self.rows: list[Waiting] = []
        self.window = PAGE
        self._on_select = on_select
        self._cards: dict[tuple[str, int | None], _Card] = {}
        self._marked: tuple[str, int | None] | None = None
        self._narrowed = False
        with ui.element('section').classes('queue').props('aria-label=待审核'):
            with ui.element('header'):
                with row():
                    text('待审核', tag='b')
                    self._total = text('0', 'num total', tag='b')
                    text('', 'grow')
                    self._bulk = button('批量通过', on_bulk, small=True, key='b')
                    self._bulk_words = next(iter(self._bulk.default_slot.children))
                top()
            self._list = ui.element('div').props('role=listbox aria-label=待审核')
            self._more = button('加载更多', on_more, kind='quiet').classes('more')
            with ui.element('div') as self._empty:
                empty_state(
                    '暂时没有待审核的草稿', '家长来消息后，草稿会自动出现。测试时，可在“模拟”里扮演家长发一条消息。'
                )
            with ui.element('div') as self._narrowed_to_nothing:
                no_match(on_widen)

    def show(self, found: Queue, *, narrowed: bool) -> None:
        """Bring the cards to what was found: only what differs is touched, and the marked card stays."""
        self._narrowed = narrowed
        wanted = {one.key: one for one in found.rows}
        for key in [key for key in self._cards if key not in wanted]:
            if key == self._marked:
                self._cards[key].fade()
            else:
                self._cards.pop(key).element.delete()
        for one in found.rows:
            card = self._cards.get(one.key)
            if card is None:
                with self._list:
                    self._cards[one.key] = card = _Card(one, self._on_select)
                card.place(self._index_for(one))
            else:
                card.show(one)
        self.rows = [card.item for card in self._in_order() if not card.faded]
        self._total.set_text(str(found.total))
        plain = len(self.plain)
        if isinstance(self._bulk_words, Text):
            self._bulk_words.set_text(f'批量通过 {plain} 条')
        self._bulk.set_visibility(plain > 1)
        self._more.set_visibility(found.total > len(found.rows))
        self._say_if_empty()

    def clear(self) -> None:
        """Other filters: begin anew."""
        for card in self._cards.values():
            card.element.delete()
        self._cards.clear()
        self._marked = None
        self.window = PAGE

    @property
    def plain(self) -> list[int]:
        """The drafts shown that may be released many at once."""
        return [item.draft_id for item in self.rows if item.plain and item.draft_id is not None and not item.held_by]

    def mark(self, item: Waiting | None) -> None:
        """Show which one is in hand; the one before goes if it is done."""
        before = self._cards.get(self._marked) if self._marked else None
        self._marked = item.key if item else None
        if before is not None and before.item.key != self._marked:
            before.mark(False)
            if before.faded:
                self._cards.pop(before.item.key).element.delete()
        if self._marked in self._cards:
            self._cards[self._marked].mark(True)
        self._say_if_empty()

    def drop(self, item: Waiting) -> None:
        """It is done: no need to wait for the news of it."""
        card = self._cards.pop(item.key, None)
        if card is not None:
            card.element.delete()
            others = [one for one in self.rows if one.key != item.key]
            self._total.set_text(str(int(self._total.text) - len(self.rows) + len(others)))
            self.rows = others
        self._say_if_empty()

    def neighbour(self, item: Waiting | None, step: int) -> Waiting | None:
        """The next (1) or previous (-1) of what still waits; at an end the item itself, if it waits."""
        if item is None:
            return self.rows[0] if self.rows else None
        others = [one for one in self.rows if (_place(one) > _place(item)) == (step > 0) and one.key != item.key]
        if others:
            return others[0] if step > 0 else others[-1]
        return next((one for one in self.rows if one.key == item.key), None)

    def after(self, item: Waiting | None) -> Waiting | None:
        """What to take in hand when this one is done: the next, else the one before."""
        for step in (1, -1):
            other = self.neighbour(item, step)
            if other is not None and (item is None or other.key != item.key):
                return other
        return None

    def with_draft(self, draft_id: int) -> Waiting | None:
        return next((one for one in self.rows if one.draft_id == draft_id), None)

    def _say_if_empty(self) -> None:
        self._empty.set_visibility(not self._cards and not self._narrowed)
        self._narrowed_to_nothing.set_visibility(not self._cards and self._narrowed)

    def _in_order(self) -> 'list[_Card]':
        return sorted(self._cards.values(), key=lambda card: _place(card.item))

    def _index_for(self, item: Waiting) -> int:
        return sum(_place(card.item) < _place(item) for card in self._cards.values() if card.item.key != item.key)


def no_match(on_widen: Callable[[], Awaitable[None]]) -> None:
    """The filters leave nothing, which must not read as if nobody waited."""
    empty_state('没有符合条件的草稿', '换一个条件，或看全部待审核的草稿。', action='清除筛选', on_action=on_widen)


class _Card:
    def __init__(self, item: Waiting, on_select: OnSelect) -> None:
        self.item = item
        self.faded = False
        self._left = ''
        self._on_select = on_select
        self.element = Button(self._chosen)
        self.element.classes('item').props('role=option aria-selected=false')
        self._draw()

    def show(self, item: Waiting) -> None:
        if item != self.item or self.faded or _left(item.window) != self._left:
            self.item, self.faded = item, False
            self.element.classes(remove='gone')
            self._draw()

    def place(self, index: int) -> None:
        parent = self.element.parent_slot.parent if self.element.parent_slot else None
        if parent is not None and parent.default_slot.children.index(self.element) != index:
            self.element.move(target_index=index)

    def mark(self, marked: bool) -> None:
        self.element.props(f'aria-selected={"true" if marked else "false"}')
        if marked:
            self.element.run_method('scrollIntoView', {'block': 'nearest'})

    def fade(self) -> None:
        """It no longer waits, but somebody is reading it."""
        if not self.faded:
            self.faded = True
            self.element.classes('gone')
            self._draw()

    async def _chosen(self) -> None:
        await self._on_select(self.item)

    def _draw(self) -> None:
        item = self.item
        self.element.clear()
        with self.element:
            with row():
                text(item.title, 'grow clip', tag='b')
                if not self.faded:
                    waiting_clock(item.since)
            text(item.question or '（没有文字）', 'clip', tag='div')
            with row('chips'):
                chip(channel_names.NAMES[item.channel], 'info')
                if self.faded:
                    chip('已不在队列')
                elif item.draft_id is None:
                    chip('AI 不可用，请人工回复', 'danger')
                if item.by_hand:
                    chip('同事撰写')
                _risks(item)
                if item.plain:
                    chip('可直接通过', 'good')
                self._left = _left(item.window)
                if item.window is not None:
                    chip(self._left, _tone(item.window))
                if item.held_by:
                    text(f'{item.held_by} 正在看', 'holder grow clip')


def _risks(item: Waiting) -> None:
    """The gravest in plain words, then what else the checks found."""
    others = [(kind, level) for kind, level in item.checks if kind != SAME.get(item.risk)]
    shown = 0
    if item.risk in RISK_TONES and not (item.risk == 'thin' and others):
        chip(RISKS[item.risk], RISK_TONES[item.risk])
        shown = 1
    for kind, level in others[: MOST_CHIPS - shown]:
        chip(CHECKS.get(kind, kind), 'danger' if level == 'block' else 'warn')
    if len(others) > MOST_CHIPS - shown:
        chip(f'+{len(others) - MOST_CHIPS + shown}')


def _left(window: Window | None) -> str:
    """How long, and how often, a 微信客服 customer may still be written to."""
    if window is None:
        return ''
    if not window.open or window.ends_at is None:
        return '不能发送'
    minutes = int((window.ends_at - utc_now()).total_seconds() // 60)
    return (
        f'窗口 {minutes // 60} 小时 · {window.left} 条' if minutes >= 60 else f'窗口 {minutes} 分钟 · {window.left} 条'
    )


def _tone(window: Window) -> Tone:
    if not window.open or window.ends_at is None:
        return 'danger'
    return 'warn' if window.left == 1 or window.ends_at - utc_now() < SOON else ''


def _place(item: Waiting) -> tuple[float, int, int]:
    return item.review_by.timestamp(), item.conversation_id, item.draft_id or 0
