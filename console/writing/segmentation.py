"""Chinese text as words worth searching for: segmented, synonyms united, filler dropped."""

import logging
import re
import unicodedata
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from console.writing import vocabulary
from console.writing.lexicon import lines
from console.writing.vocabulary import Vocabulary

_WORD = re.compile(r'\w')


class Words:
    """Cuts text into words. The dictionary is read on first use (about a second) and cached in `cache_dir`."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._filler = frozenset(lines('filler.txt'))
        self._canonical = {word: group[0] for group in map(str.split, lines('synonyms.txt')) for word in group}
        self._subjects = frozenset(self._canonical.get(word, word) for word in lines('subjects.txt'))
        self._tokenizer: Any = None
        self._ready: dict[Vocabulary, _Own] = {}

    def __call__(self, text: str, school: Vocabulary = vocabulary.NONE) -> list[str]:
        """The informative words in order, each as the first of its synonyms; a word may repeat."""
        own = self._own(school)
        found = (self._canonical.get(word, word) for word in self._cut(normal(text), own))
        united = (own.canonical.get(word, word) for word in found)
        return [word for word in united if _WORD.search(word) and word not in self._filler]

    def subjects(self, text: str, school: Vocabulary = vocabulary.NONE) -> set[str]:
        """The school subjects and grades the text names."""
        return {word for word in self(text, school) if word in self._subjects}

    def differing(self, one: Vocabulary, other: Vocabulary) -> set[str]:
        """The words which the two vocabularies treat differently: only a text with one of them is cut anew."""
        here, there = self._own(one), self._own(other)
        united = {word for word, _ in here.canonical.items() ^ there.canonical.items()}
        shared = {word for word, canonical in self._canonical.items() if canonical in united}
        return {*(here.whole ^ there.whole), *united, *shared}

    def _cut(self, text: str, own: '_Own') -> list[str]:
        if self._tokenizer is None:
            self._tokenizer = self._load()
        pieces = own.pattern.split(text) if own.pattern else [text]
        return [part for piece in pieces for part in ([piece] if piece in own.whole else self._jieba(piece))]

    def _jieba(self, text: str) -> list[str]:
        return [part for word in self._tokenizer.cut(text) for part in self._parts(word)]

    def _own(self, school: Vocabulary) -> '_Own':
        ready = self._ready.get(school)
        if ready is None:
            canonical: dict[str, str] = {}
            for group in school.synonyms:
                members = list(map(normal, group))
                root = self._canonical.get(members[0], members[0])
                for word in members:
                    canonical[word] = canonical[self._canonical.get(word, word)] = root
            whole = frozenset(
                {*map(normal, school.words), *(normal(word) for group in school.synonyms for word in group)}
            )
            longest_first = sorted(whole, key=lambda word: (-len(word), word))
            pattern = re.compile(f'({"|".join(map(re.escape, longest_first))})') if whole else None
            ready = _Own(whole, canonical, pattern)
            self._ready = {school: ready}  # the school has one; the last one is enough
        return ready

    def _parts(self, word: str) -> list[str]:
        """A known word stays whole, so that its synonyms unite; a compound also gives the words inside it."""
        if word in self._canonical or len(word) < 3:
            return [word]
        inside: list[str] = list(self._tokenizer.cut_for_search(word))
        return inside

    def _load(self) -> Any:
        with warnings.catch_warnings():
            # jieba's source has invalid escapes and looks for pkg_resources.
            warnings.simplefilter('ignore')
            import jieba
        jieba.setLogLevel(logging.WARNING)
        self._cache_dir.mkdir(parents=True, exist_ok=True)
        tokenizer = jieba.Tokenizer()
        tokenizer.tmp_dir = str(self._cache_dir)
        tokenizer.initialize()
        for word in [*lines('terms.txt'), *lines('subjects.txt'), *self._canonical]:
            tokenizer.add_word(word, freq=200_000 * len(word))
        return tokenizer


@dataclass(frozen=True)
class _Own:
    """A vocabulary made ready: what stays whole, which word stands for which."""

    whole: frozenset[str]
    canonical: dict[str, str]
    pattern: re.Pattern[str] | None


def normal(text: str) -> str:
    """Full and half width, capitals and small letters are one."""
    return unicodedata.normalize('NFKC', text).lower()


@cache
def words(cache_dir: Path) -> Words:
    """The one `Words` of this folder: its dictionary takes 100 MB, so everyone shares it."""
    return Words(cache_dir)
