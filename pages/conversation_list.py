"""The list of conversations beside the one in hand: tabs, filters, and rows that change in place."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from nicegui import background_tasks, ui

from console import channel_names, conversation_list, gathering, snoozing, staff
from console.conversation_list import NOBODY, Changed, Key, Line, Tab, Wanted
from console.database import read
from console.errors import ConsoleError
from models import Staff, utc_now
from pages import address
from pages.fields import known_id
from pages.view_menu import ViewMenu
from pages.widgets import Button, button, empty_state, error_state, refusals_shown, row, skeleton

PAGE = 30
ANYBODY = ''
NOTHING = {
    Tab.WAITING: ('没有人在等待', '家长的新消息会出现在这里。'),
    Tab.OPEN: ('没有进行中的会话', '回复过的会话会出现在这里。'),
    Tab.LATER: ('没有设了提醒的会话', '在会话里点“稍后”，到时间会再提醒您。'),
    Tab.RESOLVED: ('还没有已解决的会话', '事情办完后，在会话里点“已解决”。'),
    Tab.ALL: ('还没有会话', '家长发来第一条消息后，会话会出现在这里。'),
}


@dataclass
class _Row:
    """One conversation as it is drawn; `shows` is from what."""

    link: ui.element
    words: ui.element
    shows: object = None


class ConversationList:
    """Drawn where it is made. `changed` amends single rows: what is being read or clicked does not move away.

    `position` is where the one in hand stands, or stood before it left the list.
    """

    def __init__(self, member: Staff, *, on_select: Callable[[int], Awaitable[None]]) -> None:
        self.wanted = Wanted(tab=Tab.WAITING)
        self.lines: list[Line] = []
        self.current: int | None = None
        self.position = 0
        self._member = member
        self._on_select = on_select
        self._more = False
        self._rows: dict[int, _Row] = {}
        self._changed: set[int] = set()
        self._asking = asyncio.Lock()
        with ui.element('header'):
            self._draw_tabs()
            self._draw_filters()
        self._box = ui.element('div').classes('items')
        self._below = ui.element('div')
        self._under: object = None  # what stands below the rows
        with self._below:
            skeleton(6)

    async def open(self, wanted: Wanted) -> None:
        """Offer what can be filtered by, and show these."""
        colleagues = {one.id: one.name for one in await read(staff.at_the_desk) if one.id != self._member.id}
        mine = {self._member.id: '我'} if staff.may(self._member.role, staff.Action.TAKE_OVER) else {}
        self._assignee.set_options({ANYBODY: '不限', **mine, NOBODY: '未分配', **colleagues}, value=ANYBODY)
        await self._views.reload()
        await self._apply(wanted) if wanted.narrowed else await self.want(wanted)

    def address(self, conversation_id: int | None) -> str:
        """Where this conversation is found again, beside what is listed now."""
        path = '/conversations' if conversation_id is None else f'/conversations/{conversation_id}'
        kept = self.wanted.kept()
        if self.wanted.tab is Tab.WAITING and conversation_id is None:
            del kept['tab']  # what the list begins with
        return address.address(path, **kept)

    async def choose(self, tab: Tab) -> None:
        await self.want(Wanted(**{**vars(self.wanted), 'tab': tab}))

    async def want(self, wanted: Wanted) -> None:
        """Show these, from the top."""
        self.wanted = wanted
        for tab, made in self._tabs.items():
            made.props(f'aria-selected={"true" if tab is wanted.tab else "false"}')
        if self._box.client.has_socket_connection:
            ui.navigate.history.replace(self.address(self.current))
        await self.reload(afresh=True)

    async def reload(self, *, afresh: bool = False) -> None:
        """Read as many rows as are shown, or the first page."""
        wanted = self.wanted
        limit = PAGE if afresh else max(PAGE, len(self.lines))
        async with self._asking:
            try:
                found = await read(conversation_list.lines, by=self._member.id, wanted=wanted, limit=limit + 1)
            except ConsoleError as refusal:
                self._show([], more=False, fault=str(refusal))
                return
            if wanted == self.wanted:
                self._show(found[:limit], more=len(found) > limit)

    def changed(self, conversation_id: int) -> None:
        """News of some conversation: its row is read again, and comes, moves or goes. A burst is read together."""
        self._changed.add(conversation_id)
        background_tasks.create_lazy(self._amend(), name=f'list {id(self)}')

    def mark(self, conversation_id: int | None) -> None:
        """This one is in hand."""
        before, self.current = self.current, conversation_id
        self._find_position()
        for line in self.lines:
            if line.conversation_id in (before, conversation_id):
                self._draw_row(line)

    async def _amend(self) -> None:
        async with self._asking:
            ids, self._changed = self._changed, set()
            if not ids or self._box.is_deleted:
                return
            wanted = self.wanted
            question = Changed(by=self._member.id, wanted=wanted, only=frozenset(ids))
            found = await gathering.ask(conversation_list.amended, question)
            if wanted != self.wanted:
                return
            last = self.lines[-1].key if self.lines else None
            fresh = [line for line in found if not self._more or last is None or self._is_above(line.key, last)]
            kept = [line for line in self.lines if line.conversation_id not in ids]
            downwards = wanted.tab not in (Tab.WAITING, Tab.LATER)
            self._show(sorted(kept + fresh, key=lambda line: line.key, reverse=downwards), more=self._more)

    def _is_above(self, key: Key, last: Key) -> bool:
        return key == last or conversation_list.comes_first(self.wanted.tab, key, last)

    async def _load_more(self) -> None:
        async with self._asking:
            wanted, last = self.wanted, self.lines[-1].key if self.lines else None
            with refusals_shown():
                asked = {'by': self._member.id, 'wanted': wanted, 'limit': PAGE + 1, 'after': last}
                found = await read(conversation_list.lines, **asked)
                if wanted == self.wanted:
                    self._show(self.lines + found[:PAGE], more=len(found) > PAGE)

    def look_who_left(self) -> None:
        """Who is gone without a word is gone here, too."""
        for line in self.lines:
            if line.colleagues:
                self.changed(line.conversation_id)

    def _show(self, lines: list[Line], *, more: bool, fault: str = '') -> None:
        if self._box.is_deleted:
            return
        self.lines, self._more = lines, more
        self._find_position()
        ids = {line.conversation_id for line in lines}
        for gone in self._rows.keys() - ids:
            self._rows.pop(gone).link.delete()
        for line in lines:
            self._draw_row(line)
        wanted_order = [self._rows[line.conversation_id].link for line in lines]
        if self._box.default_slot.children != wanted_order:
            self._box.default_slot.children[:] = wanted_order
            self._box.update()
        below = fault, more, not lines and self.wanted
        if below != self._under:
            self._under = below
            self._below.clear()
            with self._below:
                self._draw_below(fault)

    def _find_position(self) -> None:
        ids = [line.conversation_id for line in self.lines]
        if self.current in ids:
            self.position = ids.index(self.current)

    def _draw_below(self, fault: str) -> None:
        if fault:
            error_state(fault, self.reload)
        elif self._more:
            button('加载更多', self._load_more, kind='quiet').classes('more')
        elif not self.lines and self.wanted.narrowed:
            clear = partial(self._apply, Wanted(tab=self.wanted.tab))
            empty_state('没有符合条件的会话', '换个关键词，或放宽筛选条件。', action='清除筛选', on_action=clear)
        elif not self.lines:
            empty_state(*NOTHING[self.wanted.tab])

    def _draw_row(self, line: Line) -> None:
        current = line.conversation_id == self.current
        due = line.snoozed_until is not None and line.snoozed_until <= utc_now()
        shows = line, current, due
        if line.conversation_id in self._rows:
            made = self._rows[line.conversation_id]
            if made.shows == shows:
                return
        else:
            with self._box, ui.element('a').classes('item') as link:
                link.props(f'href=/conversations/{line.conversation_id}')
                link.on('click', partial(self._on_select, line.conversation_id), js_handler=_PLAIN_CLICK)
                made = self._rows[line.conversation_id] = _Row(link, ui.element('conversation-row'))
        made.shows = shows
        if ('aria-current' in made.link.props) is not current:
            made.link.props('aria-current=true' if current else '', remove='' if current else 'aria-current')
        made.words.props['says'] = json.dumps(_said(line, current=current, due=due), ensure_ascii=False)

    def _draw_tabs(self) -> None:
        with ui.element('div').classes('tabs').props('role=tablist aria-label=状态'):
            self._tabs: dict[Tab, Button] = {}
            for tab in Tab:
                self._tabs[tab] = button(tab, partial(self.choose, tab), kind='quiet', small=True).props('role=tab')

    def _draw_filters(self) -> None:
        with row():
            self._search = ui.input(placeholder='搜索姓名或消息', on_change=self._narrow)
            self._search.props('debounce=250 clearable maxlength=50 aria-label=搜索会话')
            self._unfold = button('筛选', self._fold, small=True).props('aria-expanded=false')
            self._views = ViewMenu('conversations', self._member, kept=self._kept, on_pick=self._pick)
        with ui.element('div').classes('narrow-by') as self._fields:
            self._assignee = ui.select({ANYBODY: '不限'}, label='谁负责', value=ANYBODY, on_change=self._narrow)
            self._channel = ui.select(
                {ANYBODY: '不限', **channel_names.NAMES}, label='渠道', value=ANYBODY, on_change=self._narrow
            )
            self._tag = ui.select({ANYBODY: '不限'}, label='标签', value=ANYBODY, on_change=self._narrow)
        self._fields.set_visibility(False)

    async def _fold(self) -> None:
        if not self._fields.visible:
            await self._offer_tags()
        self._fields.set_visibility(not self._fields.visible)
        self._unfold.props(f'aria-expanded={"true" if self._fields.visible else "false"}')

    async def _offer_tags(self) -> None:
        names = await read(conversation_list.tags_in_use, by=self._member.id)
        chosen = self.wanted.tag
        known = {ANYBODY: '不限'} | {name: name for name in [*names, *([chosen] if chosen else [])]}
        self._tag.set_options(known, value=chosen or ANYBODY)

    async def _narrow(self) -> None:
        """What the fields say now."""
        wanted = Wanted(
            tab=self.wanted.tab,
            assignee=None if self._assignee.value in (ANYBODY, None) else self._assignee.value,
            channel=self._channel.value or None,
            tag=self._tag.value or '',
            words=(self._search.value or '').strip(),
        )
        used = sum((wanted.assignee is not None, wanted.channel is not None, bool(wanted.tag)))
        self._unfold.props(f'aria-pressed={"true" if used else "false"}')
        if wanted != self.wanted:
            await self.want(wanted)

    def _kept(self) -> dict[str, object]:
        return self.wanted.kept()

    async def _pick(self, kept: dict[str, object]) -> None:
        await self._apply(conversation_list.from_kept(kept))

    async def _apply(self, wanted: Wanted) -> None:
        """Show these, and have the fields say so."""
        self.wanted = wanted
        await self._offer_tags()
        if wanted.assignee is not None and wanted.assignee not in self._assignee.options:
            wanted = Wanted(**{**vars(wanted), 'assignee': None})  # a colleague who left
        self._search.value = wanted.words
        self._channel.value = wanted.channel or ANYBODY
        self._assignee.value = ANYBODY if wanted.assignee is None else wanted.assignee
        self._fields.set_visibility(bool(wanted.assignee is not None or wanted.channel or wanted.tag))
        await self.want(wanted)


def asked_in(words: Mapping[str, str], *, tab: Tab) -> Wanted:
    """What an address asks for, on `tab` if it names none; what is not known there is as if it was not there."""
    told = words.get('assignee', '')
    return conversation_list.from_kept(
        {
            'tab': words['tab'] if words.get('tab') in list(Tab) else tab,
            'assignee': NOBODY if told == str(NOBODY) else known_id(told),
            'channel': words.get('channel'),
            'tag': address.words_in(words.get('tag', '')),
            'words': address.words_in(words.get('words', '')),
        }
    )


def _said(line: Line, *, current: bool, due: bool) -> dict[str, object]:
    """What assets/js/conversation_row.js draws."""
    return {
        'unread': 0 if current else line.unread,
        'title': line.title,
        'since': line.waiting_since and line.waiting_since.isoformat(),
        'at': line.at.isoformat(),
        'text': line.text or '还没有消息',
        'marks': list(_marks(line, due=due)),
    }


def _marks(line: Line, *, due: bool) -> Iterator[tuple[str, str]]:
    """Words and class of each: who is there, whose it is, and what is special about it; nothing for most."""
    if line.named:
        yield '@ 提到您', 'chip warn'
    if due:
        yield '提醒到时', 'chip warn'
    elif line.snoozed_until is not None:
        yield f'{snoozing.word(line.snoozed_until, utc_now())} 提醒', 'chip info'
    if line.taken_over:
        yield '已接管', 'chip warn'
    if line.assignee:
        yield line.assignee, 'clip muted holder'
    if line.colleagues:
        yield line.colleagues[0].words, f'clip there{" types" if line.colleagues[0].typing else ""}'


_PLAIN_CLICK = """(event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  emit();
}"""
