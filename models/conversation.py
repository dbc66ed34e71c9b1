"""A chat with one contact, with all its row in the list needs, and the messages in it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Table, utc_now
from models.contact import Channel, Contact


class ConversationStatus(StrEnum):
    WAITING = 'waiting'  # 待回复: the parent spoke last
    OPEN = 'open'  # 进行中: we spoke last
    RESOLVED = 'resolved'  # 已解决; a new message opens it again


class Conversation(Table):
    __tablename__ = 'conversation'
    __table_args__ = (
        Index(None, 'status', 'waiting_since', 'id'),
        Index(None, 'last_message_at', 'id'),
        Index(None, 'assignee_id', 'last_message_at'),
        Index(None, 'review_by', 'id'),
        Index(None, 'snoozed_until', 'id'),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey('contact.id', ondelete='CASCADE'), unique=True)
    channel: Mapped[Channel]
    status: Mapped[ConversationStatus] = mapped_column(default=ConversationStatus.OPEN)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    taken_over: Mapped[bool] = mapped_column(default=False)  # a person answers; the AI stays silent
    waiting_since: Mapped[datetime | None]
    unread: Mapped[int] = mapped_column(default=0)
    last_seq: Mapped[int] = mapped_column(default=0)
    last_inbound_seq: Mapped[int] = mapped_column(default=0)  # what a draft must answer to be current
    last_outbound_seq: Mapped[int] = mapped_column(default=0)
    last_message_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_message_text: Mapped[str] = mapped_column(default='')
    session_state: Mapped[int | None]  # kf: who answers, see `SessionState`
    servicer: Mapped[str | None]  # kf: the member who took it over in the WeCom client
    customer_spoke_at: Mapped[datetime | None]  # kf: by WeCom's clock; 48 hours from here we may answer
    review_by: Mapped[datetime | None]  # a reviewer is wanted, and by when at best; None: nothing to decide here
    snoozed_until: Mapped[datetime | None]  # out of sight till then, or till the parent writes
    snoozed_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    sent_since: Mapped[int] = mapped_column(default=0)  # kf: of our five messages since then, how many are used

    contact: Mapped[Contact] = relationship(lazy='raise')


class Direction(StrEnum):
    IN = 'in'
    OUT = 'out'


class Author(StrEnum):
    PARENT = 'parent'
    AI = 'ai'  # proposed by the AI and released by a person
    STAFF = 'staff'
    SYSTEM = 'system'


class Message(Table):
    """One message of the chat. Personal numbers are not in `text`: it holds tokens such as ⟦手机号1⟧."""

    __tablename__ = 'message'
    __table_args__ = (
        UniqueConstraint('conversation_id', 'seq'),
        UniqueConstraint('conversation_id', 'external_id'),
        Index(None, 'created_at'),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey('conversation.id', ondelete='CASCADE'))
    seq: Mapped[int]
    direction: Mapped[Direction]
    author: Mapped[Author]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    kind: Mapped[str] = mapped_column(default='text')  # text, image, voice, video, file, location, link, unknown
    text: Mapped[str]
    media_id: Mapped[str | None]
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what else WeCom said, as it said it
    external_id: Mapped[str | None]  # WeCom's MsgId
    sent_at: Mapped[datetime]  # by the sender's clock
    recalled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class SealedValue(Table):
    """A personal number found in a parent's words, kept encrypted beside the text that names its token."""

    __tablename__ = 'sealed_value'
    __table_args__ = (UniqueConstraint('conversation_id', 'token'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey('conversation.id', ondelete='CASCADE'))
    token: Mapped[str]  # ⟦手机号1⟧
    masked: Mapped[str]  # 138****5678
    value_index: Mapped[str]
    value_sealed: Mapped[str]
