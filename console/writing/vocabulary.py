"""The words of one school, beside the lists that every school shares."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """`words` are not cut apart. Each of `synonyms` is a group of words that mean the same, the first for them all."""

    words: frozenset[str] = frozenset()
    synonyms: tuple[tuple[str, ...], ...] = ()


NONE = Vocabulary()
