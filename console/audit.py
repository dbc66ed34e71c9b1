"""The record of who did what, and of every read of full personal data."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import AuditEntry


def record(
    session: Session, action: str, subject: str, subject_id: int | None, *, by: int | None, **detail: Any
) -> None:
    """Add a line. `detail` says what changed, never a secret or a full personal number."""
    session.add(AuditEntry(staff_id=by, action=action, subject=subject, subject_id=subject_id, detail=detail))


def of(session: Session, subject: str, subject_id: int, *, limit: int = 100) -> list[AuditEntry]:
    """The newest lines about one thing, newest first. Who may read them is for the caller to ask."""
    return list(
        session.scalars(
            select(AuditEntry)
            .where(AuditEntry.subject == subject, AuditEntry.subject_id == subject_id)
            .order_by(AuditEntry.id.desc())
            .limit(limit)
        )
    )
