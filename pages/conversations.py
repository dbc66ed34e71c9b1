"""Chats with parents: who waits, what was said, and the answer."""

import asyncio
from collections.abc import Callable
from functools import partial

from nicegui import ui

from console import conversation_list, presence, signals
from console.conversation_list import Tab
from console.database import read
from console.staff import Action
from pages import address
from pages.conversation_list import ConversationList, asked_in
from pages.fields import known_id
from pages.layout import me, member, reload_on, staff_page
from pages.news import News
from pages.review_snack import Snack
from pages.thread import Thread
from pages.widgets import empty_state, refusals_shown, shortcuts

# The browser itself moves the focus: a word typed right after R must not be taken for keys.
WRITE = """(event) => {
  const mode = { r: 'reply', n: 'note' }[event.detail];
  if (mode) document.querySelector('reply-box')?.write(mode);
}"""


@staff_page('/conversations', title='会话', action=Action.SEE_CONVERSATIONS)
async def conversations_page() -> None:
    await _Inbox().build(None)


@staff_page('/conversations/{conversation_id}', title='会话', action=Action.SEE_CONVERSATIONS)
async def conversation_page(conversation_id: int, at: int | None = None) -> None:
    """`at`: the seq of the message to begin with."""
    await _Inbox().build(conversation_id, at)


class _Inbox:
    """One open page: the list, and the conversation in hand."""

    def __init__(self) -> None:
        self.client = ui.context.client
        self.by = me()
        self.member = member()
        self.thread: Thread | None = None
        self.moving = asyncio.Lock()
        self.pushed = False  # the list is one step back

    async def build(self, conversation_id: int | None, at: int | None = None) -> None:
        with ui.element('div').classes('inbox') as self.root:
            with ui.element('section').classes('chats').props('aria-label=会话列表'):
                self.list = ConversationList(self.member, on_select=self.select)
            self.place = ui.element('div').classes('work')
            with self.place:
                self._nobody()
            self.snack = Snack()
        self._listen()
        shortcuts(
            {
                'j': ('下一个会话', partial(self.step, 1)),
                'k': ('上一个会话', partial(self.step, -1)),
                'r': ('写回复', lambda: None),
                'n': ('写内部备注', lambda: None),
                't': ('接管或交还 AI', self.hold),
                'z': ('撤销', self.snack.undo),
                'Escape': ('返回列表', self.leave),
            }
        ).on('shortcut', js_handler=WRITE)
        if conversation_id is not None:
            await self.open(conversation_id)
            if at is not None and self.thread is not None:
                await self.thread.to_line(at)
        tab = Tab.WAITING
        if conversation_id is not None:
            tab = await read(conversation_list.tab_of, conversation_id, by=self.by)
        await self.list.open(asked_in(self.client.request.query_params, tab=tab))
        self.client.on_connect(self._here)
        self.client.on_disconnect(self._away)
        ui.timer(presence.RENEWED_EVERY, self._renew, immediate=False)

    async def open(self, conversation_id: int) -> None:
        """Show this conversation. Raises `NotFound`, `NotAllowed`."""
        thread = Thread(conversation_id, self.member, snack=self.snack, on_back=self.leave)
        await thread.open(self.place)
        before, self.thread = self.thread, thread
        self.root.classes('chosen')
        self.list.mark(conversation_id)
        if before is not None and before.conversation_id != conversation_id:
            await before.presence.leave()

    async def select(self, conversation_id: int) -> None:
        async with self.moving:
            with refusals_shown():
                from_list = self.thread is None
                await self.open(conversation_id)
                if from_list:
                    self.pushed = True
                    ui.navigate.history.push(self.list.address(conversation_id))
                else:
                    ui.navigate.history.replace(self.list.address(conversation_id))

    async def step(self, by: int) -> None:
        """To the next or the previous in the list; from one that has left it, to what took its place."""
        ids = [line.conversation_id for line in self.list.lines]
        if not ids:
            return
        at = self.thread.conversation_id if self.thread else None
        if at in ids:
            target = ids.index(at) + by
        elif self.thread is None:
            target = 0
        else:
            target = self.list.position if by > 0 else self.list.position - 1
        if 0 <= target < len(ids):
            await self.select(ids[target])

    async def leave(self) -> None:
        await self.close()
        if self.pushed:
            self.pushed = False
            ui.navigate.back()
        else:
            ui.navigate.history.replace(self.list.address(None))

    async def went(self, to: str) -> None:
        """By the browser's own way back or forth. The list stays as it is, whatever the address said of it then."""
        wanted = known_id(to.partition('?')[0].removeprefix('/conversations/'))
        async with self.moving:
            if wanted is None:
                await self.close()
            elif self.thread is None or self.thread.conversation_id != wanted:
                with refusals_shown():
                    await self.open(wanted)
            self.pushed = self.thread is not None
            ui.navigate.history.replace(self.list.address(self.thread.conversation_id if self.thread else None))

    async def close(self) -> None:
        thread, self.thread = self.thread, None
        self.root.classes(remove='chosen')
        self.place.clear()
        with self.place:
            self._nobody()
        self.list.mark(None)
        if thread is not None:
            await thread.presence.leave()

    async def hold(self) -> None:
        if self.thread is not None:
            await self.thread.toggle_hold()

    def _listen(self) -> None:
        reload_on(self.list.reload, signals.student_changed, signals.staff_changed)
        address.on_way_back(self.went)
        news = News(self._catch_up)
        news.hear(signals.conversation_changed, self.list.changed, self._tell(Thread.heard))
        news.hear(signals.presence_changed, self.list.changed, self._tell(Thread.heard_of_presence))
        news.hear(signals.turn_opened, self._tell(Thread.heard))
        news.hear(signals.draft_changed, self._tell(Thread.heard_of_draft))
        news.hear(signals.student_changed, self._tell(Thread.heard_of_student))

    async def _here(self) -> None:
        """The browser is there, perhaps again: colleagues see that it is."""
        if self.thread is not None:
            await self.thread.presence.renew()

    async def _catch_up(self) -> None:
        await self.list.reload()
        if self.thread is not None:
            await self.thread.reload()

    async def _renew(self) -> None:
        if self.client.has_socket_connection:
            self.list.look_who_left()
            await self._here()

    async def _away(self) -> None:
        """The browser is gone, perhaps to come back; or only an older connection of one that is here again."""
        if self.thread is not None and not self.client.has_socket_connection:
            await self.thread.presence.away()

    def _tell(self, what: Callable[[Thread, int], None]) -> Callable[[int], None]:
        def tell(number: int) -> None:
            if self.thread is not None:
                what(self.thread, number)

        return tell

    def _nobody(self) -> None:
        with ui.element('div').classes('nobody'):
            empty_state('选择一个会话', '从左侧的列表打开，或按 J。')
