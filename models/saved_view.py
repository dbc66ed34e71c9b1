"""Filters of a list, kept under a name."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class SavedView(Table):
    __tablename__ = 'saved_view'
    __table_args__ = (UniqueConstraint('staff_id', 'page', 'name'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey('staff.id', ondelete='CASCADE'))
    page: Mapped[str]  # review, conversations, students
    name: Mapped[str]
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    shared: Mapped[bool] = mapped_column(default=False)  # colleagues see it too
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
