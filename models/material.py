"""Files and pictures of the school, kept to be sent."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class Material(Table):
    __tablename__ = 'material'

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    group_name: Mapped[str | None]
    media_file_id: Mapped[int] = mapped_column(ForeignKey('media_file.id', ondelete='CASCADE'), unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    uses: Mapped[int] = mapped_column(default=0)
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
