"""Chats with parents: who waits, what was said, and the answer."""

import asyncio
from collections.abc import Callable
from functools import partial

from nicegui import ui

from console import inbox, signals
from console.database import read
from console.errors import ConsoleError
from console.inbox import Line
from console.staff import Action
from models import ConversationStatus
from pages.layout import me, member, refusals_shown, reload_on, staff_page
from pages.thread import Thread
from pages.widgets import ago, button, chip, empty_state, error_state, row, shortcuts, text, waiting_clock

PAGE = 40
TABS: dict[str, ConversationStatus | None] = {
    '待回复': ConversationStatus.WAITING,
    '进行中': ConversationStatus.OPEN,
    '已解决': ConversationStatus.RESOLVED,
    '全部': None,
}
NOTHING = {
    '待回复': ('没有人在等待', '家长的新消息会出现在这里。'),
    '进行中': ('没有进行中的会话', '回复过的会话会出现在这里。'),
    '已解决': ('还没有已解决的会话', '事情办完后，在会话里点“已解决”。'),
    '全部': ('还没有会话', '家长发来第一条消息后，会话会出现在这里。'),
}


@staff_page('/conversations', title='会话', action=Action.SEE_CONVERSATIONS)
async def conversations_page() -> None:
    await _Inbox().build(None)


@staff_page('/conversations/{conversation_id}', title='会话', action=Action.SEE_CONVERSATIONS)
async def conversation_page(conversation_id: int) -> None:
    await _Inbox().build(conversation_id)


