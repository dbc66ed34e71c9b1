"""Figures of a reply: prices, discounts, lessons and other counts, each to be found in a source."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from console.writing import clock, days, personal
from console.writing.context import Check
from console.writing.grounds import DOUBTFUL, Clause, Grounds
from console.writing.links import LINK
from console.writing.numerals import NUMBER, value

_UNITS = {
    'money': r'元(?![旦宵])|块钱?|圆|人民币|rmb',
    'percent': r'%',
    'discount': r'折',
    'lessons': r'个?课时|课次|节(?![日假奏])|次(?!日)|堂|讲(?!义)',
    'people': r'个?(?:孩子|学生|学员|小朋友|同学)|名|人(?!民币)|位',
    'minutes': r'分钟',
    'hours': r'个?小时|个?钟头?',
    'workdays': r'个?工作日',
    'days': r'天|日内',
    'weeks': r'个?(?:星期|礼拜)(?![一二三四五六日天])|周(?![一二三四五六日天末年])',
    'months': r'个月',
    'years': r'年(?![级\d])',
    'age': r'周?岁',
    'score': r'分(?![钟期校班店开别享之组一二三四五六七八九十\d])',
}
_MONEY_WORD = re.compile(
    r'(?:学费|价格|原价|现价|单价|费用|收费|售价|押金|定金|工本费|报名费|优惠价|只要|仅需|便宜|立减|再减|优惠|¥|￥)'
    r'(?:是|为|只要|仅|共|合计|一共|:|\s|¥)*$'
)
_GIVEN_OR_LEFT = re.compile('(?:剩|余|还有|送|赠|补|扣)[^,。]{0,4}$')
_LEFT = re.compile('(?:剩|余|还有|没上)[^,。]{0,4}$')
_USED = re.compile('(?:已上|已经上|上了|用了|已用|消耗)[^,。]{0,4}$')
_VAGUE = re.compile('[这那过近前后头每第几多某]$')
_FIGURE = re.compile(
    rf'(?P<of_hundred>百分之(?!百)(?P<share>{NUMBER}))'
    rf'|(?P<number>{NUMBER})\s*(?:多|余|来)?\s*(?P<unit>'
    + '|'.join(f'(?P<{dimension}>{unit})' for dimension, unit in _UNITS.items())
    + ')?',
    re.IGNORECASE,
)
_SIGN = re.compile(r'[¥￥]\s*$')
_RANGE = re.compile(rf'(?P<number>{NUMBER})\s*(?:到|至|-|~|—)\s*$')
_HALF_HOUR = re.compile('半个?(?:小时|钟头)')
_WHOLE_HOURS = re.compile(rf'(?P<number>{NUMBER})个$')
_REACH = 60
"""Signs before a figure that are looked at: were it all that stands before, a text of figures would take hours."""

_FREE = re.compile('免费|免学费|免单|半价|不收费|不要钱|全免')
_OF_WEIGHT = frozenset({'money', 'percent', 'discount', 'lessons', 'score', 'bare'})
"""Dimensions in which the parent's own word confirms nothing."""
_LEAST_BARE = 100


@dataclass(frozen=True)
class Figure:
    """`dimension` is a key of `_UNITS`, or 'bare' for a number without one. `words` as they stand.

    `about` is 'left' or 'used' for what is left or used up of something."""

    dimension: str
    amount: Decimal
    words: str
    about: str = ''


def check_amounts(grounds: Grounds) -> Iterator[Check]:
    """Figures, and words for what costs nothing, that the sources do not hold."""
    seen: set[str] = set()
    for claim in grounds.claims:
        for figure in claim.read(figures):
            if figure.words not in seen and (found := _check(figure, claim, grounds)):
                seen.add(figure.words)
                yield found
        for word in _FREE.findall(claim.text):
            if word not in seen and not any(
                _FREE.search(clause.text) for clause in grounds.holding(claim, 'knowledge', 'record', 'staff')
            ):
                seen.add(word)
                yield Check(kind='amount', level='block', text=f'“{word}”在知识库和档案里没有依据', detail=word)


def figures(text: str) -> tuple[Figure, ...]:
    """Every figure of a text in NFKC, without its dates, times, addresses and personal numbers."""
    return tuple(_figures(_without_other_numbers(text)))


