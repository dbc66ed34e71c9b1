"""The messages that a text arrives as."""

from console.wecom.text import parts

MOST_BYTES = 2048
"""What WeCom takes in one message, of UTF-8."""


def cut(text: str) -> list[str]:
    """In order; none for a blank text."""
    return parts(text, MOST_BYTES)


def count(text: str) -> int:
    """How many; a blank text counts as one."""
    return len(cut(text)) if len(text.encode(errors='replace')) > MOST_BYTES else 1