class _Inbox:
    """One open page: the list, and the conversation in hand."""

    def __init__(self) -> None:
        self.by = me()
        self.member = member()
        self.tab = '待回复'
        self.mine = False
        self.limit = PAGE
        self.lines: list[Line] = []
        self.thread: Thread | None = None
        self.position = 0
        self.moving = asyncio.Lock()

    async def build(self, conversation_id: int | None) -> None:
        with ui.element('div').classes('inbox') as self.root:
            with ui.element('section').classes('chats').props('aria-label=会话列表'):
                self._filters()
                self._rows = ui.refreshable(self._draw_rows)
                self._rows([], False)
            self.place = ui.element('div').classes('work')
            with self.place:
                self._nobody()
        if conversation_id is not None:
            await self.open(conversation_id)
        await self.choose(await self._first_tab(conversation_id))
        shortcuts(
            {
                'j': ('下一个会话', partial(self.step, 1)),
                'k': ('上一个会话', partial(self.step, -1)),
                'r': ('写回复', self.write),
                't': ('接管或交还 AI', self.hold),
                'Escape': ('返回列表', self.leave),
            }
        )
        reload_on(self.reload, signals.conversation_changed, signals.student_changed, signals.staff_changed)
        signals.conversation_changed.subscribe(self._tell(Thread.heard))
        signals.turn_opened.subscribe(self._tell(Thread.heard))
        signals.draft_changed.subscribe(self._tell(Thread.heard_of_draft))
        signals.student_changed.subscribe(self._tell(Thread.heard_of_student))

    async def open(self, conversation_id: int) -> None:
        """Show this conversation. Raises `NotFound`, `NotAllowed`."""
        thread = Thread(conversation_id, self.member, on_back=self.leave)
        await thread.open(self.place)
        self.thread = thread
        self.root.classes('chosen')
        self._rows.refresh()

    async def select(self, conversation_id: int) -> None:
        async with self.moving:
            with refusals_shown():
                await self.open(conversation_id)
                ui.navigate.history.replace(f'/conversations/{conversation_id}')

    async def step(self, by: int) -> None:
        """To the next or the previous in the list; from one that has left it, to what took its place."""
        if not self.lines:
            return
        ids = [line.conversation_id for line in self.lines]
        at = self.thread.conversation_id if self.thread else None
        if at in ids:
            target = ids.index(at) + by
        elif self.thread is None:
            target = 0
        else:
            target = self.position if by > 0 else self.position - 1
        if 0 <= target < len(ids):
            self.position = target
            await self.select(ids[target])

    def leave(self) -> None:
        self.thread = None
        self.root.classes(remove='chosen')
        self.place.clear()
        with self.place:
            self._nobody()
        self._rows.refresh()
        ui.navigate.history.replace('/conversations')

    def write(self) -> None:
        if self.thread is not None:
            self.thread.write()

    async def hold(self) -> None:
        if self.thread is not None:
            await self.thread.toggle_hold()

    async def reload(self) -> None:
        try:
            self.lines, more = await read(
                inbox.lines,
                by=self.by,
                status=TABS[self.tab],
                mine=self.mine,
                search=self.search.value or '',
                limit=self.limit,
            )
        except ConsoleError as refusal:
            self._rows.refresh([], False, str(refusal))
            return
        ids = [line.conversation_id for line in self.lines]
        if self.thread is not None and self.thread.conversation_id in ids:
            self.position = ids.index(self.thread.conversation_id)
        self._rows.refresh(self.lines, more)

    async def choose(self, tab: str) -> None:
        self.tab = tab
        self.limit = PAGE
        for name, button_of_tab in self.tabs.items():
            button_of_tab.props(f'aria-selected={"true" if name == tab else "false"}')
        await self.reload()

    async def _first_tab(self, conversation_id: int | None) -> str:
        """The waiting; all, if the conversation that was asked for does not wait."""
        if conversation_id is None:
            return '待回复'
        waiting, _ = await read(inbox.lines, by=self.by, status=ConversationStatus.WAITING, limit=PAGE)
        return '待回复' if any(line.conversation_id == conversation_id for line in waiting) else '全部'

    async def _toggle_mine(self) -> None:
        self.mine = not self.mine
        self.mine_button.props(f'aria-pressed={"true" if self.mine else "false"}')
        await self.reload()

    async def _more(self) -> None:
        self.limit += PAGE
        await self.reload()

    def _tell(self, what: Callable[[Thread, int], None]) -> Callable[[int], None]:
        def tell(number: int) -> None:
            if self.thread is not None:
                what(self.thread, number)

        return tell

    def _filters(self) -> None:
        with ui.element('header'):
            with ui.element('div').classes('tabs').props('role=tablist aria-label=状态'):
                self.tabs = {}
                for tab in TABS:
                    self.tabs[tab] = button(tab, partial(self.choose, tab), kind='quiet', small=True).props('role=tab')
            with row():
                self.search = ui.input(placeholder='搜索姓名或消息', on_change=self.reload)
                self.search.props('debounce=250 clearable maxlength=50 aria-label=搜索会话')
                self.mine_button = button('我的', self._toggle_mine, small=True).props('aria-pressed=false')

    def _draw_rows(self, lines: list[Line], more: bool, fault: str = '') -> None:
        if fault:
            error_state(fault, self.reload)
            return
        if not lines:
            if self.mine or self.search.value:
                empty_state('没有符合条件的会话', '换个关键词，或取消“我的”。')
            else:
                empty_state(*NOTHING[self.tab])
        for line in lines:
            self._draw_row(line)
        if more:
            button('加载更多', self._more, kind='quiet').classes('more')

    def _draw_row(self, line: Line) -> None:
        current = self.thread is not None and self.thread.conversation_id == line.conversation_id
        link = ui.element('a').classes('item').props(f'href=/conversations/{line.conversation_id}')
        if current:
            link.props('aria-current=true')
        link.on('click', partial(self.select, line.conversation_id), js_handler=_PLAIN_CLICK)
        with link:
            with row():
                if line.unread and not current:
                    text(f'{line.unread} 条未读', 'unread')
                text(line.title, 'grow clip', tag='b')
                if line.waiting_since is not None:
                    waiting_clock(line.waiting_since)
                else:
                    ago(line.at)
            text(line.text or '还没有消息', 'clip muted', tag='div')
            if line.assignee or line.taken_over:
                with row():
                    if line.taken_over:
                        chip('已接管', 'warn')
                    if line.assignee:
                        text(line.assignee, 'clip muted holder')

    def _nobody(self) -> None:
        with ui.element('div').classes('nobody'):
            empty_state('选择一个会话', '从左侧的列表打开，或按 J。')


_PLAIN_CLICK = """(event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  emit();
}"""
