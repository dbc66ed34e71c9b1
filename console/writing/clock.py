"""Clock times of a reply: 14:00, 下午两点半, 晚上七点."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from console.writing.context import Check
from console.writing.days import SCHEDULE, is_aside, weekdays
from console.writing.grounds import Clause, Grounds
from console.writing.numerals import value

_PART = '凌晨|早上|早晨|清早|上午|中午|下午|傍晚|晚上|今早|明早|今晚|明晚|夜里|晚'
_HOUR = r'[零〇一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九]'
_MINUTE = r'半|一刻|三刻|\d{1,2}分?|(?:[二三四五]?十[一二三四五六七八九]?|零?[五])分?'
TIME = re.compile(
    rf'(?:(?P<part>{_PART})\s*)?(?:(?<!\d)(?P<hour>\d{{1,2}})\s*:\s*(?P<minute>[0-5]\d)(?!\d)'
    rf'|(?P<oclock>(?<![\d.])\d{{1,2}}|(?<![第这哪几以下共有])(?:{_HOUR}))点(?![\d.]*[折%元])'
    rf'(?:整|钟|(?P<past>{_MINUTE}))?(?![建要需说意]))'
)
_AFTER_NOON = {'下午', '傍晚', '晚上', '今晚', '明晚', '夜里', '晚'}
_NOON = 12


@dataclass(frozen=True)
class Time:
    """`minutes` since midnight: both halves of the day where the words leave it open."""

    minutes: frozenset[int]
    words: str


def times(text: str) -> tuple[Time, ...]:
    """Every clock time of a text in NFKC."""
    return tuple(_times(text))


def check_times(grounds: Grounds) -> Iterator[Check]:
    """Times that neither the school nor the parent named; the parent's word alone makes no timetable."""
    seen: set[str] = set()
    for claim in grounds.claims:
        for time in claim.read(times):
            if time.words in seen or _held(time, grounds, claim, 'knowledge', 'record', 'staff'):
                continue
            if _held(time, grounds, claim, 'parent') and (is_aside(claim) or not SCHEDULE.search(claim.text)):
                continue
            seen.add(time.words)
            yield Check(
                kind='time', level='block', text=f'时间“{time.words}”在知识库和档案里没有依据', detail=time.words
            )


def _held(time: Time, grounds: Grounds, claim: Clause, *origins: str) -> bool:
    on = claim.read(weekdays)
    return any(
        known.minutes & time.minutes and not (on and clause.read(weekdays) and not on & clause.read(weekdays))
        for clause in grounds.holding(claim, *origins)  # type: ignore[arg-type]
        for known in clause.read(times)
    )


def _times(text: str) -> Iterator[Time]:
    part = ''
    end = -1
    for found in TIME.finditer(text):
        # 下午两点到四点: the second is in the afternoon, too.
        follows = end >= 0 and re.fullmatch(r'\s*(?:到|至|-|~|—)\s*', text[end : found.start()])
        part = found['part'] or (part if follows else '')
        end = found.end()
        written = found['hour'] or found['oclock']
        hour = value(written)
        if hour is None or hour > 24 or (not found['hour'] and _is_no_time(found)):
            continue
        minutes = int(hour) * 60 + _minutes_past(found['minute'] or found['past'])
        yield Time(frozenset(_readings(minutes, part, exact=bool(found['hour']))), found.group().strip())


def _is_no_time(found: re.Match[str]) -> bool:
    """一点 is also a little."""
    return found['oclock'] == '一' and not found['part'] and not found['past'] and not found.group().endswith('钟')


def _minutes_past(words: str | None) -> int:
    if not words:
        return 0
    fixed = {'半': 30, '一刻': 15, '三刻': 45}
    if words in fixed:
        return fixed[words]
    return int(value(words.removesuffix('分')) or 0)


def _readings(minutes: int, part: str, *, exact: bool) -> set[int]:
    half = _NOON * 60
    if part in _AFTER_NOON or (part == '中午' and minutes < 6 * 60):
        return {minutes + half if minutes < half else minutes}
    if part or minutes >= half or (exact and minutes >= 8 * 60):
        return {minutes}
    return {minutes, minutes + half}
