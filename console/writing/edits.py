"""How much a person changed of what was proposed."""

from difflib import SequenceMatcher

LARGEST = 2_000_000
"""Pairs of signs compared at most; beyond it, what lies between the common beginning and end counts as rewritten."""


def size(before: str, after: str) -> int:
    """Signs put in, taken out or replaced, 0 for the same text."""
    begin = _shared(before, after)
    before, after = before[begin:], after[begin:]
    end = _shared(before[::-1], after[::-1])
    before, after = before[: len(before) - end], after[: len(after) - end]
    if len(before) * len(after) > LARGEST:
        return max(len(before), len(after))
    compared = SequenceMatcher(None, before, after, autojunk=False)
    return sum(max(j - i, m - k) for kind, i, j, k, m in compared.get_opcodes() if kind != 'equal')


def _shared(one: str, other: str) -> int:
    """How many signs both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (this, that) in pairs if this != that), min(len(one), len(other)))
