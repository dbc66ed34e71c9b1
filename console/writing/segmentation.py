"""Chinese text as words worth searching for: segmented, synonyms united, filler dropped."""

import logging
import re
import unicodedata
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from console.writing.lexicon import lines

_WORD = re.compile(r'\w')


class Words:
    """Cuts text into words. The dictionary is read on first use (about a second) and cached in `cache_dir`."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._filler = frozenset(lines('filler.txt'))
        self._canonical = {word: group[0] for group in map(str.split, lines('synonyms.txt')) for word in group}
        self._subjects = frozenset(self._canonical.get(word, word) for word in lines('subjects.txt'))
        self._tokenizer: Any = None

    def __call__(self, text: str) -> list[str]:
        """The informative words in order, each as the first of its synonyms; a word may repeat."""
        text = unicodedata.normalize('NFKC', text).lower()
        found = (self._canonical.get(word, word) for word in self._cut(text))
        return [word for word in found if _WORD.search(word) and word not in self._filler]

    def subjects(self, text: str) -> set[str]:
        """The school subjects and grades the text names."""
        return {word for word in self(text) if word in self._subjects}

    def _cut(self, text: str) -> list[str]:
        if self._tokenizer is None:
            self._tokenizer = self._load()
        return [part for word in self._tokenizer.cut(text) for part in self._parts(word)]

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


@cache
def words(cache_dir: Path) -> Words:
    """The one `Words` of this folder: its dictionary takes 100 MB, so everyone shares it."""
    return Words(cache_dir)
