"""What each sentence of a reply rests on, worked out from the words alone."""

import re
import unicodedata
from decimal import Decimal

from console.writing.context import Context, Source
from console.writing.plaintext import numbers, sentences
from console.writing.prompt import record_lines

_FILLER = re.compile('[您你我们的了吗呢吧啊哦是在有和与也都就请可以需要会能到这那哈嗯呀好谢谢家长老师]')
_LIST_MARK = re.compile(r'^\s*\d{1,2}[.、)）]\s*(?!\d)')
_ENOUGH = 0.45
_ENOUGH_WITH_NUMBERS = 0.25


def trace(text: str, context: Context, *, cited: tuple[int, ...] = ()) -> tuple[Source, ...]:
    """One `Source` a sentence, in order.

    A sentence rests on the knowledge entry, the record or the parent's words that hold most of its word pairs
    and every one of its numbers; where none holds enough, on nothing. `cited` (numbers from 1 into
    `context.knowledge`) only decides between equals.
    """
    candidates = _candidates(context, cited)
    return tuple(_source(sentence, candidates) for sentence in sentences(text))


class _Candidate:
    def __init__(self, text: str, source: dict[str, str | None]) -> None:
        self.pairs = _pairs(text)
        self.numbers = numbers(text)
        self.source = source


def _candidates(context: Context, cited: tuple[int, ...]) -> list[_Candidate]:
    found = []
    numbered = sorted(enumerate(context.knowledge, start=1), key=lambda item: item[0] not in cited)
    for _, entry in numbered:
        text = ' '.join([entry.question, entry.answer, *(f'{name} {fact}' for name, fact in entry.facts.items())])
        found.append(_Candidate(text, {'kind': 'knowledge', 'ref': str(entry.id), 'title': entry.question}))
    if context.student:
        text = ' '.join(record_lines(context.student))
        found.append(_Candidate(text, {'kind': 'record', 'ref': None, 'title': '学员档案'}))
    said = ' '.join(line.text for line in (*context.history, *context.turn) if line.who == 'parent')
    found.append(_Candidate(said, {'kind': 'customer', 'ref': None, 'title': '家长的话'}))
    return found


def _source(sentence: str, candidates: list[_Candidate]) -> Source:
    words = _LIST_MARK.sub('', sentence)
    pairs, figures = _pairs(words), numbers(words)
    best, best_share = None, 0.0
    for candidate in candidates:
        share = _share(pairs, figures, candidate)
        if share > best_share:
            best, best_share = candidate, share
    if best is None:
        return Source(sentence=sentence, kind='none')
    return Source(sentence=sentence, **best.source)  # type: ignore[arg-type]


def _share(pairs: set[str], figures: set[Decimal], candidate: _Candidate) -> float:
    """How much of the sentence the candidate holds; 0 where that is not enough to say it rests on it."""
    if len(pairs) < 2 or not figures <= candidate.numbers:
        return 0.0
    share = len(pairs & candidate.pairs) / len(pairs)
    return share if share >= (_ENOUGH_WITH_NUMBERS if figures else _ENOUGH) else 0.0


def _pairs(text: str) -> set[str]:
    """Neighbouring characters of the content words; Latin words and numbers whole."""
    text = unicodedata.normalize('NFKC', text).lower().replace(',', '')
    pairs = set(re.findall(r'[a-z0-9.]+', text))
    for run in re.findall('[\u4e00-\u9fff]+', text):
        for part in _FILLER.split(run):
            pairs.update(part[i : i + 2] for i in range(len(part) - 1))
    return pairs
