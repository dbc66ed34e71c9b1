"""Access tokens and JS-SDK tickets, shared by all processes: WeCom gives one at a time and counts who asks."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class WeComSecret(Table):
    """`value_sealed` is encrypted; whoever holds the lease fetches the next one, the others wait for it."""

    __tablename__ = 'wecom_secret'

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)  # which: a hash of corp, secret and kind, telling nothing of them
    value_sealed: Mapped[str | None]
    good_until: Mapped[datetime | None]
    fetching_until: Mapped[datetime | None]  # someone asks WeCom right now
    barred_until: Mapped[datetime | None]  # a wrong secret: nobody asks before
    barred_errcode: Mapped[int | None]
    fetched_at: Mapped[datetime] = mapped_column(default=utc_now)
