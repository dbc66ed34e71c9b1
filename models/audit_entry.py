"""Who did what to which thing, and who read full personal data. Only ever added to."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class AuditEntry(Table):
    __tablename__ = 'audit_entry'
    __table_args__ = (Index(None, 'subject', 'subject_id', 'id'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    action: Mapped[str]
    subject: Mapped[str]  # the noun: student, staff, draft …
    subject_id: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)  # before and after; never a secret
