"""Plain drafts released many at once: those that rest wholly on what the school approved."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from console import conversations, draft_decisions, personal_numbers, policies, staff
from console.errors import ConsoleError
from models import Conversation, Draft, DraftStatus

MOST = 50
_APPROVED = {'knowledge', 'record', 'courtesy'}


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A plain draft with all there is to look over. Texts are masked."""

    draft_id: int
    version: int
    title: str
    question: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A draft that was not released, and why, for the person at the screen."""

    draft_id: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of them. `taken` are ids, in the order asked for."""

    taken: list[int]
    refused: list[Refused]


class NotPlain(ConsoleError):
    """It is for a person to read by itself."""

    reason = 'not_plain'

    def __init__(self, draft_id: int) -> None:
        super().__init__(f'草稿 #{draft_id} 需要单独审核，没有批量通过。')


def is_plain(draft: Draft) -> bool:
    """Written by the AI, nothing to be noticed, and every sentence from an approved entry or the student's record."""
    kinds = {source['kind'] for source in draft.sources}
    return (
        draft.risk == 'none'
        and not draft.checks
        and not draft.needs_human
        and draft.author_id is None
        and bool(kinds & {'knowledge', 'record'})
        and kinds <= _APPROVED
    )


def offered(session: Session, draft_ids: list[int], *, by: int) -> list[Offered]:
    """Those of these drafts that are plain and still wait, in the order given. Raises `NotAllowed`."""
    member = policies.reviewer(session, by)
    found = session.scalars(
        select(Draft)
        .join(Conversation, Conversation.id == Draft.conversation_id)
        .where(Draft.id.in_(draft_ids[:MOST]), Draft.status == DraftStatus.PENDING, staff.sees_conversations(member))
        .options(joinedload(Draft.conversation))
    ).all()
    plain = {draft.id: draft for draft in found if is_plain(draft)}
    talks = [draft.conversation_id for draft in plain.values()]
    masks = personal_numbers.masks_of(session, talks)
    titles = {
        row.conversation.id: row.title for row in conversations.listed(session, Conversation.id.in_(talks), limit=MOST)
    }
    return [
        Offered(
            draft_id=draft.id,
            version=draft.version,
            title=titles[draft.conversation_id],
            question=personal_numbers.show(draft.customer_message, masks.get(draft.conversation_id, {})),
            content=personal_numbers.show(draft.content, masks.get(draft.conversation_id, {})),
        )
        for draft_id in draft_ids
        if (draft := plain.get(draft_id)) is not None
    ]


def approve(session: Session, chosen: list[tuple[int, int]], *, by: int, undo: timedelta) -> Outcome:
    """Release each (draft, version) of these that is plain; what is refused stops none of the others.

    Raises `NotAllowed` if `by` may release nothing at all.
    """
    versions = dict(chosen[:MOST])

    def release(draft_id: int) -> None:
        draft = draft_decisions.approve(session, draft_id, version=versions[draft_id], by=by, undo=undo)
        if not is_plain(draft):
            raise NotPlain(draft_id)

    return _each(session, list(versions), release, by=by)


def take_back(session: Session, draft_ids: list[int], *, by: int) -> Outcome:
    """Undo a release of many; what is too late stops none of the others. Raises as `approve`."""
    return _each(session, draft_ids[:MOST], lambda draft_id: draft_decisions.undo(session, draft_id, by=by), by=by)


def _each(session: Session, draft_ids: list[int], act: Callable[[int], object], *, by: int) -> Outcome:
    policies.reviewer(session, by)
    talks = sorted(session.scalars(select(Draft.conversation_id).where(Draft.id.in_(draft_ids))))
    session.execute(
        select(Conversation.id).where(Conversation.id.in_(talks)).order_by(Conversation.id).with_for_update()
    )
    taken: list[int] = []
    refused: list[Refused] = []
    for draft_id in draft_ids:
        try:
            with session.begin_nested():
                act(draft_id)
        except ConsoleError as refusal:
            refused.append(Refused(draft_id=draft_id, why=str(refusal)))
        else:
            taken.append(draft_id)
    return Outcome(taken=taken, refused=refused)
