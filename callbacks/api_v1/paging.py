"""Pages of a list: a cursor is the key of the last row, so rows that come or go meanwhile shift nothing."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field

from console.errors import Invalid
from models import LARGEST_INTEGER

T = TypeVar('T')


class Page(BaseModel, Generic[T]):
    items: list[T]
    next_cursor: str | None = Field(description='For the next page; null: this was the last')


def cursor_after(*key: Any, kind: str = '') -> str:
    """The key of a row as an opaque word. `kind` names the order, where a list has several."""
    plain = [kind, *(part.isoformat() if isinstance(part, datetime) else part for part in key)]
    return base64.urlsafe_b64encode(json.dumps(plain, ensure_ascii=False).encode()).decode().rstrip('=')


def key_in(cursor: str | None, *types: type, kind: str = '') -> Any:
    """The key in a cursor as a tuple of these types, or None without a cursor. Raises `Invalid`."""
    if cursor is None:
        return None
    try:
        padded = cursor + '=' * (-len(cursor) % 4)
        given = json.loads(base64.b64decode(padded.encode(), altchars=b'-_', validate=True))
        if not isinstance(given, list) or len(given) != len(types) + 1 or given[0] != kind:
            raise ValueError('not a key of this list')
        return tuple(_part(value, kind) for value, kind in zip(given[1:], types, strict=True))
    except (ValueError, RecursionError, OverflowError):
        raise Invalid('cursor', '翻页游标（cursor）无效，请从第一页重新开始。') from None


def split(rows: Sequence[T], limit: int) -> tuple[Sequence[T], T | None]:
    """Of `limit` + 1 rows asked for: those of this page, and its last one if there are more."""
    page = rows[:limit]
    return page, page[-1] if len(rows) > limit else None


def _part(value: Any, wanted: type) -> Any:
    if wanted is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError('no time zone')
        return moment.astimezone(UTC)
    if wanted is int and type(value) is int and 0 <= value <= LARGEST_INTEGER:
        return value
    if wanted is str and isinstance(value, str) and '\x00' not in value:
        value.encode()
        return value
    raise ValueError('not of this type')
