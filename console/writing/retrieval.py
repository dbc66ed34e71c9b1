"""Which knowledge entries answer a question, best first."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import log
from pathlib import Path

from tantivy import Document, Index, Occur, Query, SchemaBuilder, Searcher

from console.writing import vocabulary
from console.writing.context import Knowledge
from console.writing.plaintext import sentences
from console.writing.segmentation import normal, words
from console.writing.vocabulary import Vocabulary

_HEAP_BYTES = 15_000_000
"""The least that tantivy's writer takes; what is put in beyond it is flushed on the way."""

_MOST_OF_A_TERM = 2.2
"""What tantivy's BM25 gives at most for a term found ever so often, in rarities: k1 + 1."""

_EVERYWHERE = '*'
"""A term of every entry: how often it stands is how many entries tantivy counts, those not yet swept out among them."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """`score` runs from 0 to 1: how much of what was asked the entry speaks of."""

    id: int
    score: float


class KnowledgeIndex:
    """A full-text index of knowledge entries in memory, ranked by BM25. Not safe for two threads at once.

    tantivy keeps and ranks; what is a term is ours, since it cuts no Chinese. An entry is put in or taken out by
    itself, and the next search sees it.
    """

    def __init__(self, cache_dir: Path) -> None:
        self._words = words(cache_dir)
        self._school = vocabulary.NONE
        self._clear()

    def _clear(self) -> None:
        builder = SchemaBuilder()
        builder.add_integer_field('id', stored=True, indexed=True)
        builder.add_text_field('terms', tokenizer_name='whitespace', index_option='freq')
        self._schema = builder.build()
        self._index = Index(self._schema)
        self._index.config_reader(reload_policy='manual')
        self._writer = self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        self._ids: set[int] = set()
        self._waiting: dict[int, str | None] = {}  # the terms of an entry, or None for one that leaves

    def __len__(self) -> int:
        return len(self._ids)

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
        self._ids.add(entry.id)
        self._waiting[entry.id] = ' '.join(self._document(entry).elements())

    def remove(self, entry_id: int) -> None:
        """Take an entry out, if it is in."""
        if entry_id in self._ids:
            self._ids.remove(entry_id)
            self._waiting[entry_id] = None

    def search(self, query: str, limit: int = 5) -> list[Hit]:
        """The entries that speak of what was asked, best first.

        Each sentence of a longer query also counts by itself.
        """
        self._settle()
        if not self._ids:
            return []
        searcher = self._index.searcher()
        whole = self._asked(query, searcher)
        best = Query.disjunction_max_query([whole, *(self._asked(sentence, searcher) for sentence in sentences(query))])
        both = Query.boolean_query([(Occur.Should, whole), (Occur.Should, best)])
        hits = searcher.search(both, limit, count=False).hits
        ranked = sorted((-score / 2, searcher.doc(address)['id'][0]) for score, address in hits)
        return [Hit(id=entry_id, score=min(1.0, round(-score, 4))) for score, entry_id in ranked]

    def _settle(self) -> None:
        """Take in what was put in and taken out since the last search."""
        if not self._waiting:
            return
        for entry_id, terms in self._waiting.items():
            self._writer.delete_documents_by_term('id', entry_id)
            if terms is not None:
                document = Document()
                document.add_integer('id', entry_id)
                document.add_text('terms', f'{_EVERYWHERE} {terms}')
                self._writer.add_document(document)
        self._writer.commit()
        self._index.reload()
        self._waiting = {}

    def _asked(self, query: str, searcher: Searcher) -> Query:
        """Ranks by the share of the most that BM25 could give: every term found, however often."""
        terms = Counter(self._terms(query))
        count = searcher.doc_freq('terms', _EVERYWHERE)
        rarities = (times * _rarity(count, searcher.doc_freq('terms', term)) for term, times in terms.items())
        most = _MOST_OF_A_TERM * sum(rarities)
        weighed = [Query.boost_query(self._having(term), times / most) for term, times in terms.items()]
        return Query.boolean_query([(Occur.Should, one) for one in weighed])

    def _having(self, term: str) -> Query:
        return Query.term_query(self._schema, 'terms', term, 'freq')

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
        terms = [re.sub(r'\s+', '_', word) for word in self._words(text, self._school)] * 2
        for run in re.findall('[\u4e00-\u9fffa-z0-9]+', text):
            terms += [f'1:{character}' for character in run]
            terms += [f'2:{run[i : i + 2]}' for i in range(len(run) - 1)]
        return terms


def _rarity(count: int, seen: int) -> float:
    """How much a term tells that so many of all entries have."""
    return log(1 + (count - seen + 0.5) / (seen + 0.5))
