"""Something a person should look at. One open alert a kind; a repeat counts up."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class Alert(Table):
    __tablename__ = 'alert'
    __table_args__ = (
        Index(
            'uq_alert_open',
            'kind',
            unique=True,
            sqlite_where=text('closed_at IS NULL'),
            postgresql_where=text('closed_at IS NULL'),
        ),
        Index(None, 'closed_at', 'announced_at'),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    text: Mapped[str]
    count: Mapped[int] = mapped_column(default=1)
    raised_at: Mapped[datetime] = mapped_column(default=utc_now)
    repeated_at: Mapped[datetime] = mapped_column(default=utc_now)
    announced_at: Mapped[datetime | None]  # when the group robot was told
    closed_at: Mapped[datetime | None]
