"""The rules the model is given, every version kept."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class PromptVersion(Table):
    """The one that ships is a file and has no row; it is current while no row is."""

    __tablename__ = 'prompt_version'
    __table_args__ = (
        Index(
            'uq_prompt_version_current',
            'current',
            unique=True,
            sqlite_where=text('current'),
            postgresql_where=text('current'),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)  # stands on every draft written with it
    rules: Mapped[str]
    note: Mapped[str | None]  # what it is to do better
    current: Mapped[bool] = mapped_column(default=False)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
