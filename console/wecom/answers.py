"""Values in WeCom's answers, taken for what its pages say they are; what is something else counts as not said."""

from typing import Any


def text(value: Any) -> str | None:
    """Words; empty ones are none."""
    return value if isinstance(value, str) and value else None


def texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []


def number(value: Any) -> int | None:
    """A whole number, which some of WeCom's services send as a text, and yes as true."""
    try:
        return int(value) if isinstance(value, int | str) else None
    except ValueError:
        return None


def fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[dict[str, Any]]:
    """Those of a list that have fields."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
