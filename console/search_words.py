"""How words are compared in a search: width, case and punctuation do not matter; and the pairs of signs kept of them.

Chinese has no spaces and most searches are of two signs, so the index holds every two that stand side by side.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from console.personal_numbers import TOKEN

LONGEST = 50
"""Signs of a search; more says nothing more."""

_NO_SIGN = '\0'
Piece = tuple[str, bool]
"""A stretch of a text, and whether it was searched for."""


def runs(text: str) -> list[str]:
    """The stretches of letters, numbers and Chinese signs in `text`, folded, without personal numbers' tokens."""
    return ''.join(_folded(sign) for sign in TOKEN.sub(_NO_SIGN, text)).replace(_NO_SIGN, ' ').split()


def grams(text: str) -> list[str]:
    """What the index holds of `text`: all pairs of signs, and the last sign of each run, which begins no pair."""
    found: dict[str, None] = {}
    for run in runs(text):
        found.update(dict.fromkeys(map(''.join, pairwise(run))))
        found[run[-1]] = None
    return list(found)


def wanted(words: str) -> list[str]:
    """The runs that a text must hold to be found, of what somebody typed."""
    return runs(words[:LONGEST])


def holds(text: str, searched: list[str]) -> bool:
    """Whether every one of the runs stands in `text`."""
    here = ' '.join(runs(text))
    return all(run in here for run in searched)


def marked(text: str, searched: list[str], *, around: int = 24, longest: int = 90) -> list[Piece]:
    """The line of `text` where it was found, in pieces; `around` signs before the first find, `longest` in all."""
    folded, places = '', []
    for place, sign in enumerate(text):
        kept = _folded(sign).replace(_NO_SIGN, ' ')
        folded += kept
        places += [place] * len(kept)
    hit: set[int] = set()
    for run in searched:
        for found in re.finditer(re.escape(run), folded):
            hit.update(range(places[found.start()], places[found.end() - 1] + 1))
    start = max(0, min(hit, default=0) - around)
    start = 0 if start < around // 2 else start
    end = min(len(text), start + longest)
    pieces: list[Piece] = []
    for place in range(start, end):
        sign, is_hit = text[place], place in hit
        if pieces and pieces[-1][1] is is_hit:
            pieces[-1] = (pieces[-1][0] + sign, is_hit)
        else:
            pieces.append((sign, is_hit))
    return [('…', False)] * (start > 0) + pieces + [('…', False)] * (end < len(text))


@lru_cache(maxsize=20_000)
def _folded(sign: str) -> str:
    """A sign as it is compared. Invisible ones are nothing at all, and what is no letter or number stands between."""
    if unicodedata.category(sign) == 'Cf':
        return ''
    kept = ''.join(one for one in unicodedata.normalize('NFKC', sign).casefold() if one.isalnum())
    return kept or _NO_SIGN
