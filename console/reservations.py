"""Who has a draft open: for others to see. Nobody is locked out."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import policies, signals, staff
from models import Conversation, Draft, DraftStatus, Staff, utc_now

LASTS = timedelta(minutes=3)


def hold(session: Session, draft_id: int, *, by: int) -> None:
    """`by` opened it, or still has it open. What another holds, or `by` may not see, stays as it is.

    Raises `NotAllowed`.
    """
    member = policies.reviewer(session, by)
    draft = _pending(session, draft_id)
    if draft is None or is_anothers(draft, by) or not _sees(session, member, draft):
        return
    news = draft.held_by_id != by or draft.held_until is None or draft.held_until < utc_now()
    draft.held_by_id, draft.held_until = by, utc_now() + LASTS
    if news:
        signals.announce(session, signals.draft_changed, draft.id)


def release(session: Session, draft_id: int, *, by: int) -> None:
    """`by` moved on. Nothing if another holds it, or it is gone."""
    draft = _pending(session, draft_id)
    if draft is not None and draft.held_by_id == by:
        draft.held_by_id = draft.held_until = None
        signals.announce(session, signals.draft_changed, draft.id)


def is_anothers(draft: Draft, by: int) -> bool:
    """Whether somebody else than `by` has it open."""
    return draft.held_by_id not in (None, by) and draft.held_until is not None and draft.held_until > utc_now()


def _sees(session: Session, member: Staff, draft: Draft) -> bool:
    hers = select(Conversation.id).where(Conversation.id == draft.conversation_id, staff.sees_conversations(member))
    return session.scalar(hers) is not None


def _pending(session: Session, draft_id: int) -> Draft | None:
    return session.scalar(
        select(Draft).where(Draft.id == draft_id, Draft.status == DraftStatus.PENDING).with_for_update()
    )
