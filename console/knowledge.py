"""What the school knows and may say: entries, and the index that finds them."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from console import audit, signals, staff, unique_keys
from console.calendar import today
from console.errors import Conflict, Invalid, NotFound
from console.knowledge_shelf import Shelf
from console.writing.context import Knowledge
from console.writing.segmentation import words
from models import AuditEntry, EntryStatus, KnowledgeEntry, utc_now

LONGEST_QUESTION = 200
LONGEST_ANSWER = 4000
MOST_VARIANTS = 50
MOST_FACTS = 50
ENDING = timedelta(days=14)
"""So long before it runs out, whoever answers for an entry is told."""

FIELDS = {
    'question': '问题',
    'variants': '其他问法',
    'answer': '答案',
    'facts': '要点',
    'valid_from': '生效日期',
    'valid_until': '失效日期',
    'status': '状态',
    'owner': '负责人',
}
"""What may be changed of an entry, as staff call it."""

STATUSES = {EntryStatus.APPROVED: '已启用', EntryStatus.DRAFT: '草稿', EntryStatus.RETIRED: '已停用'}
Due = Literal['expiring', 'expired']


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is asked of an entry; None leaves a field of an existing one as it is, unless it is to be `cleared`."""

    external_key: str | None = None
    question: str | None = None
    variants: list[str] | None = None
    answer: str | None = None
    facts: dict[str, str] | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    status: EntryStatus | None = None
    owner: str | None = None
    cleared: frozenset[str] = frozenset()


_shelf: Shelf | None = None


def open_shelf(cache_dir: Path) -> None:
    """Set where the index keeps its dictionary, and read that: it takes a second, which no callback should wait.

    Called once by run.py.
    """
    global _shelf  # noqa: PLW0603  one index a process
    words(cache_dir)('课程')
    _shelf = Shelf(cache_dir)


def search(session: Session, query: str, *, limit: int = 5) -> list[Knowledge]:
    """Approved entries, valid today, that speak of what was asked, best first."""
    if _shelf is None:
        raise RuntimeError('knowledge.open_shelf was not called')
    return _shelf.search(session, query, limit) if query.strip() else []


def tried(session: Session, query: str, *, by: int, limit: int = 5) -> list[Knowledge]:
    """What `search` finds, for who tries it. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    return search(session, query, limit=limit)


def page(
    session: Session,
    *,
    by: int,
    status: EntryStatus | None = None,
    owner: str | None = None,
    due: Due | None = None,
    text: str = '',
    limit: int = 50,
    after: int | None = None,
) -> list[KnowledgeEntry]:
    """Entries by id, by what is asked for. `after` is the id of the last one of the page before. Raises `NotAllowed`.

    `owner` empty: those nobody answers for. `text` stands in question or answer.
    """
    staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    query = select(KnowledgeEntry).order_by(KnowledgeEntry.id).limit(limit)
    if status is not None:
        query = query.where(KnowledgeEntry.status == status)
    if owner is not None:
        query = query.where(func.coalesce(KnowledgeEntry.owner, '') == owner)
    if due is not None:
        query = query.where(*_due(due))
    for word in text.split():
        found = (KnowledgeEntry.question, KnowledgeEntry.answer)
        query = query.where(or_(*(column.icontains(word, autoescape=True) for column in found)))
    return list(session.scalars(query if after is None else query.where(KnowledgeEntry.id > after)))


def ending_soon(session: Session, *, by: int, limit: int) -> tuple[list[KnowledgeEntry], int]:
    """Entries this member answers for that run out within a fortnight, the first to do so first; and how many.

    Raises `NotAllowed`.
    """
    member = staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    mine = (*_due('expiring'), KnowledgeEntry.owner == member.name)
    listed = select(KnowledgeEntry).where(*mine).order_by(KnowledgeEntry.valid_until, KnowledgeEntry.id).limit(limit)
    return list(session.scalars(listed)), session.scalar(select(func.count(KnowledgeEntry.id)).where(*mine)) or 0


def count_due(session: Session, due: Due) -> int:
    """How many approved entries run out within a fortnight, or have."""
    return session.scalar(select(func.count(KnowledgeEntry.id)).where(*_due(due))) or 0


def owners(session: Session) -> list[str]:
    """Who answers for an entry, by name."""
    return [name for name in session.scalars(select(KnowledgeEntry.owner).distinct()) if name]


def history(session: Session, entry_id: int, *, by: int) -> list[AuditEntry]:
    """What was done to it, newest first; `before` and `after` are its fields. Raises `NotAllowed`, `NotFound`."""
    seen(session, entry_id, by=by)
    return audit.of(session, 'knowledge_entry', entry_id)


def seen(session: Session, entry_id: int, *, by: int) -> KnowledgeEntry:
    """Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    return _get(session, entry_id)


