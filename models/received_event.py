"""What WeCom told us, kept as it came, each thing once."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class EventStatus(StrEnum):
    NEW = 'new'  # waits to be understood
    DONE = 'done'
    QUARANTINED = 'quarantined'  # genuine, but too old or too new to act on by itself
    PARKED = 'parked'  # could not be understood three times; a person looks
    DROPPED = 'dropped'  # a person decided that nobody needs it
    FORGOTTEN = 'forgotten'  # was done or dropped long ago; its keys stay, what it said does not


class ReceivedEvent(Table):
    """Nothing personal lies here in plain: `sealed` is WeCom's own ciphertext, or ours, and empty once it is forgotten.

    The events of a 微信客服 log come by no callback and in plain; they are sealed with our own key and already done.
    """

    __tablename__ = 'received_event'
    __table_args__ = (Index(None, 'status', 'id'), Index(None, 'gate', 'status', 'id'))

    id: Mapped[int] = mapped_column(primary_key=True)
    cipher_hash: Mapped[str] = mapped_column(unique=True)  # SHA-256 of the ciphertext: the replay key
    dedup_key: Mapped[str] = mapped_column(unique=True)  # the message's identity, also when WeCom encrypts it anew
    corp_id: Mapped[str]  # which key opens it
    gate: Mapped[str]  # whose: events of one sender are understood in order
    sealed: Mapped[str]
    status: Mapped[EventStatus] = mapped_column(default=EventStatus.NEW)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime]  # WeCom's time stamp of the call
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
