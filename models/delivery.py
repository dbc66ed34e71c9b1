"""One part of a released reply on its way to the parent."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, Work, utc_now
from models.contact import Channel


class DeliveryStatus(StrEnum):
    READY = 'ready'  # 排队
    SENDING = 'sending'  # a sender holds the lease
    ACCEPTED = 'accepted'  # 已提交: the channel took it
    BOUNCED = 'bounced'  # accepted, then reported undeliverable
    UNCERTAIN = 'uncertain'  # we never learned, and may not ask again; a person decides
    DEAD = 'dead'  # 失败, for good
    CANCELLED = 'cancelled'  # an earlier part failed, or a person dropped it


UNFINISHED = (DeliveryStatus.READY, DeliveryStatus.SENDING)
UNDELIVERED = (DeliveryStatus.DEAD, DeliveryStatus.UNCERTAIN, DeliveryStatus.BOUNCED)
"""A person must look."""


class Delivery(Work, Table):
    """The request is frozen before its first byte leaves, and repeated byte for byte for WeCom's duplicate check."""

    __tablename__ = 'delivery'
    __table_args__ = (
        UniqueConstraint('message_id', 'part'),
        Index(None, 'status', 'due_at'),
        Index(None, 'conversation_id', 'status', 'id'),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey('conversation.id', ondelete='CASCADE'))
    message_id: Mapped[int] = mapped_column(ForeignKey('message.id', ondelete='CASCADE'))
    draft_id: Mapped[int | None] = mapped_column(ForeignKey('draft.id', ondelete='CASCADE'), index=True)
    channel: Mapped[Channel]
    part: Mapped[int]  # from 1
    parts: Mapped[int]
    client_id: Mapped[str] = mapped_column(unique=True)  # our own name of it, also towards channels that take one
    status: Mapped[DeliveryStatus] = mapped_column(default=DeliveryStatus.READY)
    kind: Mapped[str] = mapped_column(default='text')  # text, image, file, …
    text_sealed: Mapped[str]
    media_file_id: Mapped[int | None] = mapped_column(ForeignKey('media_file.id', ondelete='SET NULL'))
    request_sealed: Mapped[str | None]
    errcode: Mapped[int | None]
    fail_type: Mapped[int | None]  # kf: why WeCom could not deliver what it had accepted
    wecom_msgid: Mapped[str | None] = mapped_column(index=True)
    maybe_sent: Mapped[bool] = mapped_column(default=False)  # an attempt ended without an answer
    first_attempt_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
