"""What the school decided: who may release what, where the AI may answer alone, when it is quiet, how it speaks."""

from datetime import datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class Policy(Table):
    """One row, number 1; while there is none the defaults hold."""

    __tablename__ = 'policy'
    __table_args__ = (CheckConstraint('id = 1', name='one'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    agents_approve: Mapped[str] = mapped_column(default='none')  # none, or plain: drafts without risk
    own_drafts: Mapped[bool] = mapped_column(default=True)  # a reviewer may release what she wrote herself
    risky_by_admin: Mapped[bool] = mapped_column(default=False)  # money, refunds, complaints wait for an administrator
    auto_on: Mapped[bool] = mapped_column(default=False)  # the switch that stops all
    auto_channels: Mapped[list[Any]] = mapped_column(default=list)
    auto_intents: Mapped[list[Any]] = mapped_column(default=list)
    auto_daily_cap: Mapped[int] = mapped_column(default=50)
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    tone: Mapped[str | None]
    language: Mapped[str | None]
    welcome_text: Mapped[str | None]  # to a customer just added in 客户联系, where the code she came by has none
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
