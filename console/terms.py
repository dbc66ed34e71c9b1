"""The school's own words: not to be cut apart, meaning the same, not to be promised, and hosts replies may link to."""

import re
from threading import Lock
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console import audit, signals, staff, unique_keys
from console.errors import Conflict, Invalid, NotFound
from console.writing.segmentation import normal
from console.writing.vocabulary import Vocabulary
from models import Term, TermKind

MOST = 2000
MOST_OTHERS = 30
LENGTHS = {TermKind.WORD: 20, TermKind.SYNONYM: 20, TermKind.PROMISE: 40, TermKind.LINK: 100}
_HOST = re.compile(r'(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}')

_lock = Lock()
_kept: tuple[tuple[Any, ...], Vocabulary] | None = None


def of_kind(session: Session, kind: TermKind, *, by: int) -> list[Term]:
    """By word. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    return list(session.scalars(select(Term).where(Term.kind == kind).order_by(Term.word)))


def save(
    session: Session, kind: TermKind, word: str, others: list[str] | None = None, *, term_id: int | None = None, by: int
) -> Term:
    """Add a word, or change the one with `term_id`; it counts from the next question on.

    `others` are the words that mean the same. Raises `NotAllowed`, `NotFound`, `Invalid`, `Conflict`.
    """
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    term = Term(kind=kind) if term_id is None else _get(session, term_id)
    word = _checked('word', kind, word)
    others = list(dict.fromkeys(_checked('others', kind, other) for other in others or []))
    if kind is TermKind.SYNONYM and not [other for other in others if other != word]:
        raise Invalid('others', '请至少写一个意思相同的说法。')
    if len(others) > MOST_OTHERS:
        raise Invalid('others', f'相同的说法最多 {MOST_OTHERS} 个。')
    _require_free(session, kind, {word, *others}, besides=term_id)
    if term_id is None and (session.scalar(select(func.count(Term.id))) or 0) >= MOST:
        raise Invalid('word', f'词表最多 {MOST} 条。')
    before = [term.word, *term.others] if term_id else []
    term.word, term.others, term.updated_by_id = word, [other for other in others if other != word], by
    session.add(term)
    unique_keys.flush(session, Conflict(f'“{word}”刚由同事加进了词表。', 'taken', field='word'))
    audit.record(session, 'save', 'term', term.id, by=by, kind=kind, before=before, after=[word, *term.others])
    signals.announce(session, signals.terms_changed, term.id)
    return term


def remove(session: Session, term_id: int, *, by: int) -> Term:
    """The word as it was, so that it can be saved again. Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    term = _get(session, term_id)
    audit.record(session, 'delete', 'term', term.id, by=by, kind=term.kind, before=[term.word, *term.others])
    session.delete(term)
    signals.announce(session, signals.terms_changed, term_id)
    return term


def fingerprint(session: Session) -> tuple[Any, ...]:
    """Differs whenever a word was."""
    found = select(func.count(Term.id), func.max(Term.id), func.max(Term.updated_at))
    return str(session.get_bind().engine.url), *session.execute(found).one()


def vocabulary(session: Session) -> Vocabulary:
    """What the search and the writer must know."""
    global _kept  # noqa: PLW0603  one school a process
    state = fingerprint(session)
    with _lock:
        if _kept is None or _kept[0] != state:
            groups = session.scalars(select(Term).where(Term.kind == TermKind.SYNONYM).order_by(Term.id))
            synonyms = tuple((term.word, *map(str, term.others)) for term in groups)
            _kept = state, Vocabulary(words=_words(session, TermKind.WORD), synonyms=synonyms)
        return _kept[1]


def promises(session: Session) -> frozenset[str]:
    """Phrases the school forbids beside the usual ones."""
    return _words(session, TermKind.PROMISE)


def hosts(session: Session) -> frozenset[str]:
    """Where replies may link to, without the www."""
    return _words(session, TermKind.LINK)


def _words(session: Session, kind: TermKind) -> frozenset[str]:
    return frozenset(session.scalars(select(Term.word).where(Term.kind == kind)))


def _get(session: Session, term_id: int) -> Term:
    term = session.get(Term, term_id, with_for_update=True)
    if term is None:
        raise NotFound('这个词')
    return term


def _checked(field: str, kind: TermKind, word: str) -> str:
    word = normal(word).strip()
    if kind is TermKind.LINK:
        word = re.sub(r'^https?://', '', word).removeprefix('www.').rstrip('/')
        if not _HOST.fullmatch(word):
            raise Invalid(field, '请填写域名，如 school.cn，不要带路径。')
    if not 2 <= len(word) <= LENGTHS[kind] or not re.search(r'\w', word) or '\n' in word:
        raise Invalid(field, f'每个词须为 2–{LENGTHS[kind]} 字。')
    return word


def _require_free(session: Session, kind: TermKind, wanted: set[str], *, besides: int | None) -> None:
    """A word stands once in its list: two groups that share one would mean the same."""
    for term in session.scalars(select(Term).where(Term.kind == kind, Term.id != (besides or 0))):
        if taken := wanted & {term.word, *term.others}:
            raise Conflict(f'“{min(taken)}”已在词表里（{term.word}）。', 'word')
