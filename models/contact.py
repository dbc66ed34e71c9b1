"""Whom a chat is with: a person as one channel, and one account of ours in it, knows them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class Channel(StrEnum):
    APP = 'app'  # a member writing to the self-built app
    KF = 'kf'  # a parent writing to a 微信客服 account
    CONTACT = 'contact'  # a parent in an agent's own chat; only the agent can send
    SIMULATE = 'simulate'  # the sandbox's phone; never reaches the real WeCom


class Contact(Table):
    __tablename__ = 'contact'
    __table_args__ = (
        UniqueConstraint('channel', 'account', 'external_userid'),
        Index(None, 'channel', 'synced_at'),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[Channel]
    account: Mapped[str] = mapped_column(default='')  # kf: the open_kfid; contact: the member's userid; else empty
    external_userid: Mapped[str] = mapped_column(index=True)  # WeCom's id of the person, member or customer
    name: Mapped[str | None]
    avatar_url: Mapped[str | None]
    remark: Mapped[str | None]  # what our member calls the customer in WeCom
    lead_source: Mapped[str | None]  # the contact way the customer came by, as staff call it
    followed_at: Mapped[datetime | None]  # contact: since when our member has the customer
    left_at: Mapped[datetime | None]  # contact: one of the two removed the other
    synced_at: Mapped[datetime | None]  # when name, remark and tags were last read from WeCom
    student_id: Mapped[int | None] = mapped_column(ForeignKey('student.id', ondelete='SET NULL'), index=True)
    guardian_id: Mapped[int | None] = mapped_column(ForeignKey('guardian.id', ondelete='SET NULL'), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
