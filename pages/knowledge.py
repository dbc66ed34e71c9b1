"""What the school knows and may say: the entries, and a box to try what a question finds."""

from nicegui import ui

from console import knowledge, signals, staff
from console.database import read
from console.staff import Action
from console.writing.context import Knowledge
from models import EntryStatus, KnowledgeEntry
from pages.knowledge_entry import STATUSES, EntryDialog
from pages.layout import me, member, reload_on, staff_page
from pages.widgets import Tone, ago, button, chip, confirm, empty_state, panel, row, text

PAGE = 20
TONES: dict[EntryStatus, Tone] = {EntryStatus.APPROVED: 'good', EntryStatus.DRAFT: 'warn', EntryStatus.RETIRED: ''}


@staff_page('/knowledge', title='知识库', action=Action.SEE_KNOWLEDGE)
async def knowledge_page() -> None:
    by = me()
    may_edit = staff.may(member().role, Action.EDIT_KNOWLEDGE)
    editor = EntryDialog(by)
    before: list[int | None] = [None]  # where each page that was turned starts

    async def fetched() -> list[KnowledgeEntry]:
        wanted = EntryStatus(status.value) if status.value else None
        return await read(knowledge.page, by=by, status=wanted, limit=PAGE + 1, after=before[-1])

    async def reload() -> None:
        table.refresh(await fetched())

    async def first() -> None:
        before[:] = [None]
        await reload()

    async def turn(start: int) -> None:
        before.append(start)
        await reload()

    async def turn_back() -> None:
        before.pop()
        await reload()

    @ui.refreshable
    def table(entries: list[KnowledgeEntry]) -> None:
        if not entries:
            empty_state('还没有知识', '添加家长常问的问题和标准答案，AI 只按这里的内容起草。')
            return
        with ui.element('div').classes('scroll-x'), ui.element('table').classes('table knowledge'):
            with ui.element('thead'), ui.element('tr'):
                for head in ('问题与答案', '状态', '有效期', '更新', ''):
                    text(head, tag='th')
            with ui.element('tbody'):
                for entry in entries[:PAGE]:
                    _entry_row(entry, editor if may_edit else None)
        with row('padded end'):
            button('上一页', turn_back, small=True, disabled=len(before) == 1)
            button('下一页', lambda: turn(entries[PAGE - 1].id), small=True, disabled=len(entries) <= PAGE)

    with ui.element('div').classes('sheet'):
        _try_box()
        with panel():
            with ui.element('header'):
                text('条目', 'grow', tag='h2')
                status = ui.select({'': '全部状态', **STATUSES}, value='', on_change=first).classes('narrow')
                status.props('aria-label=状态')
                if may_edit:
                    button('添加条目', editor.show, kind='primary', small=True)
            table(await fetched())
    reload_on(reload, signals.knowledge_changed)


def _entry_row(entry: KnowledgeEntry, editor: EntryDialog | None) -> None:
    with ui.element('tr'):
        with ui.element('td'):
            text(entry.question, tag='b')
            text(entry.answer, 'two-lines muted', tag='div')
        with ui.element('td'):
            chip(STATUSES[entry.status], TONES[entry.status])
        text(_validity(entry), 'num', tag='td')
        with ui.element('td'):
            ago(entry.updated_at)
        with ui.element('td').classes('end'):
            if editor is not None:
                _actions(entry, editor)


def _actions(entry: KnowledgeEntry, editor: EntryDialog) -> None:
    async def retire() -> None:
        if await confirm(f'停用“{entry.question}”？', '停用后不再用于起草，可以随时恢复。', ok='停用'):
            await editor.set_status(entry, EntryStatus.RETIRED)

    button('编辑', lambda: editor.show(entry), kind='quiet', small=True)
    if entry.status is EntryStatus.APPROVED:
        button('停用', retire, kind='quiet', small=True)
    else:
        button('启用', lambda: editor.set_status(entry, EntryStatus.APPROVED), kind='quiet', small=True)


def _validity(entry: KnowledgeEntry) -> str:
    if entry.valid_from and entry.valid_until:
        return f'{entry.valid_from} 至 {entry.valid_until}'
    if entry.valid_until:
        return f'至 {entry.valid_until}'
    return f'自 {entry.valid_from}' if entry.valid_from else '长期'


def _try_box() -> None:
    async def look() -> None:
        words = question.value.strip()
        if words:
            hits.refresh(await read(knowledge.search, words), asked=True)

    @ui.refreshable
    def hits(found: list[Knowledge], *, asked: bool = False) -> None:
        if asked and not found:
            text('没有找到。可以把这个问题加为新条目。', 'muted')
        for hit in found:
            with ui.element('div').classes('hit'):
                with row():
                    text(hit.question, 'grow clip', tag='b')
                    chip(f'相似度 {hit.score:.2f}', 'info')
                text(hit.answer, 'two-lines muted', tag='div')

    with panel():
        with ui.element('header'):
            text('试问', tag='h2')
            text('看看一个问题会找到哪些条目', 'muted')
        with ui.element('div').classes('padded stack'):
            with row():
                question = ui.input(placeholder='例如：英语课多少钱').props('aria-label=试问 maxlength=500')
                question.on('keydown.enter', look)
                button('试问', look)
            with ui.element('div').classes('hits').props('aria-live=polite'):
                hits([])
