"""Where replies are released: the queue, the draft in hand, and what is known about the child."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import parse_qsl, urlencode

from nicegui import ui

from console import policies, review_desk, review_queue, signals, staff
from console.database import read
from console.errors import NotFound
from console.review_desk import Opened
from console.review_queue import Filters, Queue, Waiting
from models import Staff
from pages import address
from pages.fields import known_id
from pages.layout import me, member, reload_on, staff_page
from pages.review_bulk import BulkRelease
from pages.review_context import ContextColumn
from pages.review_desk import Desk
from pages.review_filters import FilterBar
from pages.review_lessons import Lesson
from pages.review_queue import PAGE, QueueColumn, no_match
from pages.review_snack import Snack
from pages.script_picker import ScriptPicker
from pages.widgets import button, empty_state, refusals_shown, shortcuts

HOLD_AGAIN_SECONDS = 60.0
BREATH_SECONDS = 0.15
"""Between two reloads, so that a storm of news does not keep the page busy with drawing."""


@staff_page('/review', title='审核', action=staff.Action.PROPOSE_REPLY)
async def review_page(draft: str = '') -> None:
    """The filters are in the address too, see `Filters.read`."""
    await read(policies.reviewer, by=me())
    colleagues = {one.id: one.name for one in await read(staff.at_the_desk)}
    await _Review(member()).build(known_id(draft), Filters.read(ui.context.client.request.query_params), colleagues)


class _Review:
    """One open page: which item is in hand, and the way from one to the next."""

    def __init__(self, member: Staff) -> None:
        self.client = ui.context.client
        self.member = member
        self.by = member.id
        self.desk: Desk | None = None
        self.at: Waiting | None = None
        self.moving = asyncio.Lock()
        self.pushed = False  # the list alone is one step back

    async def build(self, asked: int | None, filters: Filters, colleagues: dict[int, str]) -> None:
        def top() -> None:
            self.bar = FilterBar(filters, member=self.member, colleagues=colleagues, on_change=self.filtered)

        with ui.element('div').classes('review') as self.root:
            self.queue = QueueColumn(
                on_select=self.chosen,
                on_more=self.more,
                on_bulk=self.release_plain,
                on_widen=self.widen,
                top=top,
            )
            with ui.element('div').classes('work'):
                self.place = ui.element('section').classes('desk').props('aria-label=草稿')
                self.aside = ContextColumn(self.member)
        self.snack = Snack()
        self.bulk = BulkRelease(self.by, on_released=self.released)
        self.scripts = ScriptPicker(self.member, conversation=self.conversation, on_pick=self.picked)
        shortcuts(
            {
                'j': ('下一条', lambda: self.step(1)),
                'k': ('上一条', lambda: self.step(-1)),
                'b': ('批量通过可直接通过的草稿', self.release_plain),
                'z': ('撤销上一次操作', self.snack.undo),
                'Escape': ('关闭下方的提示', self.snack.close),
            }
        )
        address.on_way_back(self.went)
        reload_on(self.reload, signals.draft_changed, signals.conversation_changed)
        reload_on(self.aside.reload, signals.student_changed)
        self.show(await self.found())
        await self.begin(asked)
        ui.timer(HOLD_AGAIN_SECONDS, self.hold)
        self.client.on_connect(self.hold)
        self.client.on_disconnect(self.away)

    async def begin(self, asked: int | None = None) -> None:
        """Open the draft that the address names, else the most urgent one."""
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
        filters = self.bar.filters
        found = await self.found()
        if self.root.is_deleted or filters != self.bar.filters:
            return  # the tab was closed meanwhile, or another part of the queue asked for
        self.show(found)
        if (desk := self.desk) is not None:
            await desk.reload()
            if desk is self.desk:
                await self.aside.show(desk.opened)
        elif found.rows:
            async with self.moving:
                if self.desk is None:  # else something was opened meanwhile
                    await self.draw(found.rows[0], await self.fetched(found.rows[0]))
        await asyncio.sleep(BREATH_SECONDS)

    async def found(self) -> Queue:
        return await read(review_queue.queue, by=self.by, filters=self.bar.filters, limit=self.queue.window)

    def show(self, found: Queue) -> None:
        self.queue.show(found, narrowed=self.bar.filters != review_queue.NO_FILTERS)

    async def widen(self) -> None:
        await self.bar.clear()

    async def filtered(self) -> None:
        """Another part of the queue: its first item comes to hand."""
        with refusals_shown():
            if self.desk is not None:
                await self.desk.save()
            async with self.moving:
                self.queue.clear()
                self.show(await self.found())
                await self.let_go()
                self.at, self.desk = None, None
                await self.begin()
        await self.hold()

    async def more(self) -> None:
        filters, last = self.bar.filters, self.queue.rows[-1].place if self.queue.rows else None
        with refusals_shown():
            found = await read(review_queue.queue, by=self.by, filters=filters, limit=PAGE, after=last)
            if filters == self.bar.filters:
                self.queue.window += PAGE
                self.show(Queue(rows=[*self.queue.rows, *found.rows], total=found.total))

    async def fetched(self, row: Waiting) -> Opened:
        if row.draft_id is not None:
            return await read(review_desk.opened, row.draft_id, by=self.by)
        return await read(review_desk.unanswered, row.conversation_id, by=self.by)

    async def chosen(self, row: Waiting) -> None:
        if not self.pushed:
            self.pushed = True
            ui.navigate.history.push(self.address(self.desk.opened if self.desk else None))  # `draw` says which it is
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
        if not decided:
            await self.let_go()
        self.at, self.desk = row, None
        self.queue.mark(row)
        self.place.clear()
        with self.place:
            if opened is None:
                self.root.classes(remove='open')
                if self.bar.filters != review_queue.NO_FILTERS:
                    no_match(self.widen)
                else:
                    empty_state('没有要审核的草稿', '家长发来消息后，AI 起草的回复会自动出现在这里，由您审核后发出。')
            else:
                button('‹ 返回列表', self.back, kind='quiet', small=True).classes('back')
                self.desk = Desk(
                    opened,
                    by=self.by,
                    on_decided=self.decided,
                    on_open=self.open_draft,
                    on_scripts=self.scripts.show,
                    wait=decided,
                    carry=carry,
                )
        self.place.run_method('scrollTo', 0, 0)
        await self.aside.show(opened)
        if ui.context.client.has_socket_connection:
            ui.navigate.history.replace(self.address(opened))

    def address(self, opened: Opened | None) -> str:
        """Where this item is found again, among what is shown now."""
        words = {'draft': str(opened.draft_id)} if opened and opened.draft_id else {}
        words |= self.bar.filters.words
        return f'/review?{urlencode(words)}' if words else '/review'

    async def back(self) -> None:
        self.root.classes(remove='open')
        if self.pushed:
            ui.navigate.back()

    async def went(self, to: str) -> None:
        """By the browser's own way back or forth: to the list, and to the draft of then if it still waits."""
        self.pushed = False
        self.root.classes(remove='open')
        draft_id = known_id(dict(parse_qsl(to.partition('?')[2])).get('draft'))
        row = self.queue.with_draft(draft_id) if draft_id is not None else None
        if row is not None:
            await self.select(lambda: row)
        ui.navigate.history.replace(self.address(self.desk.opened if self.desk else None))

    async def open_draft(self, draft_id: int, carry: str = '') -> None:
        """Put this draft in hand; `carry` is text for its editor, from the draft before."""
        self.show(await self.found())
        async with self.moving:
            await self.let_go()
            opened = await read(review_desk.opened, draft_id, by=self.by)
            await self.draw(self.queue.with_draft(draft_id), opened, decided=True, carry=carry)
        await self.hold()

    async def decided(
        self,
        words: str,
        undo: Callable[[], Awaitable[int | None]] | None,
        seconds: float,
        link: str,
        lessons: Sequence[Lesson],
    ) -> None:
        """The item in hand is done: on to the next. `undo` gives back the draft to open again."""

        async def undone() -> None:
            with refusals_shown():
                draft_id = await undo() if undo else None
                self.snack.close()  # there is nothing to learn from a decision that was taken back
                if draft_id is not None:
                    await self.open_draft(draft_id)

        self.snack.show(words, undone if undo else None, seconds, link, lessons)
        gone = self.at
        await self.select(lambda: self.queue.after(gone), decided=True)
        if gone is not None:
            self.queue.drop(gone)

    async def release_plain(self) -> None:
        await self.bulk.ask(self.queue.plain)

    async def released(self, words: str, undo: Callable[[], Awaitable[None]] | None, seconds: float) -> None:
        """Many were released at once; if the item in hand was among them, on to what is left."""

        async def undone() -> None:
            with refusals_shown():
                if undo is not None:
                    await undo()

        self.snack.show(words, undone if undo else None, seconds)
        self.show(await self.found())
        if self.at is not None and not any(row.key == self.at.key for row in self.queue.rows):
            gone = self.at
            await self.select(lambda: self.queue.after(gone), decided=True)

    def conversation(self) -> int | None:
        return self.desk.opened.conversation_id if self.desk is not None else None

    def picked(self, words: str) -> None:
        if self.desk is not None:
            self.desk.editor.insert(words)

    async def hold(self) -> None:
        """Nothing while the browser is gone: a closed tab holds no draft."""
        if self.desk is not None and self.client.has_socket_connection:
            with refusals_shown():
                await self.desk.hold()

    async def away(self) -> None:
        """The browser is gone, or only an older connection of one that is here again."""
        if not self.client.has_socket_connection:
            await self.let_go()

    async def let_go(self) -> None:
        if self.desk is not None:
            with refusals_shown():
                await self.desk.release()
