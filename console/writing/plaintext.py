"""Plain text: without invisible characters, as sentences, as numbers."""

import re
import unicodedata
from decimal import Decimal

_SENTENCE = re.compile(r'[^。！？!?；;\n]*[。！？!?；;\n]+|[^。！？!?；;\n]+$')
_NUMBER = re.compile(r'(\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*([万千]|[wWkK](?![a-zA-Z]))?')
_TIMES = {'万': 10_000, 'w': 10_000, '千': 1_000, 'k': 1_000}


def clean(text: str) -> str:
    """The text without control, bidirectional, zero-width and private characters; line ends become `\\n`."""
    text = re.sub('\r\n?|[\u2028\u2029\u0085\v\f]', '\n', text)
    return ''.join(c for c in text if c in '\n\t' or not _invisible(c))


def sentences(text: str) -> list[str]:
    """The sentences in order, stripped, none empty."""
    return [found for match in _SENTENCE.finditer(text) if (found := match.group().strip())]


def numbers(text: str) -> set[Decimal]:
    """Every number written in digits: `3,980`, `３９８０` and `0.398万` are all 3980."""
    return {value(*match.groups()) for match in _NUMBER.finditer(unicodedata.normalize('NFKC', text))}


def value(digits: str, unit: str | None = None) -> Decimal:
    return (Decimal(digits.replace(',', '')) * _TIMES.get((unit or '').lower(), 1)).normalize()


def _invisible(character: str) -> bool:
    if '\U000e0100' <= character <= '\U000e01ef' or character in '\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0':
        return True
    return unicodedata.category(character) in {'Cc', 'Cf', 'Cs', 'Co'}
