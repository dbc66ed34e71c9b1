"""The messages that a text arrives as."""

from console.wecom import messages
from console.wecom.text import parts

MOST_BYTES = messages.LONGEST_TEXT


def cut(text: str) -> list[str]:
    """In order; none for a blank text."""
    return parts(text, MOST_BYTES)


def count(text: str) -> int:
    """How many; a blank text counts as one."""
    return len(cut(text)) if len(text.encode(errors='replace')) > MOST_BYTES else 1
