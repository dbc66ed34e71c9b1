"""The index of the knowledge in memory: it follows the entries, one changed entry at a time."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from console import terms
from console.calendar import today
from console.writing import vocabulary
from console.writing.context import Knowledge
from console.writing.retrieval import KnowledgeIndex
from console.writing.segmentation import normal
from models import EntryStatus, KnowledgeEntry

_AT_ONCE = 500
_FINGERPRINT = select(
    func.count(),
    func.sum(KnowledgeEntry.version),
    func.max(KnowledgeEntry.updated_at),
    select(func.max(aliased(KnowledgeEntry).id)).scalar_subquery(),
)
"""Told by an index alone. The sum also grows by a change that is committed after a later one was seen."""

_TOLD = (
    KnowledgeEntry.id,
    KnowledgeEntry.question,
    KnowledgeEntry.variants,
    KnowledgeEntry.answer,
    KnowledgeEntry.facts,
    KnowledgeEntry.version,
    KnowledgeEntry.valid_until,
)


class Shelf:
    """Before each search it looks whether an entry, the day or the school's words changed, and takes that in."""

    def __init__(self, cache_dir: Path) -> None:
        self._index = KnowledgeIndex(cache_dir)
        self._school = vocabulary.NONE
        self._seen: tuple[Any, ...] | None = None
        self._held: dict[int, tuple[Any, ...]] = {}
        self._lock = Lock()

    def search(self, session: Session, query: str, limit: int) -> list[Knowledge]:
        with self._lock:
            self._catch_up(session)
            hits = self._index.search(query, limit)
        # Asked again of the database: what may not be said is never offered, whatever the index still holds.
        known = {entry.id: entry for entry in valid_among(session, [hit.id for hit in hits])}
        return [replace(known[hit.id], score=hit.score) for hit in hits if hit.id in known]

    def _catch_up(self, session: Session) -> None:
        school = terms.vocabulary(session)
        state = fingerprint(session)
        if school == self._school and state == self._seen:
            return
        stale = self._index.use(school) if school != self._school else set()
        self._school = school
        stamps = valid(KnowledgeEntry.id, KnowledgeEntry.version, KnowledgeEntry.updated_at)
        now = {row.id: (row.version, row.updated_at) for row in session.execute(stamps)}
        for entry_id in self._held.keys() - now.keys():
            self._index.remove(entry_id)
        changed = [entry_id for entry_id, stamp in now.items() if self._held.get(entry_id) != stamp]
        if stale:
            changed = sorted({*changed, *_speaking_of(session, stale)})
        for start in range(0, len(changed), _AT_ONCE):
            for entry in _known(session, changed[start : start + _AT_ONCE]):
                self._index.put(entry)
        self._held, self._seen = now, state


def valid(*columns: Any) -> Select[Any]:
    """Of all entries that may be said today, by id."""
    day: date = today()
    return (
        select(*columns)
        .where(
            KnowledgeEntry.status == EntryStatus.APPROVED,
            or_(KnowledgeEntry.valid_from.is_(None), KnowledgeEntry.valid_from <= day),
            or_(KnowledgeEntry.valid_until.is_(None), KnowledgeEntry.valid_until >= day),
        )
        .order_by(KnowledgeEntry.id)
    )


def valid_entries(session: Session) -> list[Knowledge]:
    """All that may be said today, by id."""
    return [as_known(row) for row in session.execute(valid(*_TOLD))]


def valid_among(session: Session, ids: list[int]) -> list[Knowledge]:
    """Those of the entries that may be said today."""
    if not ids:
        return []
    return [as_known(row) for row in session.execute(valid(*_TOLD).where(KnowledgeEntry.id.in_(ids)))]


def fingerprint(session: Session) -> tuple[Any, ...]:
    """Differs whenever an entry was changed, or the day has."""
    return str(session.get_bind().engine.url), today(), *session.execute(_FINGERPRINT).one()


def as_known(entry: Any) -> Knowledge:
    """Of a row with an entry's columns."""
    return Knowledge(
        id=entry.id,
        question=entry.question,
        variants=tuple(entry.variants or ()),
        answer=entry.answer,
        facts={str(key): str(value) for key, value in (entry.facts or {}).items()},
        version=entry.version,
        valid_until=entry.valid_until,
    )


def _known(session: Session, ids: list[int]) -> list[Knowledge]:
    return [as_known(row) for row in session.execute(select(*_TOLD).where(KnowledgeEntry.id.in_(ids)))] if ids else []


def _speaking_of(session: Session, words: set[str]) -> list[int]:
    """The entries in which one of the words stands."""
    found = []
    for entry in valid_entries(session):
        told = normal('\n'.join([entry.question, *entry.variants, entry.answer, *entry.facts.values()]))
        if any(word in told for word in words):
            found.append(entry.id)
    return found
