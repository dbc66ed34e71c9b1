"""One entry of the knowledge base in a form."""

from datetime import date

from nicegui import ui

from console import knowledge
from console.database import transact
from console.errors import Invalid
from models import EntryStatus, KnowledgeEntry
from pages.layout import refusals_shown
from pages.widgets import button, refusals_at, text

STATUSES = {EntryStatus.APPROVED: '已启用', EntryStatus.DRAFT: '草稿', EntryStatus.RETIRED: '已停用'}


class EntryDialog:
    """One form for a new entry and for a change."""

    def __init__(self, by: int) -> None:
        self._by = by
        self._entry: KnowledgeEntry | None = None
        with ui.dialog() as self._dialog, ui.element('div').classes('dialog wide'):
            self._title = text('', tag='h3')
            self._question = ui.input('问题').props(f'maxlength={knowledge.LONGEST_QUESTION}')
            self._variants = ui.textarea('其他问法 (每行一个)').props('rows=3')
            self._answer = ui.textarea('答案').props(f'rows=6 maxlength={knowledge.LONGEST_ANSWER}')
            self._facts = ui.textarea('要点 (每行一个，如 “价格: 2880 元”)').props('rows=3')
            with ui.element('div').classes('pair'):
                self._from = ui.input('生效日期').props('type=date')
                self._until = ui.input('失效日期').props('type=date')
            self._status = ui.select(STATUSES, label='状态', value=EntryStatus.APPROVED)
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('保存', self._save, kind='primary')
        self._fields = {
            'question': self._question,
            'variants': self._variants,
            'answer': self._answer,
            'facts': self._facts,
            'valid_from': self._from,
            'valid_until': self._until,
        }

    def show(self, entry: KnowledgeEntry | None = None) -> None:
        self._entry = entry
        self._title.set_text('编辑条目' if entry else '添加条目')
        self._question.value = entry.question if entry else ''
        self._variants.value = '\n'.join(entry.variants) if entry else ''
        self._answer.value = entry.answer if entry else ''
        self._facts.value = '\n'.join(f'{name}: {value}' for name, value in entry.facts.items()) if entry else ''
        self._from.value = str(entry.valid_from or '') if entry else ''
        self._until.value = str(entry.valid_until or '') if entry else ''
        self._status.value = entry.status if entry else EntryStatus.APPROVED
        for field in self._fields.values():
            field.error = None
        self._dialog.open()

    async def set_status(self, entry: KnowledgeEntry, wanted: EntryStatus) -> None:
        with refusals_shown():
            await transact(knowledge.change, entry.id, knowledge.Entry(status=wanted), by=self._by)
            ui.notify(f'已{STATUSES[wanted][-2:]}')

    async def _save(self) -> None:
        with refusals_at(self._fields):
            given = knowledge.Entry(
                question=self._question.value or '',
                variants=[line.strip() for line in (self._variants.value or '').splitlines() if line.strip()],
                answer=self._answer.value or '',
                facts=_facts(self._facts.value or ''),
                valid_from=_day('valid_from', self._from.value),
                valid_until=_day('valid_until', self._until.value),
                status=self._status.value,
            )
            if self._entry is None:
                await transact(knowledge.put, [given], by=self._by)
            else:
                await transact(knowledge.change, self._entry.id, given, by=self._by)
            self._dialog.close()
            ui.notify('已保存')


def _facts(lines: str) -> dict[str, str]:
    facts = {}
    for line in filter(None, (line.strip() for line in lines.splitlines())):
        name, colon, value = line.replace('：', ':', 1).partition(':')
        if not colon or not name.strip() or not value.strip():
            raise Invalid('facts', f'“{line[:20]}” 缺少冒号。请写成 “名称: 内容”。')
        facts[name.strip()] = value.strip()
    return facts


def _day(field: str, typed: str | None) -> date | None:
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise Invalid(field, '请按 2026-09-01 的样子填写日期。') from None