def put(session: Session, entries: list[Entry], *, by: int | None) -> list[KnowledgeEntry]:
    """Add entries; one with the `external_key` of an existing one changes that. `by` None: the program itself.

    Raises `NotAllowed`, `Invalid` naming the field, `Conflict` if someone adds the same key now; nothing is kept then.
    """
    if by is not None:
        staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    kept = []
    for entry in entries:
        row = (
            session.scalar(select(KnowledgeEntry).where(KnowledgeEntry.external_key == entry.external_key))
            if entry.external_key
            else None
        )
        if row is None:
            row = KnowledgeEntry(external_key=entry.external_key, question='', answer='', version=0)
            session.add(row)
        before = _values(row)
        _apply(row, entry, by=by)
        unique_keys.flush(session, Conflict('有人正在保存同一条知识（外部编号相同），您的没有保存。请重试。', 'taken'))
        _record(session, 'put', row, before, by=by)
        kept.append(row)
    signals.announce(session, signals.knowledge_changed, kept[0].id if len(kept) == 1 else 0)
    return kept


def change(session: Session, entry_id: int, entry: Entry, *, by: int, version: int | None = None) -> KnowledgeEntry:
    """`version` is the one the person saw: nothing is changed if it is another by now.

    Raises `NotAllowed`, `NotFound`, `Invalid`, `Conflict`.
    """
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    row = _get(session, entry_id, for_update=True)
    if version is not None and row.version != version:
        raise Conflict(
            f'这条知识刚被他人修改（现为第 {row.version} 版），您的没有保存，还在这里。请复制后重新打开再改。',
            'version',
        )
    before = _values(row)
    _apply(row, entry, by=by)
    _record(session, 'change', row, before, by=by)
    signals.announce(session, signals.knowledge_changed, row.id)
    return row


def delete(session: Session, entry_id: int, *, by: int) -> None:
    """Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    row = _get(session, entry_id)
    audit.record(session, 'delete', 'knowledge_entry', row.id, by=by, question=row.question, answer=row.answer)
    session.delete(row)
    signals.announce(session, signals.knowledge_changed, entry_id)


def _get(session: Session, entry_id: int, *, for_update: bool = False) -> KnowledgeEntry:
    row = session.get(KnowledgeEntry, entry_id, with_for_update=for_update)
    if row is None:
        raise NotFound('这条知识')
    return row


def _apply(row: KnowledgeEntry, entry: Entry, *, by: int | None) -> None:
    for field in entry.cleared:
        setattr(row, field, None)
    for field in FIELDS:
        value = getattr(entry, field)
        if value is not None:
            setattr(row, field, value.strip() if type(value) is str else value)
    if not 1 <= len(row.question) <= LONGEST_QUESTION:
        raise Invalid('question', f'问题须为 1–{LONGEST_QUESTION} 字。')
    if not 1 <= len(row.answer) <= LONGEST_ANSWER:
        raise Invalid('answer', f'答案须为 1–{LONGEST_ANSWER} 字。')
    if len(row.variants or ()) > MOST_VARIANTS:
        raise Invalid('variants', f'其他问法最多 {MOST_VARIANTS} 条。')
    if len(row.facts or ()) > MOST_FACTS:
        raise Invalid('facts', f'要点最多 {MOST_FACTS} 条。')
    if row.valid_from and row.valid_until and row.valid_from > row.valid_until:
        raise Invalid('valid_until', '失效日期不能早于生效日期。')
    row.version += 1
    row.updated_by_id = by
    row.updated_at = utc_now()


def _values(row: KnowledgeEntry) -> dict[str, Any]:
    found = {field: getattr(row, field) for field in FIELDS}
    return {field: str(value) if isinstance(value, date) else value for field, value in found.items()}


def _record(session: Session, action: str, row: KnowledgeEntry, before: dict[str, Any], *, by: int | None) -> None:
    after = _values(row)
    changed = [field for field in FIELDS if before[field] != after[field]]
    was = {} if row.version == 1 else {field: before[field] for field in changed}
    now = {field: after[field] for field in changed}
    audit.record(session, action, 'knowledge_entry', row.id, by=by, version=row.version, before=was, after=now)


def _due(due: Due) -> tuple[ColumnElement[bool], ...]:
    until = KnowledgeEntry.valid_until
    ended = until < today() if due == 'expired' else until.between(today(), today() + ENDING)
    return (KnowledgeEntry.status == EntryStatus.APPROVED, ended)
