"""A draft shown to a supervisor on the phone, as a WeCom card with buttons."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, Work, utc_now


class CardStatus(StrEnum):
    READY = 'ready'  # to be sent
    SENDING = 'sending'
    SHOWN = 'shown'  # on the phone, with buttons
    STALE = 'stale'  # decided elsewhere: its buttons are to be taken away
    UPDATING = 'updating'
    CLOSED = 'closed'  # shows what was decided
    FAILED = 'failed'


class ApprovalCard(Work, Table):
    """`version` is the draft's when the card was made: a press decides that text and no later one."""

    __tablename__ = 'approval_card'
    __table_args__ = (UniqueConstraint('draft_id', 'version', 'staff_id'), Index(None, 'status', 'due_at'))

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey('draft.id', ondelete='CASCADE'))
    version: Mapped[int]
    staff_id: Mapped[int] = mapped_column(ForeignKey('staff.id', ondelete='CASCADE'), index=True)
    task_id: Mapped[str] = mapped_column(unique=True)
    response_code_sealed: Mapped[str | None]  # 72 hours, once
    status: Mapped[CardStatus] = mapped_column(default=CardStatus.READY)
    outcome: Mapped[str | None]  # what the closed card says
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
