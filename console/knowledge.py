"""What the school knows and may say: entries, and the index that finds them."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from console import audit, signals, staff
from console.calendar import today
from console.errors import Conflict, Invalid, NotFound
from console.writing.context import Knowledge
from console.writing.retrieval import KnowledgeIndex
from console.writing.segmentation import words
from models import EntryStatus, KnowledgeEntry, utc_now

LONGEST_QUESTION = 200
LONGEST_ANSWER = 4000
MOST_VARIANTS = 50


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is asked of an entry; None leaves a field of an existing one as it is."""

    external_key: str | None = None
    question: str | None = None
    variants: list[str] | None = None
    answer: str | None = None
    facts: dict[str, str] | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    status: EntryStatus | None = None
    owner: str | None = None


class _Shelf:
    """The index in memory, built anew when the entries differ from those it was built of."""

    def __init__(self, cache_dir: Path) -> None:
        self._index = KnowledgeIndex(cache_dir)
        self._built_of: tuple[Any, ...] | None = None
        self._lock = Lock()

    def search(self, session: Session, query: str, limit: int) -> list[Knowledge]:
        with self._lock:
            state = fingerprint(session)
            if state != self._built_of:
                self._index.build(valid_entries(session))
                self._built_of = state
            hits = self._index.search(query, limit)
        entries = {
            entry.id: entry
            for entry in session.scalars(select(KnowledgeEntry).where(KnowledgeEntry.id.in_([hit.id for hit in hits])))
        }
        return [replace(as_known(entries[hit.id]), score=hit.score) for hit in hits if hit.id in entries]


_FINGERPRINT = select(
    func.count(KnowledgeEntry.id), func.sum(KnowledgeEntry.version), func.max(KnowledgeEntry.updated_at)
)
_shelf: _Shelf | None = None


def open_shelf(cache_dir: Path) -> None:
    """Set where the index keeps its dictionary, and read that: it takes a second, which no callback should wait.

    Called once by run.py.
    """
    global _shelf  # noqa: PLW0603  one index a process
    words(cache_dir)('课程')
    _shelf = _Shelf(cache_dir)


def search(session: Session, query: str, *, limit: int = 5) -> list[Knowledge]:
    """Approved entries, valid today, that speak of what was asked, best first."""
    if _shelf is None:
        raise RuntimeError('knowledge.open_shelf was not called')
    return _shelf.search(session, query, limit)


def valid_entries(session: Session) -> list[Knowledge]:
    """All that may be said today, by id."""
    return [as_known(entry) for entry in session.scalars(_valid_on(today()))]


def valid_among(session: Session, ids: list[int]) -> list[Knowledge]:
    """Those of the entries that may be said today."""
    if not ids:
        return []
    return [as_known(entry) for entry in session.scalars(_valid_on(today()).where(KnowledgeEntry.id.in_(ids)))]


def fingerprint(session: Session) -> tuple[Any, ...]:
    """Differs whenever an entry was changed, or the day has."""
    return today(), *session.execute(_FINGERPRINT).one()


def as_known(entry: KnowledgeEntry) -> Knowledge:
    return Knowledge(
        id=entry.id,
        question=entry.question,
        variants=tuple(entry.variants),
        answer=entry.answer,
        facts={str(key): str(value) for key, value in entry.facts.items()},
        version=entry.version,
        valid_until=entry.valid_until,
    )


def page(
    session: Session, *, by: int, status: EntryStatus | None = None, limit: int = 50, after: int | None = None
) -> list[KnowledgeEntry]:
    """Entries by id. `after` is the id of the last one of the page before. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    query = select(KnowledgeEntry).order_by(KnowledgeEntry.id).limit(limit)
    query = query if status is None else query.where(KnowledgeEntry.status == status)
    return list(session.scalars(query if after is None else query.where(KnowledgeEntry.id > after)))


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
        _apply(row, entry, by=by)
        _flush_unique(session)
        kept.append(row)
    audit.record(session, 'put', 'knowledge_entry', kept[0].id if len(kept) == 1 else None, by=by, count=len(kept))
    signals.announce(session, signals.knowledge_changed, kept[0].id if len(kept) == 1 else 0)
    return kept


def change(session: Session, entry_id: int, entry: Entry, *, by: int) -> KnowledgeEntry:
    """Raises `NotAllowed`, `NotFound`, `Invalid`."""
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    row = _get(session, entry_id)
    before = row.answer
    _apply(row, entry, by=by)
    audit.record(session, 'change', 'knowledge_entry', row.id, by=by, before=before, after=row.answer)
    signals.announce(session, signals.knowledge_changed, row.id)
    return row


def delete(session: Session, entry_id: int, *, by: int) -> None:
    """Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    row = _get(session, entry_id)
    audit.record(session, 'delete', 'knowledge_entry', row.id, by=by, question=row.question, answer=row.answer)
    session.delete(row)
    signals.announce(session, signals.knowledge_changed, entry_id)


def _get(session: Session, entry_id: int) -> KnowledgeEntry:
    row = session.get(KnowledgeEntry, entry_id)
    if row is None:
        raise NotFound('这条知识')
    return row


def _apply(row: KnowledgeEntry, entry: Entry, *, by: int | None) -> None:
    for field in ('question', 'variants', 'answer', 'facts', 'valid_from', 'valid_until', 'status', 'owner'):
        value = getattr(entry, field)
        if value is not None:
            setattr(row, field, value.strip() if type(value) is str else value)
    if not 1 <= len(row.question) <= LONGEST_QUESTION:
        raise Invalid('question', f'问题须为 1–{LONGEST_QUESTION} 字。')
    if not 1 <= len(row.answer) <= LONGEST_ANSWER:
        raise Invalid('answer', f'答案须为 1–{LONGEST_ANSWER} 字。')
    if len(row.variants or ()) > MOST_VARIANTS:
        raise Invalid('variants', f'其他问法最多 {MOST_VARIANTS} 条。')
    if row.valid_from and row.valid_until and row.valid_from > row.valid_until:
        raise Invalid('valid_until', '失效日期不能早于生效日期。')
    row.version += 1
    row.updated_by_id = by
    row.updated_at = utc_now()


def _flush_unique(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise Conflict('有人正在保存同一条知识（外部编号相同），您的没有保存。请重试。', 'taken') from None


def _valid_on(day: date) -> Any:
    return (
        select(KnowledgeEntry)
        .where(
            KnowledgeEntry.status == EntryStatus.APPROVED,
            or_(KnowledgeEntry.valid_from.is_(None), KnowledgeEntry.valid_from <= day),
            or_(KnowledgeEntry.valid_until.is_(None), KnowledgeEntry.valid_until >= day),
        )
        .order_by(KnowledgeEntry.id)
    )
