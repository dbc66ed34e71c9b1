"""Which knowledge entries answer a question, best first."""

import re
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from console.writing import vocabulary
from console.writing.context import Knowledge
from console.writing.plaintext import sentences
from console.writing.segmentation import normal, words
from console.writing.vocabulary import Vocabulary

_K1, _B = 1.5, 0.75
"""Of BM25, as Lucene has them."""

_ROOM = 0.25
"""Share of places in the index that entries may have left before all move up."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """`score` runs from 0 to 1: how much of what was asked the entry speaks of."""

    id: int
    score: float


class KnowledgeIndex:
    """A full-text index of knowledge entries in memory, ranked by BM25. Not safe for two threads at once.

    An entry is put in or taken out by itself: a changed one costs a millisecond, however many there are.
    """

    def __init__(self, cache_dir: Path) -> None:
        self._words = words(cache_dir)
        self._school = vocabulary.NONE
        self._clear()

    def _clear(self) -> None:
        self._postings: dict[str, _Posting] = {}
        self._ids = array('q')
        self._lengths = array('f')  # inf where an entry left: nothing there weighs anything
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def use(self, school: Vocabulary) -> set[str]:
        """Cut questions by the school's own words from now on. Put entries with one of the returned words in again."""
        differing = self._words.differing(self._school, school)
        self._school = school
        return differing

    def build(self, entries: Iterable[Knowledge]) -> None:
        """Replace the content. The caller leaves out what is expired or not yet valid."""
        self._clear()
        for entry in entries:
            self.put(entry)

    def put(self, entry: Knowledge) -> None:
        """Add an entry, in place of the one with its id."""
        self.remove(entry.id)
        place = len(self._ids)
        terms = self._document(entry)
        for term, count in terms.items():
            posting = self._postings.get(term)
            if posting is None:
                posting = self._postings[term] = _Posting()
            posting.places.append(place)
            posting.counts.append(count)
        self._ids.append(entry.id)
        self._lengths.append(terms.total())
        self._places[entry.id] = place

    def remove(self, entry_id: int) -> None:
        """Take an entry out, if it is in."""
        place = self._places.pop(entry_id, None)
        if place is None:
            return
        self._lengths[place] = inf
        if len(self._ids) - len(self._places) > max(200, _ROOM * len(self._ids)):
            self._move_up()

    def search(self, query: str, limit: int = 5) -> list[Hit]:
        """The entries that speak of what was asked, best first.

        Each sentence of a longer query also counts by itself.
        """
        if not self._places:
            return []
        lengths = np.frombuffer(self._lengths, dtype=np.float32)
        present = np.isfinite(lengths)
        norms = _K1 * (1 - _B + _B * lengths / lengths[present].mean())
        whole = self._scores(query, norms, present)
        best = whole.copy()
        for sentence in sentences(query):
            np.maximum(best, self._scores(sentence, norms, present), out=best)
        scores = (whole + best) / 2
        found = np.flatnonzero(scores > 0)
        if len(found) > limit:  # only those that may be listed are put in order, all of an equal score among them
            found = found[scores[found] >= np.partition(scores[found], -limit)[-limit]]
        ranked = sorted((-float(scores[place]), self._ids[place]) for place in found)
        return [Hit(id=entry_id, score=round(-score, 4)) for score, entry_id in ranked[:limit]]

    def _scores(self, query: str, norms: NDArray[np.float32], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        """For each place, of the most that BM25 could give: every term found, however often."""
        scores = np.zeros(len(norms))
        most = 0.0
        for term, times in Counter(self._terms(query)).items():
            posting = self._postings.get(term)
            places = np.frombuffer(posting.places, dtype=np.int32) if posting else np.empty(0, dtype=np.int32)
            seen = int(np.count_nonzero(present[places])) if len(self._places) < len(norms) else len(places)
            weight = times * _rarity(len(self._places), seen)
            most += weight
            if posting and seen:
                counts = np.frombuffer(posting.counts, dtype=np.float32)
                scores[places] += weight * counts / (counts + norms[places])
        return scores / most if most else scores

    def _move_up(self) -> None:
        """Close the gaps that entries left."""
        kept = np.isfinite(np.frombuffer(self._lengths, dtype=np.float32))
        new_place = np.cumsum(kept, dtype=np.int32) - 1
        self._ids = array('q', np.frombuffer(self._ids, dtype=np.int64)[kept].tobytes())
        lengths = array('f', np.frombuffer(self._lengths, dtype=np.float32)[kept].tobytes())
        self._lengths = lengths
        postings = {}
        for term, posting in self._postings.items():
            places = np.frombuffer(posting.places, dtype=np.int32)
            here = kept[places]
            if here.any():
                counts = np.frombuffer(posting.counts, dtype=np.float32)[here]
                postings[term] = _Posting(
                    array('i', new_place[places[here]].tobytes()), array('f', counts.tobytes())
                )  # fmt: skip
        self._postings = postings
        self._places = {entry_id: place for place, entry_id in enumerate(self._ids)}

    def _document(self, entry: Knowledge) -> Counter[str]:
        """What an entry is found by; what is asked weighs twice what is answered."""
        terms = Counter(self._terms('\n'.join([entry.question, *entry.variants])))
        for term in terms:
            terms[term] *= 2
        terms.update(self._terms('\n'.join([entry.answer, *entry.facts.values()])))
        return terms

    def _terms(self, text: str) -> list[str]:
        """Words, counted twice, and beside them characters and pairs, for what is never cut the same way twice."""
        text = normal(text)
        terms = self._words(text, self._school) * 2
        for run in re.findall('[\u4e00-\u9fffa-z0-9]+', text):
            terms += [f'1:{character}' for character in run]
            terms += [f'2:{run[i : i + 2]}' for i in range(len(run) - 1)]
        return terms


class _Posting:
    """Where a term stands, and how often there."""

    __slots__ = ('counts', 'places')

    def __init__(self, places: 'array[int] | None' = None, counts: 'array[float] | None' = None) -> None:
        self.places = array('i') if places is None else places
        self.counts = array('f') if counts is None else counts


def _rarity(count: int, seen: int) -> float:
    """How much a term tells that so many of all entries have."""
    return log(1 + (count - seen + 0.5) / (seen + 0.5))