def _figures(text: str) -> Iterator[Figure]:
    for found in _HALF_HOUR.finditer(text):
        whole = _WHOLE_HOURS.search(_before(text, found))
        hours = value(whole['number']) if whole else None
        yield Figure('minutes', 60 * (hours or Decimal(0)) + 30, f'{whole.group() if whole else ""}{found.group()}')
    for found in _FIGURE.finditer(text):
        if found['of_hundred']:
            if (share := value(found['share'])) is not None:
                yield Figure('percent', share, found.group())
            continue
        amount = value(found['number'])
        before = _before(text, found)
        dimension = None if amount is None else _dimension(found, amount, before)
        if amount is None or dimension is None:
            continue
        sign = _SIGN.search(before)
        words = f'{sign.group() if sign else ""}{found.group()}'.strip()
        yield _in_least_unit(dimension, amount, words, _about(before))
        if first := _RANGE.search(before):
            least = value(first['number'])
            if least is not None and dimension != 'bare':
                yield _in_least_unit(dimension, least, first['number'])


def _before(text: str, found: re.Match[str]) -> str:
    return text[max(0, found.start() - _REACH) : found.start()]


def _in_least_unit(dimension: str, amount: Decimal, words: str, about: str = '') -> Figure:
    if dimension == 'hours':
        return Figure('minutes', amount * 60, words)
    if dimension == 'discount' and amount >= 10:
        return Figure('discount', (amount / 10).normalize(), words)
    return Figure(dimension, amount.normalize(), words, about)


def _about(before: str) -> str:
    if _LEFT.search(before):
        return 'left'
    return 'used' if _USED.search(before) else ''


def _dimension(found: re.Match[str], amount: Decimal, before: str) -> str | None:
    """None where the number is none of weight, such as the 一 of 一次性 or the 十 of 十分感谢."""
    unit = next((name for name in _UNITS if found[name]), None)
    in_digits = found['number'][:1].isdigit()
    if _SIGN.search(before):
        return 'money'
    if unit is None and _MONEY_WORD.search(before) and (in_digits or amount >= _LEAST_BARE):
        return 'money'
    if in_digits:
        return unit or ('bare' if amount >= _LEAST_BARE else None)
    if unit is None:
        # 一百 may be a figure of speech.
        return 'bare' if amount >= _LEAST_BARE and len(found['number']) > 2 else None
    return None if _is_idle(found, unit, amount, before) else unit


def _is_idle(found: re.Match[str], unit: str, amount: Decimal, before: str) -> bool:
    """Whether a Chinese number counts nothing: 十分, 一块儿, 两位, 这两天, 一次."""
    if found['number'] in {'十', '百', '千', '万'} and unit in {'score', 'people', 'lessons'}:
        return True
    if found.group() == '一块' or found['unit'] == '位' or _VAGUE.search(before):
        return True
    is_one = amount == 1 and unit not in {'money', 'discount'}
    return is_one and not (unit == 'lessons' and _GIVEN_OR_LEFT.search(before))


def _check(figure: Figure, claim: Clause, grounds: Grounds) -> Check | None:
    if any(_holds(clause, figure) for clause in grounds.holding(claim, 'knowledge', 'record', 'staff')):
        return None
    said = any(_holds(clause, figure) for clause in grounds.behind(claim, 'parent'))
    kind = 'amount' if figure.dimension in _OF_WEIGHT else 'figure'
    words = figure.words
    if said and kind == 'figure':
        return None
    if said and DOUBTFUL.search(claim.sentence):
        return Check(kind=kind, level='warn', text=f'“{words}”只在家长的话里出现过，请核实', detail=words)
    if said:
        return Check(
            kind=kind, level='block', text=f'“{words}”只是家长的说法，知识库和档案里没有，不能照此确认', detail=words
        )
    if figure.dimension == 'bare':
        return Check(kind='figure', level='warn', text=f'数字“{words}”没有找到依据，请核实', detail=words)
    return Check(kind=kind, level='block', text=f'“{words}”在知识库、档案和对话里都没有依据', detail=words)


def _holds(clause: Clause, figure: Figure) -> bool:
    return any(
        known.amount == figure.amount
        and (known.dimension == figure.dimension or 'bare' in (known.dimension, figure.dimension))
        and known.about == figure.about
        for known in clause.read(figures)
    )


def _without_other_numbers(text: str) -> str:
    for pattern in (personal.TOKEN, personal.NUMBERS, LINK, days.DATE, clock.TIME, days.WEEKDAY):
        text = pattern.sub(lambda found: ' ' * len(found.group()), text)
    return text
