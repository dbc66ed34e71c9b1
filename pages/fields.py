"""What people type into fields, read as numbers, dates and times; and the ids that a browser names."""

from datetime import date, datetime, time

from console import calendar
from console.errors import Invalid
from models import LARGEST_INTEGER

FIRST_YEAR = 2000
"""Nothing of a school's is older; and the first days there are have no time in UTC."""


def number(field: str, typed: str) -> int | None:
    """Raises `Invalid`. None where nothing was typed."""
    typed = (typed or '').strip()
    if not typed:
        return None
    if not typed.isascii() or not typed.isdigit() or len(typed) > 6:
        raise Invalid(field, '请填写整数。')
    return int(typed)


def day(field: str, typed: str | None) -> date | None:
    """Raises `Invalid`. None where nothing was typed."""
    words = str(typed or '').strip()
    if not words:
        return None
    try:
        return _late_enough(field, date.fromisoformat(words))
    except ValueError:
        raise Invalid(field, '请按 2026-09-01 的样子填写日期。') from None


def clock(field: str, typed: str) -> time | None:
    """Raises `Invalid`. None where nothing was typed."""
    if not typed:
        return None
    try:
        return time.fromisoformat(str(typed)).replace(tzinfo=None)
    except ValueError:
        raise Invalid(field, '请按 22:00 的样子填写时间。') from None


def moment(field: str, typed: str | None) -> datetime | None:
    """A day and a time by the school's clock. Raises `Invalid`. None where nothing was typed."""
    words = str(typed or '').strip()
    if not words:
        return None
    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        raise Invalid(field, '请按 2026-09-01T08:30 的样子填写日期和时间。') from None
    return calendar.moment(_late_enough(field, at.date()), at.time())


def known_id(told: object) -> int | None:
    """An id as a browser names it, which may say anything: None if it cannot be one of ours."""
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) <= len(str(LARGEST_INTEGER)):
        told = int(told)
    return told if type(told) is int and 0 < told <= LARGEST_INTEGER else None


def _late_enough(field: str, on: date) -> date:
    if on.year < FIRST_YEAR:
        raise Invalid(field, f'请填写 {FIRST_YEAR} 年以后的日期。')
    return on
