"""What the school knows and may say."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class EntryStatus(StrEnum):
    DRAFT = 'draft'
    APPROVED = 'approved'
    RETIRED = 'retired'


class KnowledgeEntry(Table):
    __tablename__ = 'knowledge_entry'
    __table_args__ = (Index(None, 'version', 'updated_at'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    external_key: Mapped[str | None] = mapped_column(unique=True)
    question: Mapped[str]
    variants: Mapped[list[Any]] = mapped_column(default=list)
    answer: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    status: Mapped[EntryStatus] = mapped_column(default=EntryStatus.APPROVED, index=True)
    owner: Mapped[str | None]
    draft_id: Mapped[int | None] = mapped_column(ForeignKey('draft.id', ondelete='SET NULL'))  # what it was learnt from
    version: Mapped[int] = mapped_column(default=1)
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
