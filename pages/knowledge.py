"""What the school knows and may say: the entries, and a box to try what a question finds."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from nicegui import ui
from sqlalchemy.orm import Session

from console import knowledge, signals, staff
from console.calendar import today
from console.database import read, transact
from console.staff import Action
from models import EntryStatus, KnowledgeEntry
from pages import address
from pages.knowledge_entry import EntryDialog, EntryView, validity
from pages.knowledge_nav import knowledge_nav
from pages.knowledge_trial import Trial
from pages.layout import me, member, reload_on, staff_page
from pages.review_snack import Snack
from pages.widgets import Tone, ago, button, chip, empty_state, panel, refusals_shown, row, shortcuts, text

PAGE = 20
TONES: dict[EntryStatus, Tone] = {EntryStatus.APPROVED: 'good', EntryStatus.DRAFT: 'warn', EntryStatus.RETIRED: ''}
SHOWN: dict[str, str] = {
    '': '全部状态',
    **{str(status): words for status, words in knowledge.STATUSES.items()},
    'expiring': f'{knowledge.ENDING.days} 天内到期',
    'expired': '已过期',
}


@staff_page('/knowledge', title='知识库', action=Action.SEE_KNOWLEDGE)
async def knowledge_page(show: str = '', owner: str | None = None, q: str = '', page: str = '', entry: int = 0) -> None:
    by = me()

    @ui.refreshable
    def warning(expiring: int) -> None:
        if expiring:
            with ui.element('div').classes('note warn').props('role=status'):
                text(f'{expiring} 条知识将在 {knowledge.ENDING.days} 天内到期，到期后不再用于起草。', 'grow')
                button('查看', lambda: entries.shown.set_value('expiring'), small=True)

    async def reload() -> None:
        await entries.reload()
        warning.refresh(await read(knowledge.count_due, 'expiring'))

    reload_on(reload, signals.knowledge_changed)
    editor = EntryDialog(by, await read(people)) if staff.may(member().role, Action.EDIT_KNOWLEDGE) else None
    shown = editor or EntryView(by)
    with ui.element('div').classes('sheet'):
        knowledge_nav('/knowledge')
        warning(await read(knowledge.count_due, 'expiring'))
        Trial(by)
        entries = _Entries(by, shown, owners=await read(knowledge.owners), show=show, owner=owner, search=q)
        await entries.begin(address.turns_in(page))
    if entry:
        await shown.open(entry)


class _Entries:
    """The list with its filters, a page of it at a time. `shown` is what opens an entry, to change it or to read it."""

    def __init__(
        self,
        by: int,
        shown: EntryDialog | EntryView,
        *,
        owners: list[str],
        show: str,
        owner: str | None,
        search: str,
    ) -> None:
        """The last three as an address says them; what is not known there is as if it was not there."""
        self._by = by
        self._opener = shown
        self._before: list[int | None] = [None]  # where each page that was turned starts
        with panel():
            with ui.element('header'):
                with ui.element('div').classes('filters grow'):
                    self._search = ui.input(
                        value=address.words_in(search), placeholder='搜索问题或答案', on_change=self._first
                    ).classes('wide-field')
                    self._search.props('debounce=250 clearable maxlength=60 aria-label=搜索条目')
                    self.shown = ui.select(SHOWN, value=show if show in SHOWN else '', on_change=self._first)
                    self.shown.props('aria-label=状态')
                    choices: dict[str | None, str] = {
                        None: '全部负责人',
                        '': '没有负责人',
                        **{name: name for name in sorted(owners)},
                    }
                    known = owner if owner in choices else None
                    self._owner = ui.select(choices, value=known, on_change=self._first).props('aria-label=负责人')
                if isinstance(shown, EntryDialog):
                    button('添加条目', shown.show, kind='primary', small=True)
            self._table = ui.element('div')
        self._snack = Snack()
        shortcuts({'z': ('撤销', self._snack.undo)})

    async def begin(self, turns: int) -> None:
        """Show the page after so many turns, or the last there is."""
        for _ in range(turns):
            found = await self._found(self._wanted())
            if len(found) <= PAGE:
                break
            self._before.append(found[PAGE - 1].id)
        await self.reload()

    async def reload(self) -> None:
        wanted = self._wanted()
        found = await self._found(wanted)
        if wanted == self._wanted() and not self._table.is_deleted:
            self._table.clear()
            with self._table:
                self._draw(found)

    async def _found(self, wanted: dict[str, Any]) -> list[KnowledgeEntry]:
        return await read(knowledge.page, by=self._by, limit=PAGE + 1, **wanted)

    def _wanted(self) -> dict[str, Any]:
        shown = self.shown.value
        return {
            'status': EntryStatus(shown) if shown in knowledge.STATUSES else None,
            'due': shown if shown in ('expiring', 'expired') else None,
            'owner': self._owner.value,
            'text': (self._search.value or '').strip(),
            'after': self._before[-1],
        }

    def _draw(self, found: list[KnowledgeEntry]) -> None:
        if not found and len(self._before) == 1:
            if self.shown.value or self._owner.value is not None or self._search.value:
                empty_state('没有符合条件的条目', '换一个条件试试。')
            else:
                empty_state('还没有知识', '添加家长常问的问题和标准答案，AI 只按这里的内容起草。')
            return
        with ui.element('div').classes('scroll-x'), ui.element('table').classes('table knowledge'):
            with ui.element('thead'), ui.element('tr'):
                for head in ('问题与答案', '状态', '有效期', '负责人', '更新', ''):
                    text(head, tag='th')
            with ui.element('tbody'):
                for one in found[:PAGE]:
                    _entry_row(one, self._opener, self._decide)
        with row('padded end'):
            button('上一页', self._turn_back, small=True, disabled=len(self._before) == 1)
            button('下一页', lambda: self._turn(found[PAGE - 1].id), small=True, disabled=len(found) <= PAGE)

    async def _show(self) -> None:
        address.keep(
            '/knowledge',
            q=(self._search.value or '').strip() or None,
            show=self.shown.value or None,
            owner=self._owner.value,
            page=len(self._before) if len(self._before) > 1 else None,
        )
        await self.reload()

    async def _first(self) -> None:
        self._before = [None]
        await self._show()

    async def _turn(self, start: int) -> None:
        self._before.append(start)
        await self._show()

    async def _turn_back(self) -> None:
        self._before.pop()
        await self._show()

    async def _decide(self, entry: KnowledgeEntry, wanted: EntryStatus) -> None:
        async def back(was: EntryStatus = entry.status) -> None:
            with refusals_shown():
                await self._set_status(entry.id, was)

        with refusals_shown():
            await self._set_status(entry.id, wanted)
            self._snack.show(f'{knowledge.STATUSES[wanted]}“{entry.question[:30]}”', back)

    async def _set_status(self, entry_id: int, wanted: EntryStatus) -> None:
        await transact(knowledge.change, entry_id, knowledge.Entry(status=wanted), by=self._by)


def people(session: Session) -> list[str]:
    """Names of who may answer for an entry."""
    return [colleague.name for colleague in staff.at_the_desk(session)]


def _entry_row(
    entry: KnowledgeEntry,
    shown: EntryDialog | EntryView,
    decide: Callable[[KnowledgeEntry, EntryStatus], Awaitable[None]],
) -> None:
    with ui.element('tr'):
        with ui.element('td'):
            text(entry.question, tag='b')
            text(entry.answer, 'two-lines muted', tag='div')
            if isinstance(shown, EntryView):
                button('看全文', partial(shown.open, entry.id), small=True)
            if entry.draft_id is not None:
                with ui.element('a').props(f'href=/review?draft={entry.draft_id}'):
                    text('从草稿学到', 'muted')
        with ui.element('td'):
            chip(knowledge.STATUSES[entry.status], TONES[entry.status])
        with ui.element('td').classes('num'):
            text(validity(entry), tag='div')
            _ending_chip(entry)
        text(entry.owner or '—', tag='td')
        with ui.element('td'):
            text(f'第 {entry.version} 版', 'muted num', tag='div')
            ago(entry.updated_at)
        with ui.element('td').classes('end'):
            if isinstance(shown, EntryView):
                return
            if entry.status is EntryStatus.APPROVED:
                button('停用', partial(decide, entry, EntryStatus.RETIRED), kind='quiet', small=True)
            else:
                words = '通过' if entry.status is EntryStatus.DRAFT else '启用'
                button(words, partial(decide, entry, EntryStatus.APPROVED), small=True)
            button('编辑', partial(shown.open, entry.id), kind='quiet', small=True)


def _ending_chip(entry: KnowledgeEntry) -> None:
    if entry.status is not EntryStatus.APPROVED or entry.valid_until is None:
        return
    left = (entry.valid_until - today()).days
    if left < 0:
        chip('已过期', 'danger')
    elif left <= knowledge.ENDING.days:
        chip('今天到期' if left == 0 else f'还剩 {left} 天', 'warn')
