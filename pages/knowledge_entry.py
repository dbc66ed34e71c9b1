"""One entry of the knowledge base: in a form, with what was changed before, or to be read."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from console import knowledge, staff
from console.database import read, transact
from console.errors import Invalid
from models import AuditEntry, EntryStatus, KnowledgeEntry
from pages.fields import day
from pages.line_editor import LineEditor
from pages.widgets import Form, ago, button, refusals_at, refusals_shown, row, text

Saved = Callable[[int], Awaitable[None]]


class EntryDialog:
    """One form for a new entry and for a change. `people` may answer for an entry."""

    def __init__(self, by: int, people: list[str]) -> None:
        self._by = by
        self._people = people
        self._entry: KnowledgeEntry | None = None
        self._saved: Saved | None = None
        with Form() as self._dialog, ui.element('div').classes('dialog wide'):
            with row():
                self._title = text('', 'grow', tag='h3')
                self._version = text('', 'muted num')
            self._question = ui.input('问题').props(f'autofocus maxlength={knowledge.LONGEST_QUESTION}')
            self._variants = LineEditor(
                '其他问法', ['问法'], most=knowledge.MOST_VARIANTS, longest=knowledge.LONGEST_QUESTION
            )
            self._answer = ui.textarea('答案').props(f'rows=6 maxlength={knowledge.LONGEST_ANSWER}')
            self._facts = LineEditor('要点', ['名称', '内容'], most=knowledge.MOST_FACTS, longest=500)
            text('价格、日期、地点这类要点，写明后 AI 引用时逐一核对。', 'muted', tag='div')
            with ui.element('div').classes('pair'):
                self._from = ui.input('生效日期').props('type=date')
                self._until = ui.input('失效日期').props('type=date')
            with ui.element('div').classes('pair'):
                self._owner = ui.select(people, label='负责人', clearable=True)
                self._status = ui.select(knowledge.STATUSES, label='状态', value=EntryStatus.APPROVED)
            self._history = ui.element('details').classes('history')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('保存', self._save, kind='primary')
        self._fields = {
            'question': self._question,
            'answer': self._answer,
            'valid_from': self._from,
            'valid_until': self._until,
        }

    def show(
        self,
        *,
        question: str = '',
        variants: tuple[str, ...] = (),
        saved: Saved | None = None,
    ) -> None:
        """For a new one. `saved` gets its id."""
        self._fill(None, question=question, variants=variants)
        self._saved = saved
        self._dialog.open()

    async def open(self, entry_id: int) -> None:
        """For a change, as it is now."""
        with refusals_shown():
            entry = await read(knowledge.seen, entry_id, by=self._by)
            self._fill(entry, question=entry.question, variants=tuple(entry.variants))
            self._saved = None
            self._draw_history(await read(knowledge.history, entry_id, by=self._by), await read(staff.colleagues))
            self._dialog.open()

    def _fill(self, entry: KnowledgeEntry | None, *, question: str, variants: tuple[str, ...]) -> None:
        self._entry = entry
        self._title.set_text('编辑条目' if entry else '添加条目')
        self._version.set_text(f'第 {entry.version} 版' if entry else '')
        self._question.value = question
        self._variants.show([str(variant)] for variant in variants)
        self._answer.value = entry.answer if entry else ''
        facts: dict[str, Any] = entry.facts if entry else {}
        self._facts.show([str(name), str(value)] for name, value in facts.items())
        self._from.value = str(entry.valid_from or '') if entry else ''
        self._until.value = str(entry.valid_until or '') if entry else ''
        owner = (entry.owner or None) if entry else None
        self._owner.set_options(sorted({*self._people, *filter(None, [owner])}), value=owner)
        self._status.value = entry.status if entry else EntryStatus.APPROVED
        self._history.clear()
        self._history.set_visibility(entry is not None)
        for field in self._fields.values():
            field.error = None

    async def _save(self) -> None:
        with refusals_at(self._fields):
            facts = self._facts.values()
            if len({name for name, _ in facts}) < len(facts):
                raise Invalid('facts', '有两个要点的名称相同。')
            dates = {'valid_from': self._from, 'valid_until': self._until}
            days = {name: day(name, field.value) for name, field in dates.items()}
            given = knowledge.Entry(
                question=self._question.value or '',
                variants=[variant for [variant] in self._variants.values()],
                answer=self._answer.value or '',
                facts=dict(facts),
                status=self._status.value,
                owner=self._owner.value or None,
                cleared=frozenset(
                    [field for field, day in days.items() if day is None] + ['owner'] * (not self._owner.value)
                ),
                valid_from=days['valid_from'],
                valid_until=days['valid_until'],
            )
            if self._entry is None:
                [kept] = await transact(knowledge.put, [given], by=self._by)
                if self._saved is not None:
                    await self._saved(kept.id)
            else:
                await transact(knowledge.change, self._entry.id, given, by=self._by, version=self._entry.version)
            self._dialog.close()
            ui.notify('已保存')

    def _draw_history(self, lines: list[AuditEntry], names: dict[int, str]) -> None:
        with self._history:
            text(f'变更记录 ({len(lines)})', tag='summary')
            for line in lines:
                _history_line(line, names)


class EntryView:
    """One entry in full, for who may read and not change it."""

    def __init__(self, by: int) -> None:
        self._by = by
        with ui.dialog() as self._dialog, ui.element('div').classes('dialog wide'):
            self._place = ui.element('div').classes('stack')
            with ui.element('div').classes('actions end'):
                button('关闭', self._dialog.close, kind='primary')

    async def open(self, entry_id: int) -> None:
        """As it is now."""
        with refusals_shown():
            entry = await read(knowledge.seen, entry_id, by=self._by)
            self._place.clear()
            with self._place:
                _whole(entry)
            self._dialog.open()


def _whole(entry: KnowledgeEntry) -> None:
    text(entry.question, 'words', tag='h3')
    text(entry.answer, 'words', tag='p')
    lines = [
        ('其他问法', '\n'.join(map(str, entry.variants))),
        *((str(name), str(value)) for name, value in entry.facts.items()),
        ('状态', knowledge.STATUSES[entry.status]),
        ('有效期', validity(entry)),
        ('负责人', entry.owner or ''),
        ('版本', f'第 {entry.version} 版'),
    ]
    with ui.element('dl'):
        for head, words in lines:
            if words:
                text(head, tag='dt')
                text(words, 'words', tag='dd')


def validity(entry: KnowledgeEntry) -> str:
    if entry.valid_from and entry.valid_until:
        return f'{entry.valid_from} 至 {entry.valid_until}'
    if entry.valid_until:
        return f'至 {entry.valid_until}'
    return f'自 {entry.valid_from}' if entry.valid_from else '长期'


def _history_line(line: AuditEntry, names: dict[int, str]) -> None:
    before, after = line.detail.get('before'), line.detail.get('after')
    with ui.element('div').classes('line'):
        with row():
            text(names.get(line.staff_id or 0, '系统'), tag='b')
            text('添加' if line.detail.get('version') == 1 else '修改', 'grow muted')
            ago(line.at)
        if not isinstance(before, dict) or not isinstance(after, dict) or line.detail.get('version') == 1:
            return
        for field, name in knowledge.FIELDS.items():
            if field in after:
                with ui.element('div'):
                    text(f'{name}: ', 'muted')
                    text(_shown(field, before.get(field)), tag='del')
                    text(' → ', 'muted')
                    text(_shown(field, after[field]), tag='ins')


def _shown(field: str, value: Any) -> str:
    if field == 'status' and value:
        return knowledge.STATUSES[EntryStatus(value)]
    if isinstance(value, dict):
        return '；'.join(f'{name}: {what}' for name, what in value.items()) or '（空）'
    return '；'.join(map(str, value)) if isinstance(value, list) else str(value or '（空）')
