"""Which knowledge entries answer a question, best first."""

import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

from console.writing.context import Knowledge
from console.writing.plaintext import sentences
from console.writing.segmentation import words


@dataclass(frozen=True, kw_only=True)
class Hit:
    """`score` runs from 0 to 1: how much of what was asked the entry speaks of."""

    id: int
    score: float


class KnowledgeIndex:
    """A full-text index of knowledge entries in memory. Build anew after a change; a search never sees half a build."""

    def __init__(self, cache_dir: Path) -> None:
        self._words = words(cache_dir)
        self._built = _Built(ids=[], rarity={}, bm25=None)

    def build(self, entries: Iterable[Knowledge]) -> None:
        """Replace the content. The caller leaves out what is expired or not yet valid."""
        entries = list(entries)
        documents = [self._terms(_text(entry)) for entry in entries]
        bm25 = None
        if any(documents):
            import bm25s

            logging.getLogger('bm25s').setLevel(logging.WARNING)  # its import asks for DEBUG

            bm25 = bm25s.BM25()
            bm25.index(documents, show_progress=False)
        seen_in = Counter(term for document in documents for term in set(document))
        rarity = {term: _rarity(len(documents), count) for term, count in seen_in.items()}
        self._built = _Built(ids=[entry.id for entry in entries], rarity=rarity, bm25=bm25)

    def search(self, query: str, limit: int = 5) -> list[Hit]:
        """The entries that speak of what was asked, best first.

        Each sentence of a longer query also counts by itself.
        """
        built = self._built
        whole = self._scores(query, built)
        best_part = dict(whole)
        for sentence in sentences(query):
            for entry_id, score in self._scores(sentence, built).items():
                best_part[entry_id] = max(best_part.get(entry_id, 0.0), score)
        scores = {entry_id: (whole.get(entry_id, 0.0) + part) / 2 for entry_id, part in best_part.items()}
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        return [Hit(id=entry_id, score=round(score, 4)) for entry_id, score in ranked[:limit]]

    def _scores(self, query: str, built: '_Built') -> dict[int, float]:
        asked = self._terms(query)
        known = [term for term in asked if term in built.rarity]
        if not known:
            return {}
        unknown = _rarity(len(built.ids), 0)
        # The most BM25 could give: every term found, however often.
        most = sum(built.rarity.get(term, unknown) for term in asked)
        found = zip(built.ids, built.bm25.get_scores(known).tolist(), strict=True)
        return {entry_id: score / most for entry_id, score in found if score > 0}

    def _terms(self, text: str) -> list[str]:
        """Words, counted twice, and beside them characters and pairs, for what is never cut the same way twice."""
        text = unicodedata.normalize('NFKC', text).lower()
        terms = self._words(text) * 2
        for run in re.findall('[\u4e00-\u9fffa-z0-9]+', text):
            terms += [f'1:{character}' for character in run]
            terms += [f'2:{run[i : i + 2]}' for i in range(len(run) - 1)]
        return terms


@dataclass(frozen=True, kw_only=True)
class _Built:
    """`rarity`: how much a term tells, as BM25 weighs it."""

    ids: list[int]
    rarity: dict[str, float]
    bm25: Any


def _text(entry: Knowledge) -> str:
    """What an entry is found by; what is asked weighs twice what is answered."""
    asked = [entry.question, *entry.variants]
    return '\n'.join([*asked, *asked, entry.answer, *entry.facts.values()])


def _rarity(count: int, seen: int) -> float:
    return log(1 + (count - seen + 0.5) / (seen + 0.5))
