"""What colleagues tell one another about a conversation; never sent."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class Note(Table):
    """Stands in the thread after message `after_seq`. Personal numbers are tokens, as in `Message.text`."""

    __tablename__ = 'note'
    __table_args__ = (Index(None, 'conversation_id', 'id'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey('conversation.id', ondelete='CASCADE'))
    after_seq: Mapped[int]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Mention(Table):
    """A colleague named with @ in a note, and when she looked."""

    __tablename__ = 'mention'
    __table_args__ = (Index(None, 'staff_id', 'seen_at', 'note_id'),)

    note_id: Mapped[int] = mapped_column(ForeignKey('note.id', ondelete='CASCADE'), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey('staff.id', ondelete='CASCADE'), primary_key=True)
    seen_at: Mapped[datetime | None]
