"""Forms of which any field may be left out, put onto rows."""

from dataclasses import fields
from typing import Any

from models import Stage


def apply(row: Any, values: Any) -> list[str]:
    """Set what is not None, words without the space around them; the names of what is different now."""
    changed = []
    for one in fields(values):
        value = getattr(values, one.name)
        if isinstance(value, str) and not isinstance(value, Stage):
            value = value.strip()
        if value is not None and value != getattr(row, one.name):
            setattr(row, one.name, value)
            changed.append(one.name)
    return changed
