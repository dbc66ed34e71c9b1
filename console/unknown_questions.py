"""What parents asked and the knowledge had no answer to: kept, put together, answered by an entry or put aside."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import audit, signals, staff
from console.errors import NotFound
from console.knowledge import LONGEST_QUESTION, MOST_VARIANTS
from console.writing.likeness import groups
from models import Conversation, Draft, KnowledgeEntry, UnknownQuestion, utc_now

NEWEST = 500
"""Questions looked at; older ones wait until these are dealt with."""

EXAMPLES = 3
_TOKEN = re.compile('⟦[^⟦⟧]*⟧')
_ANSWERED = {'knowledge', 'record', 'customer', 'file'}


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Questions that are alike: `question` and `variants` for an entry, by how often they were asked."""

    ids: tuple[int, ...]
    question: str
    variants: tuple[str, ...]
    conversations: tuple[int, ...]  # of the newest
    first_at: datetime
    last_at: datetime


def note(session: Session, draft: Draft) -> None:
    """Keep the question of a new draft that rests on nothing we know, unless it is a complaint or a refund.

    Asked again in the same conversation, it is not counted again.
    """
    kinds = {source['kind'] for source in draft.sources}
    if kinds & _ANSWERED or not (draft.needs_human or 'none' in kinds) or draft.risk in ('complaint', 'refund'):
        return
    text = draft.customer_message.strip()[:500]
    known = select(UnknownQuestion.id).where(
        UnknownQuestion.conversation_id == draft.conversation_id,
        UnknownQuestion.closed_at.is_(None),
        (UnknownQuestion.text == text) | (UnknownQuestion.turn_id == draft.turn_id),
    )
    if not _TOKEN.sub('', text).strip() or session.scalar(known.limit(1)) is not None:
        return
    session.add(UnknownQuestion(conversation_id=draft.conversation_id, turn_id=draft.turn_id, text=text))
    signals.announce(session, signals.unknown_changed, 0)


def clusters(session: Session, *, by: int) -> list[Cluster]:
    """Of the newest open questions that `by` may know of, the most asked first. Raises `NotAllowed`."""
    member = staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    open_ones = (
        select(UnknownQuestion)
        .join(Conversation, Conversation.id == UnknownQuestion.conversation_id)
        .where(UnknownQuestion.closed_at.is_(None), staff.sees_conversations(member))
    )
    newest = list(session.scalars(open_ones.order_by(UnknownQuestion.id.desc()).limit(NEWEST)))[::-1]
    return [_cluster([newest[place] for place in group]) for group in groups([one.text for one in newest])]


def answer(session: Session, ids: Iterable[int], entry_id: int, *, by: int) -> None:
    """An entry answers them now. Raises `NotAllowed`, `NotFound`."""
    if session.get(KnowledgeEntry, entry_id) is None:
        raise NotFound('这条知识')
    _close(session, ids, 'answer', entry_id, by=by)


def put_aside(session: Session, ids: Iterable[int], *, by: int) -> None:
    """They want no entry. Raises `NotAllowed`."""
    _close(session, ids, 'put_aside', None, by=by)


def reopen(session: Session, ids: Iterable[int], *, by: int) -> None:
    """Undo either. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    found = session.scalars(select(UnknownQuestion).where(UnknownQuestion.id.in_(list(ids)))).all()
    for one in found:
        one.closed_at = one.closed_by_id = one.entry_id = None
    audit.record(session, 'reopen', 'unknown_question', None, by=by, count=len(found))
    signals.announce(session, signals.unknown_changed, 0)


def _close(session: Session, ids: Iterable[int], action: str, entry_id: int | None, *, by: int) -> None:
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    found = session.scalars(
        select(UnknownQuestion).where(UnknownQuestion.id.in_(list(ids)), UnknownQuestion.closed_at.is_(None))
    ).all()
    for one in found:
        one.closed_at, one.closed_by_id, one.entry_id = utc_now(), by, entry_id
    audit.record(session, action, 'unknown_question', None, by=by, count=len(found), entry=entry_id)
    signals.announce(session, signals.unknown_changed, 0)


def _cluster(asked: list[UnknownQuestion]) -> Cluster:
    """Of questions in the order they were asked."""
    times: dict[str, int] = {}
    for one in asked:
        words = ' '.join(_TOKEN.sub('', one.text).split())[:LONGEST_QUESTION]
        times[words] = times.get(words, 0) + 1
    question, *others = sorted(times, key=lambda words: -times[words])
    return Cluster(
        ids=tuple(one.id for one in asked),
        question=question,
        variants=tuple(others[:MOST_VARIANTS]),
        conversations=tuple(dict.fromkeys(one.conversation_id for one in reversed(asked)))[:EXAMPLES],
        first_at=asked[0].asked_at,
        last_at=asked[-1].asked_at,
    )
