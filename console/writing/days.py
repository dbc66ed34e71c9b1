"""Dates and weekdays of a reply: that they agree with the calendar, and with what the sources say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from console.writing.context import Check
from console.writing.grounds import DOUBTFUL, Clause, Grounds
from console.writing.numerals import value

_SIGNS = '一二三四五六日'
_DAY = r'(?:周|星期|礼拜)(?P<{0}>[一二三四五六日天]|[1-6](?!\d))(?!(?:次|节|回|趟|个|小时|年|[一二三四五六日]?岁))'
_CHINESE = '[一二三四五六七八九十]{1,3}'
DATE = re.compile(
    rf'(?:(?P<year>\d{{4}})\s*[年/.-]\s*)?(?<![\d.])(?P<month>\d{{1,2}})\s*月\s*(?P<day>\d{{1,2}})\s*[日号]'
    rf'|(?<![\d.-])(?P<iso_year>20\d{{2}})[/.-](?P<iso_month>\d{{1,2}})[/.-](?P<iso_day>\d{{1,2}})(?![\d.-])'
    rf'|(?P<cn_month>{_CHINESE})月(?P<cn_day>{_CHINESE})[日号]'
)
WEEKDAY = re.compile(
    '(?P<week>这个?|本|下下?个?|上个?)?'
    + _DAY.format('first')
    + r'(?:\s*(?P<to>到|至|-|~|—)\s*(?:周|星期|礼拜)?(?P<last>[一二三四五六日天])(?!次|节)'
    r'|(?P<more>(?:[、和及]?[一二三四五六日天])+)(?![一-龥]?(?:次|节|年级|岁)))?'
)
_RELATIVE = re.compile('大前天|前天|昨[天日晚]|今[天日晚早]|大后天|后天|明[天日晚早]')
_OFFSET = {'大前': -3, '前天': -2, '昨': -1, '今': 0, '明': 1, '后天': 2, '大后': 3}
_JOINED = re.compile(r'[\s()、是为的那也就,]*(?:(?:上午|下午|晚上|早上)?)')
SCHEDULE = re.compile(
    '上课|开课|有课|的课|下课|上午的班|开门|关门|营业|上班|休息|开班|开营|停课|放假|复课|课程?时间|到期|有效期|截止'
)
_LESSON = re.compile('上课|有课|开课|的课')
_ASIDE = re.compile('请假|调课|补课|缺课|没来|来不了|登记|不上课|没有课|没课|取消')
_NEAR = timedelta(days=35)


@dataclass(frozen=True)
class Day:
    """A day or weekday a text names. `date` is None for a bare weekday, `weekday` (0 is Monday) None for a bare date.

    `said` is the weekday the words give, which may be wrong; `week` is 0 for this week, 1 for the next.
    """

    date: tuple[int | None, int, int] | None
    said: int | None
    offset: int | None
    week: int | None
    words: str


def is_aside(claim: Clause) -> bool:
    """Whether a sentence speaks of a day or time without saying that it is in the timetable."""
    return bool(_ASIDE.search(claim.sentence) or DOUBTFUL.search(claim.sentence))


def weekdays(text: str) -> frozenset[int]:
    """The weekdays a text in NFKC names, ranges in full; Monday is 0."""
    return frozenset(day for found in WEEKDAY.finditer(text) for day in _run(found))


def days(text: str) -> tuple[Day, ...]:
    """Dates and relative days of a text in NFKC, each with the weekday written beside it."""
    return tuple(_days(text))


def check_days(grounds: Grounds) -> Iterator[Check]:
    """Days that contradict the calendar, and days and weekdays without a source."""
    seen: set[str] = set()
    today = grounds.context.now.date()
    for claim in grounds.claims:
        for check in (*_disagreeing(claim, today), *_unfounded(claim, grounds, today)):
            if check.detail not in seen:
                seen.add(check.detail)
                yield check


def _disagreeing(claim: Clause, today: date) -> Iterator[Check]:
    for day in claim.read(days):
        on = _on(day, today)
        if on is None:
            yield _block(f'“{day.words}”不是一个日期', day.words)
        elif day.offset is not None and day.date and on != today + timedelta(days=day.offset):
            yield _block(f'“{day.words}”与日历不符: {_named(today + timedelta(days=day.offset))}', day.words)
        elif day.said is not None and on.weekday() != day.said:
            yield _block(f'“{day.words}”与日历不符: {on.month}月{on.day}日是周{_SIGNS[on.weekday()]}', day.words)
        elif day.week is not None and day.date and _weeks_between(today, on) != day.week:
            yield _block(f'“{day.words}”与日历不符: {_named(on)}不在那一周', day.words)


def _unfounded(claim: Clause, grounds: Grounds, today: date) -> Iterator[Check]:
    school = frozenset[int]().union(*(c.read(weekdays) for c in grounds.holding(claim, 'knowledge', 'record', 'staff')))
    parent = frozenset[int]().union(*(c.read(weekdays) for c in grounds.behind(claim, 'parent')))
    told, asked = _dates(grounds, claim, today, 'knowledge', 'record', 'staff'), _dates(grounds, claim, today, 'parent')
    aside, scheduled = is_aside(claim), bool(SCHEDULE.search(claim.text))
    excused = frozenset[int]()
    for day in claim.read(days):
        on = _on(day, today)
        if on is None:
            continue
        if day.date is None:
            excused |= {on.weekday()}
            if (
                _LESSON.search(claim.sentence)
                and not aside
                and school
                and on.weekday() not in school
                and on not in told
            ):
                yield _block(f'“{day.words}”是周{_SIGNS[on.weekday()]}，资料里这一天没有课', day.words)
            continue
        near = today <= on <= today + _NEAR and on.weekday() in school
        if on in told or near or on == today or (on in asked and (aside or not scheduled)):
            excused |= {on.weekday()}
        else:
            yield _block(f'日期“{day.words}”在知识库和档案里没有依据', day.words)
    for found in WEEKDAY.finditer(claim.text):
        extra = _run(found) - school - excused
        if extra and not (extra <= parent | {on.weekday() for on in asked} and (aside or not scheduled or not school)):
            yield _block(f'“{found.group()}”在知识库和档案里没有依据', found.group())


def _dates(grounds: Grounds, claim: Clause, today: date, *origins: str) -> set[date]:
    found = (_on(day, today) for c in grounds.holding(claim, *origins) for day in c.read(days))  # type: ignore[arg-type]
    return {on for on in found if on is not None}


def _days(text: str) -> Iterator[Day]:
    weekday_at = {found.start(): found for found in WEEKDAY.finditer(text)}
    weekday_to = {found.end(): found for found in weekday_at.values()}
    taken: set[int] = set()
    for found in DATE.finditer(text):
        begin, end = found.span()
        beside = weekday_at.get(_past_joint(text, end)) or _before(weekday_to, text, begin)
        relative = next((r for r in _RELATIVE.finditer(text) if _past_joint(text, r.end()) == begin), None)
        if relative is None and beside and beside.end() <= begin:
            relative = next((r for r in _RELATIVE.finditer(text) if _past_joint(text, r.end()) == beside.start()), None)
        if relative:
            taken.add(relative.start())
        year = found['year'] or found['iso_year']
        month, day = (value(found[a] or found[b] or found[c]) for a, b, c in _FIELDS)
        words = text[min(begin, beside.start()) if beside else begin : max(end, beside.end()) if beside else end]
        yield Day(
            date=(int(year) if year else None, int(month or 0), int(day or 0)),
            said=_single(beside),
            offset=_offset(relative.group()) if relative else None,
            week=_week(beside),
            words=f'{relative.group() if relative else ""}{words}',
        )
    for found in _RELATIVE.finditer(text):
        if found.start() not in taken:
            beside = weekday_at.get(_past_joint(text, found.end()))
            words = text[found.start() : beside.end()] if beside else found.group()
            yield Day(date=None, said=_single(beside), offset=_offset(found.group()), week=None, words=words)


_FIELDS = (('month', 'iso_month', 'cn_month'), ('day', 'iso_day', 'cn_day'))


def _past_joint(text: str, at: int) -> int:
    joint = _JOINED.match(text, at)
    return joint.end() if joint else at


def _before(weekday_to: dict[int, re.Match[str]], text: str, begin: int) -> re.Match[str] | None:
    return next((found for end, found in weekday_to.items() if end <= begin and _past_joint(text, end) == begin), None)


def _on(day: Day, today: date) -> date | None:
    """The date meant: without a year, the one nearest to today. None where there is no such date."""
    if day.date is None:
        return today + timedelta(days=day.offset or 0)
    year, month, of_month = day.date
    years = [year] if year else [today.year - 1, today.year, today.year + 1]
    possible = []
    for candidate in years:
        try:
            possible.append(date(candidate, month, of_month))
        except ValueError:
            continue
    return min(possible, key=lambda on: abs((on - today).days), default=None)


def _run(found: re.Match[str]) -> frozenset[int]:
    first = _index(found['first'])
    if found['last']:
        last = _index(found['last'])
        return frozenset(range(first, last + 1)) if first <= last else frozenset({first, last})
    return frozenset({first, *(_index(sign) for sign in found['more'] or '' if sign in '一二三四五六日天')})


def _single(found: re.Match[str] | None) -> int | None:
    run = _run(found) if found else frozenset[int]()
    return next(iter(run)) if len(run) == 1 else None


def _week(found: re.Match[str] | None) -> int | None:
    week = (found['week'] or '') if found else ''
    if week.startswith(('这', '本')):
        return 0
    return 1 if week in {'下', '下个'} else None


def _weeks_between(today: date, on: date) -> int:
    return ((on - timedelta(days=on.weekday())) - (today - timedelta(days=today.weekday()))).days // 7


def _index(sign: str) -> int:
    return 6 if sign == '天' else int(sign) - 1 if sign.isdigit() else _SIGNS.index(sign)


def _offset(words: str) -> int:
    return next(days for start, days in _OFFSET.items() if words.startswith(start))


def _named(on: date) -> str:
    return f'{on.month}月{on.day}日（周{_SIGNS[on.weekday()]}）'


def _block(text: str, words: str) -> Check:
    return Check(kind='date', level='block', text=text, detail=words)
