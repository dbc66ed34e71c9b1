"""Entries brought in from a file and taken out into one: what a row means, what it would change, and doing it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import audit, jobs, knowledge, staff, tables
from console.database import transact
from console.errors import ConsoleError, Invalid
from console.knowledge import Entry
from console.tables import Sheet
from models import JobStatus, KnowledgeEntry

KIND = 'knowledge_import'
COLUMNS = {'external_key': '编号', **knowledge.FIELDS}
"""What a file may say of an entry, as our own export calls it."""

STATUSES = {name: status for status, name in knowledge.STATUSES.items()}
_ALSO_CALLED = {
    'external_key': ('外部编号', 'id', 'key', 'external_key', '序号'),
    'question': ('标题', '标准问题', '标准问', '提问', 'question', 'q'),
    'variants': ('相似问法', '相似问题', '相似问', '扩展问', 'variants'),
    'answer': ('回答', '回复', '标准答案', '内容', 'answer', 'a'),
    'facts': ('事实', 'facts'),
    'valid_from': ('开始日期', '生效', 'valid_from'),
    'valid_until': ('结束日期', '有效期', '有效期至', '到期日', 'valid_until'),
    'status': ('启用状态', 'status'),
    'owner': ('维护人', '责任人', 'owner'),
}
_AT_ONCE = 100

State = Literal['new', 'changed', 'same', 'faulty']


@dataclass(frozen=True, kw_only=True)
class Item:
    """A row: what it says, what it would do; `errors` by field, and '' for the whole row.

    `changes`: what stands there and what would, by field, as the file words it; of a row that overwrites something.
    """

    number: int
    cells: tuple[str, ...]
    state: State
    entry: Entry = field(default_factory=Entry)
    entry_id: int | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an import would do; nothing is done yet."""

    name: str
    columns: tuple[str, ...]
    items: tuple[Item, ...]

    def count(self, state: State) -> int:
        return sum(item.state == state for item in self.items)


def guessed(columns: Iterable[str]) -> dict[str, int]:
    """Which column seems to hold which field."""
    found: dict[str, int] = {}
    for place, column in enumerate(columns):
        called = re.split(r'[\s*（(]', column.strip().lower(), maxsplit=1)[0]
        for name, own in COLUMNS.items():
            if name not in found and called in (own, *_ALSO_CALLED[name]):
                found[name] = place
                break
    return found


def plan(session: Session, name: str, sheet: Sheet, places: Mapping[str, int], *, by: int) -> Plan:
    """What the rows would do. `places` says in which column each field stands. Raises `NotAllowed`, `Invalid`."""
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    for wanted in ('question', 'answer'):
        if wanted not in places:
            raise Invalid(wanted, f'请选择哪一列是“{COLUMNS[wanted]}”。')
    by_key: dict[str, KnowledgeEntry] = {}
    by_question: dict[str, KnowledgeEntry] = {}
    for row in session.scalars(select(KnowledgeEntry).order_by(KnowledgeEntry.id.desc())):
        by_question[row.question] = row
        if row.external_key:
            by_key[row.external_key] = row
    items, met = [], dict[tuple[str, str], int]()
    for number, cells in zip(sheet.numbers, sheet.rows, strict=True):
        told = {name: cells[place] for name, place in places.items()}
        item = _read_row(number, cells, told)
        entry = item.entry
        key = ('key', entry.external_key) if entry.external_key else ('question', entry.question or '')
        if item.state != 'faulty' and key in met:
            item = replace(item, state='faulty', errors={'': f'与第 {met[key]} 行重复'})
        met.setdefault(key, number)
        known = by_key.get(entry.external_key or '') if entry.external_key else by_question.get(entry.question or '')
        items.append(item if item.state == 'faulty' or known is None else _against(item, told, known))
    return Plan(name=name, columns=sheet.columns, items=tuple(items))


def begin(session: Session, planned: Plan, *, by: int) -> int:
    """Start the work of a plan; the id of its job. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    return jobs.begin(session, KIND, planned.name[:100], total=len(planned.items), by=by).id


async def carry_out(planned: Plan, job_id: int, *, by: int) -> None:
    """Do it, a hundred rows at a time, each of them or none; a row that is refused meanwhile is reported."""
    failed = [_failed(item, item.errors) for item in planned.items if item.state == 'faulty']
    done = {'new': 0, 'changed': 0, 'same': planned.count('same'), 'faulty': len(failed)}
    wanted = [item for item in planned.items if item.state in ('new', 'changed')]
    passed = len(planned.items) - len(wanted)
    try:
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            try:
                await transact(_write, some, by=by)
            except ConsoleError:
                for item in some:
                    try:
                        await transact(_write, [item], by=by)
                    except ConsoleError as refusal:
                        failed.append(_failed(item, {refusal.field or '': str(refusal)}))
                        done['faulty'] += 1
                        done[item.state] -= 1
            for item in some:
                done[item.state] += 1
            await transact(jobs.advance, job_id, passed + start + len(some))
    except Exception:
        await transact(jobs.finish, job_id, {'counts': done, 'rows': failed}, status=JobStatus.FAILED)
        raise
    report = {'counts': done, 'columns': list(planned.columns), 'rows': sorted(failed, key=lambda row: row['number'])}
    await transact(jobs.finish, job_id, report)


def report_file(session: Session, job_id: int, *, by: int) -> bytes:
    """The rows that were not taken, with the reason of each, as CSV. Raises `NotAllowed`, `NotFound`."""
    job = jobs.seen(session, job_id, KIND, by=by, action=staff.Action.EDIT_KNOWLEDGE)
    rows = [(str(row['number']), row['reason'], *row['cells']) for row in job.report.get('rows', [])]
    return tables.as_csv(('行号', '原因', *job.report.get('columns', [])), rows)


def exported(session: Session, *, by: int) -> list[tuple[str, ...]]:
    """All entries, in the shape that is read in again. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    rows = list(session.scalars(select(KnowledgeEntry).order_by(KnowledgeEntry.id)))
    audit.record(session, 'export', 'knowledge', None, by=by, count=len(rows))
    return [_cells(row) for row in rows]


