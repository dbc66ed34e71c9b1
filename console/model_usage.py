"""What writing cost today: calls that gave a draft, their tokens, and turns that got none."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console import calendar, staff
from models import Draft, Turn, TurnStatus


@dataclass(frozen=True, kw_only=True)
class Usage:
    drafts: int
    tokens_in: int
    tokens_out: int
    failures: int


def today(session: Session, *, by: int) -> Usage:
    """Since midnight where the school is. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_SETTINGS)
    midnight = calendar.moment(calendar.today())
    made = session.execute(
        select(func.count(), func.sum(Draft.tokens_in), func.sum(Draft.tokens_out)).where(
            Draft.created_at >= midnight, Draft.author_id.is_(None)
        )
    ).one()
    failed = select(func.count()).where(Turn.opened_at >= midnight, Turn.status == TurnStatus.FAILED)
    return Usage(drafts=made[0], tokens_in=made[1] or 0, tokens_out=made[2] or 0, failures=session.scalar(failed) or 0)
