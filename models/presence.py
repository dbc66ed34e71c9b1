"""Who looks at a conversation now, and who types in it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table


class Presence(Table):
    """Good until `here_until`; whoever stays renews it. In the database, since colleagues may be on another server."""

    __tablename__ = 'presence'
    __table_args__ = (Index(None, 'conversation_id', 'here_until'),)

    staff_id: Mapped[int] = mapped_column(ForeignKey('staff.id', ondelete='CASCADE'), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey('conversation.id', ondelete='CASCADE'), primary_key=True)
    here_until: Mapped[datetime]
    typing_until: Mapped[datetime | None]
