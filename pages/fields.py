"""What people type into fields, read as numbers, dates and times."""

from datetime import date, time

from console.errors import Invalid


def number(field: str, typed: str) -> int | None:
    """Raises `Invalid`. None where nothing was typed."""
    typed = (typed or '').strip()
    if not typed:
        return None
    if not typed.isascii() or not typed.isdigit() or len(typed) > 6:
        raise Invalid(field, '请填写整数。')
    return int(typed)


def day(field: str, typed: str) -> date | None:
    """Raises `Invalid`. None where nothing was typed."""
    typed = (typed or '').strip()
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
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
