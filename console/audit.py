"""The record of who did what, and of every read of full personal data."""

from typing import Any

from sqlalchemy.orm import Session

from models import AuditEntry


def record(
    session: Session, action: str, subject: str, subject_id: int | None, *, by: int | None, **detail: Any
) -> None:
    """Add a line. `detail` says what changed, never a secret or a full personal number."""
    session.add(AuditEntry(staff_id=by, action=action, subject=subject, subject_id=subject_id, detail=detail))
