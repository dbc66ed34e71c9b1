"""A question of a parent to which the knowledge had no answer."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class UnknownQuestion(Table):
    """Closed by an entry that answers it, or by a person who put it aside. Personal numbers are tokens."""

    __tablename__ = 'unknown_question'
    __table_args__ = (Index(None, 'closed_at', 'id'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey('conversation.id', ondelete='CASCADE'), index=True)
    turn_id: Mapped[int | None] = mapped_column(ForeignKey('turn.id', ondelete='SET NULL'), unique=True)
    text: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(default=utc_now)
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey('knowledge_entry.id', ondelete='SET NULL'))
