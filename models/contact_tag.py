"""企业客户标签: WeCom's tags of followed contacts, kept the same on both sides."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class Tag(Table):
    __tablename__ = 'tag'

    id: Mapped[int] = mapped_column(primary_key=True)
    wecom_id: Mapped[str] = mapped_column(unique=True)
    group_name: Mapped[str | None]
    name: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    retired: Mapped[bool] = mapped_column(default=False)  # deleted in WeCom


class ContactTag(Table):
    __tablename__ = 'contact_tag'

    contact_id: Mapped[int] = mapped_column(ForeignKey('contact.id', ondelete='CASCADE'), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey('tag.id', ondelete='CASCADE'), primary_key=True, index=True)
    since: Mapped[datetime] = mapped_column(default=utc_now)
