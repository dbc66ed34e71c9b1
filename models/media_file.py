"""A picture, recording or document: fetched from WeCom for a message, or given by staff to be sent."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, Work, utc_now


class MediaStatus(StrEnum):
    WAITING = 'waiting'  # to be fetched
    FETCHING = 'fetching'
    KEPT = 'kept'  # the bytes are here
    REFUSED = 'refused'  # too large, expired, or not what it claims to be; `last_error` says which


class MediaFile(Work, Table):
    """`path` is below DATA_DIR/media; the bytes there are encrypted. `mime` is what the bytes say, not the sender."""

    __tablename__ = 'media_file'
    __table_args__ = (Index(None, 'status', 'due_at'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey('message.id', ondelete='CASCADE'), index=True)
    corp_id: Mapped[str]  # whose token fetches it
    media_id: Mapped[str | None]
    kind: Mapped[str]  # image, voice, video, file
    status: Mapped[MediaStatus] = mapped_column(default=MediaStatus.WAITING)
    name: Mapped[str | None]
    mime: Mapped[str | None]
    size: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(index=True)
    path: Mapped[str | None]
    uploaded_id: Mapped[str | None]  # WeCom's name of our upload
    uploaded_until: Mapped[datetime | None]  # three days (path/90253)
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
