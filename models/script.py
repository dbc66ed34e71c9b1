"""Words that are sent often, found by typing `/`."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class Script(Table):
    __tablename__ = 'script'
    __table_args__ = (Index(None, 'active', 'uses', 'id'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    text: Mapped[str]
    group_name: Mapped[str | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='CASCADE'))  # None: the school's
    active: Mapped[bool] = mapped_column(default=True)  # False: proposed, or put aside
    uses: Mapped[int] = mapped_column(default=0)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey('draft.id', ondelete='SET NULL'))  # what it was learnt from
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
