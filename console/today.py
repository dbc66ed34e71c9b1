"""What is to be done now, and the day so far: the figures of the rail and of the dashboard."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console import staff
from models import Alert, Conversation, ConversationStatus, Draft, DraftStatus


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many things want a person; 0 where the member may not know."""

    waiting: int
    drafts: int
    alerts: int


def counts(session: Session, *, by: int) -> Counts:
    """Raises `NotAllowed`."""
    member = staff.require(session, by)
    waiting = select(func.count()).where(
        Conversation.status == ConversationStatus.WAITING, staff.sees_conversations(member)
    )
    drafts = select(func.count()).select_from(Draft).where(Draft.status == DraftStatus.PENDING)
    alerts = select(func.count()).select_from(Alert).where(Alert.closed_at.is_(None))
    return Counts(
        waiting=session.scalar(waiting) or 0,
        drafts=(session.scalar(drafts) or 0) if staff.may(member.role, staff.Action.REVIEW) else 0,
        alerts=(session.scalar(alerts) or 0) if staff.may(member.role, staff.Action.SEE_ALERTS) else 0,
    )