def _write(session: Session, items: list[Item], *, by: int) -> None:
    for item in items:
        if item.entry_id is None:
            knowledge.put(session, [item.entry], by=by)
        else:
            knowledge.change(session, item.entry_id, item.entry, by=by)


def _read_row(number: int, cells: tuple[str, ...], told: dict[str, str]) -> Item:
    errors: dict[str, str] = {}
    values: dict[str, Any] = {
        name: told[name] for name in ('external_key', 'question', 'answer', 'owner') if told.get(name)
    }
    if told.get('variants'):
        values['variants'] = [part.strip() for part in re.split(r'[\n;；|]', told['variants']) if part.strip()]
    if told.get('facts'):
        values['facts'] = _facts(told['facts'], errors)
    for name in ('valid_from', 'valid_until'):
        if told.get(name):
            values[name] = _day(told[name], name, errors)
    if told.get('status'):
        values['status'] = STATUSES.get(told['status'])
        if values['status'] is None:
            errors['status'] = f'状态须为 {"、".join(STATUSES)}'
    limits = {
        'question': knowledge.LONGEST_QUESTION,
        'answer': knowledge.LONGEST_ANSWER,
        'external_key': 120,
        'owner': 60,
    }
    for name, longest in limits.items():
        length = len(values.get(name, ''))
        if length > longest or (not length and name in ('question', 'answer')):
            errors[name] = f'{COLUMNS[name]}须为 1–{longest} 字'
    if len(values.get('variants', ())) > knowledge.MOST_VARIANTS:
        errors['variants'] = f'其他问法最多 {knowledge.MOST_VARIANTS} 条'
    if len(values.get('facts', ())) > knowledge.MOST_FACTS:
        errors['facts'] = f'要点最多 {knowledge.MOST_FACTS} 条'
    if not errors and (values.get('valid_from') or date.min) > (values.get('valid_until') or date.max):
        errors['valid_until'] = '失效日期不能早于生效日期'
    if errors:
        return Item(number=number, cells=cells, state='faulty', errors=errors)
    return Item(number=number, cells=cells, state='new', entry=Entry(**values))


def _against(item: Item, told: Mapping[str, str], known: KnowledgeEntry) -> Item:
    """What a file leaves empty stays as it is, and so does what it says in the words of our own export."""
    ours = dict(zip(COLUMNS, _cells(known), strict=True))
    told_anew = {name: getattr(item.entry, name) for name in knowledge.FIELDS if told.get(name) != ours[name]}
    changes = {
        name: (ours[name], told[name])
        for name, value in told_anew.items()
        if value is not None and value != getattr(known, name)
    }
    entry = Entry(external_key=item.entry.external_key, **told_anew)
    state: State = 'changed' if changes else 'same'
    return replace(item, state=state, entry_id=known.id, entry=entry, changes=changes)


def _facts(text: str, errors: dict[str, str]) -> dict[str, str]:
    """`名称: 内容`, one a line or parted by ；. A part without a name belongs to the one before it."""
    found: dict[str, str] = {}
    for part in filter(None, map(str.strip, re.split(r'[\n;；]', text))):
        name, colon, value = part.replace('：', ':', 1).partition(':')
        if colon and name.strip() and value.strip():
            found[name.strip()] = value.strip()
        elif found:
            found[next(reversed(found))] += f'；{part}'
        else:
            errors['facts'] = f'要点“{part[:20]}”须写成 名称: 内容'
    return found


def _day(text: str, name: str, errors: dict[str, str]) -> date | None:
    parts = re.fullmatch(r'(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?', text)
    try:
        return date(*map(int, parts.groups())) if parts else date.fromisoformat(text)
    except ValueError:
        errors[name] = f'{COLUMNS[name]}“{text[:20]}”须写成 2026-09-01'
        return None


def _failed(item: Item, errors: Mapping[str, str]) -> dict[str, Any]:
    return {'number': item.number, 'reason': '；'.join(errors.values()), 'cells': list(item.cells)}


def _cells(row: KnowledgeEntry) -> tuple[str, ...]:
    return (
        row.external_key or '',
        row.question,
        '\n'.join(map(str, row.variants or ())),
        row.answer,
        '\n'.join(f'{name}: {value}' for name, value in (row.facts or {}).items()),
        str(row.valid_from or ''),
        str(row.valid_until or ''),
        knowledge.STATUSES[row.status],
        row.owner or '',
    )
