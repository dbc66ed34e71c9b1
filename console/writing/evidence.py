"""What each sentence of a reply rests on, worked out from the words alone."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from console.writing.context import Context, Source
from console.writing.lexicon import lines
from console.writing.plaintext import numbers, sentences, word_pairs
from console.writing.prompt import record_lines

_LIST_MARK = re.compile(r'^\s*\d{1,2}[.、)）]\s*(?!\d)')
_ENOUGH = 0.45
_ENOUGH_WITH_NUMBERS = 0.25
_COURTESY = re.compile('|'.join(lines('courtesies.txt')))
_BREAK = re.compile(r'[\s,，。.!！?？~～、;；:：]+')


def trace(text: str, context: Context, *, cited: tuple[int, ...] = ()) -> tuple[Source, ...]:
    """One `Source` a sentence, in order.

    A sentence rests on the knowledge entry, the record or the parent's words that hold most of its word pairs
    and every one of its numbers; where none holds enough, on nothing, unless it only greets, thanks or says that
    somebody will see to it. `cited` (numbers from 1 into `context.knowledge`) only decides between equals.
    """
    candidates = _candidates(context, cited)
    return tuple(_source(sentence, candidates) for sentence in sentences(text))


def rests_on_knowledge(sentence: str, context: Context) -> bool:
    """Whether a knowledge entry holds enough of this sentence."""
    return _source(sentence, [found for found in _candidates(context, ()) if found.kind == 'knowledge']).kind != 'none'


def is_courtesy(sentence: str) -> bool:
    """Whether a sentence claims nothing: greetings, thanks, wishes, and that an answer will come."""
    parts = [part for part in _BREAK.split(unicodedata.normalize('NFKC', sentence)) if part]
    return all(_COURTESY.fullmatch(part) for part in parts)


@dataclass(frozen=True)
class _Candidate:
    pairs: set[str]
    numbers: set[Decimal]
    kind: str
    ref: str | None = None
    title: str | None = None
    version: int | None = None
    valid_until: str | None = None


def _candidates(context: Context, cited: tuple[int, ...]) -> list[_Candidate]:
    found = []
    numbered = sorted(enumerate(context.knowledge, start=1), key=lambda item: item[0] not in cited)
    for _, entry in numbered:
        text = ' '.join([entry.question, entry.answer, *(f'{name} {fact}' for name, fact in entry.facts.items())])
        found.append(
            _Candidate(
                word_pairs(text),
                numbers(text),
                kind='knowledge',
                ref=str(entry.id),
                title=entry.question,
                version=entry.version,
                valid_until=entry.valid_until.isoformat() if entry.valid_until else None,
            )
        )
    if context.student:
        text = ' '.join(record_lines(context.student))
        found.append(_Candidate(word_pairs(text), numbers(text), kind='record', title='学员档案'))
    said = ' '.join(line.text for line in (*context.history, *context.turn) if line.who == 'parent')
    found.append(_Candidate(word_pairs(said), numbers(said), kind='customer', title='家长的话'))
    return found


def _source(sentence: str, candidates: list[_Candidate]) -> Source:
    if is_courtesy(sentence):
        return Source(sentence=sentence, kind='courtesy')
    words = _LIST_MARK.sub('', sentence)
    pairs, figures = word_pairs(words), numbers(words)
    best, best_share = None, 0.0
    for candidate in candidates:
        share = _share(pairs, figures, candidate)
        if share > best_share:
            best, best_share = candidate, share
    if best is None:
        return Source(sentence=sentence, kind='none')
    return Source(
        sentence=sentence,
        kind=best.kind,  # type: ignore[arg-type]
        ref=best.ref,
        title=best.title,
        version=best.version,
        valid_until=best.valid_until,
    )


def _share(pairs: set[str], figures: set[Decimal], candidate: _Candidate) -> float:
    """How much of the sentence the candidate holds; 0 where that is not enough to say it rests on it."""
    if len(pairs) < 2 or not figures <= candidate.numbers:
        return 0.0
    share = len(pairs & candidate.pairs) / len(pairs)
    return share if share >= (_ENOUGH_WITH_NUMBERS if figures else _ENOUGH) else 0.0
