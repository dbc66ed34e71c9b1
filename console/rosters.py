"""The names a school uses, gathered for the checks of replies and kept until one of them changes."""

from threading import Lock
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console import knowledge_shelf, terms
from console.writing.context import Roster
from console.writing.grounds import CAMPUS
from models import Enrolment, KnowledgeEntry, Staff, Student

_lock = Lock()
_kept: tuple[tuple[Any, ...], Roster] | None = None


def of_school(session: Session) -> Roster:
    """The names as they are now."""
    global _kept  # noqa: PLW0603  one school a process
    state = (
        *knowledge_shelf.fingerprint(session),
        *terms.fingerprint(session),
        *session.execute(select(func.count(Student.id), func.sum(Student.version), func.max(Student.id))).one(),
        *session.execute(select(func.count(Enrolment.id), func.max(Enrolment.id))).one(),
        frozenset(session.scalars(select(Staff.name))),  # few, and without a version
    )
    with _lock:
        if _kept is None or _kept[0] != state:
            _kept = state, _gathered(session)
        return _kept[1]


def _gathered(session: Session) -> Roster:
    facts = list(session.scalars(knowledge_shelf.valid(KnowledgeEntry.facts)))
    taught = session.execute(select(Enrolment.course, Enrolment.teacher).distinct()).all()
    return Roster(
        teachers=frozenset(filter(None, [*(row.teacher for row in taught), *_facts(facts, '老师')])),
        courses=frozenset([*(row.course for row in taught), *_facts(facts, '课程')]),
        campuses=frozenset(name for name in _facts(facts, '校区') if CAMPUS.fullmatch(name)),
        pupils=frozenset(session.scalars(select(Student.name))),
        colleagues=frozenset(session.scalars(select(Staff.name))),
        promises=terms.promises(session),
        hosts=terms.hosts(session),
    )


def _facts(facts: list[dict[str, Any]], name: str) -> list[str]:
    return [str(known[name]) for known in facts if known and known.get(name)]
