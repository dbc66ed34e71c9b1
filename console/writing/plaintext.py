"""Plain text: without invisible characters, as sentences, as numbers."""

import re
import unicodedata
from decimal import Decimal

_SENTENCE = re.compile(r'[^。！？!?；;\n]*[。！？!?；;\n]+|[^。！？!?；;\n]+$')
_NUMBER = re.compile(r'(\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*([万千]|[wWkK](?![a-zA-Z]))?')
_UNSEEN = re.compile('[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U000e0100-\U000e01ef]')
"""Signs that show nothing although they count as printable."""
_FILLER = re.compile('[您你我们的了吗呢吧啊哦是在有和与也都就请可以需要会能到这那哈嗯呀好谢谢家长老师]')
_TIMES = {'万': 10_000, 'w': 10_000, '千': 1_000, 'k': 1_000}


def clean(text: str) -> str:
    """The text without control, bidirectional, zero-width and private characters; line ends become `\\n`."""
    if text.replace('\n', '').isprintable() and not _UNSEEN.search(text):
        return text
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


def word_pairs(text: str) -> set[str]:
    """Neighbouring characters of the content words; Latin words and numbers whole."""
    text = unicodedata.normalize('NFKC', text).lower().replace(',', '')
    pairs = set(re.findall(r'[a-z0-9.]+', text))
    for run in re.findall('[\u4e00-\u9fff]+', text):
        for part in _FILLER.split(run):
            pairs.update(part[i : i + 2] for i in range(len(part) - 1))
    return pairs


def _invisible(character: str) -> bool:
    if _UNSEEN.match(character):
        return True
    return unicodedata.category(character) in {'Cc', 'Cf', 'Cs', 'Co'}
