"""Where replies are released: the queue, the draft in hand, and what is known about the child."""

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import ui

from console import review_desk, review_queue, signals, staff
from console.database import read
from console.errors import NotFound
from console.review_desk import Opened
from console.review_queue import Queue, Waiting
from pages.layout import me, refusals_shown, reload_on, staff_page
from pages.review_context import ContextColumn
from pages.review_desk import Desk
from pages.review_queue import PAGE, QueueColumn
from pages.review_snack import Snack
from pages.widgets import button, empty_state, shortcuts

HOLD_AGAIN_SECONDS = 60.0
BREATH_SECONDS = 0.15
"""Between two reloads, so that a storm of news does not keep the page busy with drawing."""


@staff_page('/review', title='审核', action=staff.Action.REVIEW)
async def review_page(draft: str = '') -> None:
    asked = int(draft) if draft.isascii() and draft.isdigit() and len(draft) < 10 else None
    await _Review(me()).build(asked)


class _Review:
    """One open page: which item is in hand, and the way from one to the next."""

    def __init__(self, by: int) -> None:
        self.by = by
        self.desk: Desk | None = None
        self.at: Waiting | None = None
        self.moving = asyncio.Lock()

    async def build(self, asked: int | None) -> None:
        found = await read(review_queue.queue, by=self.by, limit=PAGE)
        with ui.element('div').classes('review') as self.root:
            self.queue = QueueColumn(on_select=self.chosen, on_more=self.more)
            with ui.element('div').classes('work'):
                self.place = ui.element('section').classes('desk').props('aria-label=草稿')
                self.aside = ContextColumn(self.by)
        self.snack = Snack()
        shortcuts(
            {
                'j': ('下一条', lambda: self.step(1)),
                'k': ('上一条', lambda: self.step(-1)),
                'z': ('撤销上一次操作', self.snack.undo),
            }
        )
        self.queue.show(found)
        await self.begin(asked)
        reload_on(self.reload, signals.draft_changed, signals.conversation_changed)
        reload_on(self.aside.reload, signals.student_changed)
        ui.timer(HOLD_AGAIN_SECONDS, self.hold)

    async def begin(self, asked: int | None = None) -> None:
        """Open the draft that the address names, else the one that waits longest."""
        row = self.queue.rows[0] if self.queue.rows else None
        if asked is not None:
            row = self.queue.with_draft(asked)
            try:
                opened = await read(review_desk.opened, asked, by=self.by)
            except NotFound:
                await self.begin()
                return
            self.root.classes('open')
            await self.draw(row, opened)
        elif row is not None:
            await self.draw(row, await self.fetched(row))
        else:
            await self.draw(None, None)

    async def reload(self) -> None:
        found = await read(review_queue.queue, by=self.by, limit=self.queue.window)
        if self.root.is_deleted:
            return  # the tab was closed meanwhile
        self.queue.show(found)
        if self.desk is not None:
            await self.desk.reload()
            await self.aside.show(self.desk.opened)
        elif found.rows:
            async with self.moving:
                await self.draw(found.rows[0], await self.fetched(found.rows[0]))
        await asyncio.sleep(BREATH_SECONDS)

    async def more(self) -> None:
        last = self.queue.rows[-1]
        found = await read(review_queue.queue, by=self.by, limit=PAGE, after=(last.since, last.conversation_id))
        self.queue.window += PAGE
        self.queue.show(Queue(rows=[*self.queue.rows, *found.rows], total=found.total))

    async def fetched(self, row: Waiting) -> Opened:
        if row.draft_id is not None:
            return await read(review_desk.opened, row.draft_id, by=self.by)
        return await read(review_desk.unanswered, row.conversation_id, by=self.by)

    async def chosen(self, row: Waiting) -> None:
        self.root.classes('open')
        await self.select(lambda: row)

    async def step(self, by: int) -> None:
        await self.select(lambda: self.queue.neighbour(self.at, by) or self.queue.neighbour(self.at, -by))

    async def select(self, which: Callable[[], Waiting | None], *, decided: bool = False) -> None:
        """Put another item in hand; `which` is asked when the move before is done."""
        async with self.moving:
            row = which()
            if row is not None and self.at is not None and row.key == self.at.key and not decided:
                return
            if self.desk is not None and not decided:
                await self.desk.save()
            with refusals_shown():
                await self.draw(row, await self.fetched(row) if row else None, decided=decided)
        await self.hold()

    async def draw(self, row: Waiting | None, opened: Opened | None, *, decided: bool = False, carry: str = '') -> None:
        if self.root.is_deleted:
            return
        self.at, self.desk = row, None
        self.queue.mark(row)
        self.place.clear()
        with self.place:
            if opened is None:
                self.root.classes(remove='open')
                empty_state('没有要审核的草稿', '家长发来消息后，AI 起草的回复会自动出现在这里，由您审核后发出。')
            else:
                button('‹ 返回列表', self.back, kind='quiet', small=True).classes('back')
                self.desk = Desk(
                    opened, by=self.by, on_decided=self.decided, on_open=self.open_draft, wait=decided, carry=carry
                )
        self.place.run_method('scrollTo', 0, 0)
        await self.aside.show(opened)
        if ui.context.client.has_socket_connection:
            ui.navigate.history.replace(f'/review?draft={opened.draft_id}' if opened and opened.draft_id else '/review')

    async def back(self) -> None:
        self.root.classes(remove='open')

    async def open_draft(self, draft_id: int, carry: str = '') -> None:
        """Put this draft in hand; `carry` is text for its editor, from the draft before."""
        self.queue.show(await read(review_queue.queue, by=self.by, limit=self.queue.window))
        async with self.moving:
            opened = await read(review_desk.opened, draft_id, by=self.by)
            await self.draw(self.queue.with_draft(draft_id), opened, decided=True, carry=carry)
        await self.hold()

    async def decided(
        self, words: str, undo: Callable[[], Awaitable[int | None]] | None, seconds: float, link: str = ''
    ) -> None:
        """The item in hand is done: on to the next. `undo` gives back the draft to open again."""

        async def undone() -> None:
            with refusals_shown():
                draft_id = await undo() if undo else None
                if draft_id is not None:
                    await self.open_draft(draft_id)

        self.snack.show(words, undone if undo else None, seconds, link)
        gone = self.at
        await self.select(lambda: self.queue.after(gone), decided=True)
        if gone is not None:
            self.queue.drop(gone)

    async def hold(self) -> None:
        if self.desk is not None:
            with refusals_shown():
                await self.desk.hold()
