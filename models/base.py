"""The declarative base, and the columns that many tables share."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, Dialect, Enum, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

LARGEST_INTEGER = 2**31 - 1
"""What an INTEGER column holds on both databases. More is not looked for, nor kept."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware UTC in Python on both databases (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError('a moment needs a time zone')
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(
        naming_convention={
            'ix': 'ix_%(table_name)s_%(column_0_N_name)s',
            'uq': 'uq_%(table_name)s_%(column_0_N_name)s',
            'ck': 'ck_%(table_name)s_%(constraint_name)s',
            'fk': 'fk_%(table_name)s_%(column_0_N_name)s',
            'pk': 'pk_%(table_name)s',
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        str: String,
        StrEnum: Enum(
            StrEnum, native_enum=False, length=32, values_callable=lambda words: [word.value for word in words]
        ),
    }


def storable(words: str) -> str:
    """`words` without NUL, which PostgreSQL refuses, and without half surrogate pairs, which nothing encodes."""
    words = words.replace('\x00', '')
    try:
        words.encode()
    except UnicodeEncodeError:
        return words.encode(errors='ignore').decode()
    return words


def utc_now() -> datetime:
    return datetime.now(UTC)


class Work:
    """Columns of a row that is also a piece of work: claimed for a lease, finished under its token.

    A claim bumps `lease_token`; whoever finishes must name the token, so a late finisher is refused.
    `lost_leases` counts claims that ended without a result; the third parks the row.
    """

    due_at: Mapped[datetime] = mapped_column(default=utc_now)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[int] = mapped_column(default=0)
    lost_leases: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
