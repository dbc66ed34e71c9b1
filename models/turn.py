"""The parent's lines that one reply answers: gathered while she is still typing, then written to."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, Work, utc_now


class TurnStatus(StrEnum):
    WAITING = 'waiting'  # for the quiet period to end
    WRITING = 'writing'  # a writer holds the lease
    DONE = 'done'  # a draft was proposed
    FAILED = 'failed'  # no draft could be had; a person answers
    SUPERSEDED = 'superseded'  # the parent went on, or a person answered first


ACTIVE_TURN = (TurnStatus.WAITING, TurnStatus.WRITING)


class Turn(Work, Table):
    __tablename__ = 'turn'
    __table_args__ = (
        Index(
            'uq_turn_active',
            'conversation_id',
            unique=True,
            sqlite_where=text("status IN ('waiting', 'writing')"),
            postgresql_where=text("status IN ('waiting', 'writing')"),
        ),
        Index(None, 'status', 'due_at'),
        Index(None, 'conversation_id', 'id'),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey('conversation.id', ondelete='CASCADE'))
    status: Mapped[TurnStatus] = mapped_column(default=TurnStatus.WAITING)
    first_seq: Mapped[int]
    basis_seq: Mapped[int]  # the parent's last line it answers
    instruction: Mapped[str | None]  # a supervisor's remark on the version before
    opened_at: Mapped[datetime] = mapped_column(default=utc_now)
