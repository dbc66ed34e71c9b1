"""Numbers as people write them: `2,160`, `0.216万`, 两千一百六, 一千二百八, 八五."""

import re
from decimal import Decimal

DIGITS = '零〇一幺二两俩三四五六七八九'
CHINESE = rf'[{DIGITS}十百千万亿]+(?:点[{DIGITS}]+)?'
NUMBER = rf'(?:\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:\s*(?:[万千百亿]|[wWkK](?![A-Za-z])))?|{CHINESE}'
"""Of a text in NFKC."""

_WORTH = {sign: worth for worth, signs in enumerate(('零〇', '一幺', '二两俩', *'三四五六七八九')) for sign in signs}
_TIMES = {'十': 10, '百': 100, '千': 1000, 'k': 1000, '万': 10_000, 'w': 10_000, '亿': 100_000_000}
_LONGEST = 40
"""Signs of a number; who writes more means none, and it would be more than Python reads."""

_DIGITS_AND_UNIT = re.compile(r'([\d,.]+)\s*([万千百亿wk]?)', re.IGNORECASE)


def value(words: str) -> Decimal | None:
    """What a match of `NUMBER` comes to; None where the signs make no number, as in 百千."""
    if found := _DIGITS_AND_UNIT.fullmatch(words):
        return (Decimal(found[1].replace(',', '')) * _TIMES.get(found[2].lower(), 1)).normalize()
    whole, _, rest = words.partition('点')
    worth = _whole(whole) if len(whole) <= _LONGEST else None
    if worth is None or not rest:
        return None if worth is None else Decimal(worth).normalize()
    return Decimal(f'{worth}.{"".join(str(_WORTH[sign]) for sign in rest)}').normalize()


def _whole(signs: str) -> int | None:
    if all(sign in _WORTH for sign in signs):
        return int(''.join(str(_WORTH[sign]) for sign in signs)) if signs else None
    for unit in '亿万':
        if unit in signs:
            before, _, after = signs.partition(unit)
            most, rest = _whole(before), _whole(after) if after else 0
            if most is None or rest is None:
                return None
            # 两万五 is 25000.
            short = len(after) == 1 and after in _WORTH
            return most * _TIMES[unit] + rest * (_TIMES[unit] // 10 if short else 1)
    return _below_ten_thousand(signs)


def _below_ten_thousand(signs: str) -> int | None:
    total, digit, last, was_zero = 0, None, 10, False
    for place, sign in enumerate(signs):
        if sign in _WORTH:
            if digit:
                return None
            digit, was_zero = _WORTH[sign], was_zero or _WORTH[sign] == 0
        else:
            if digit is None and (sign != '十' or (place and signs[place - 1] in '十百千')):
                return None
            total += (1 if digit is None else digit) * _TIMES[sign]
            digit, last = None, _TIMES[sign]
    # 一千二百八 is 1280, 一千二百零八 is 1208.
    return total + (digit or 0) * (1 if was_zero or last <= 10 else last // 10)
