"""The school's own vocabulary: what the writer, the search and the checks must know."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class TermKind(StrEnum):
    WORD = 'word'  # a name or a word of the school that is not to be cut apart
    SYNONYM = 'synonym'  # what parents say in place of it stands in `others`
    PROMISE = 'promise'  # must not be said to a parent
    LINK = 'link'  # a host that replies may point to


class Term(Table):
    __tablename__ = 'term'
    __table_args__ = (UniqueConstraint('kind', 'word'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[TermKind]
    word: Mapped[str]
    others: Mapped[list[Any]] = mapped_column(default=list)
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
