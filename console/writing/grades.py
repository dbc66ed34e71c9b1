"""Which school years a text speaks of, from 1 to 12; 0 is kindergarten."""

import re

_NUMBERS = {digit: number for number, digit in enumerate('一二三四五六七八九', 1)} | {str(n): n for n in range(1, 10)}
_DIGIT = '[一二三四五六七八九1-9]'
_YEARS = re.compile(rf'(?<![0-9])({_DIGIT})(?:年级)?(?:([到至~～-])|[、和或])?({_DIGIT})?年级')
_JUNIOR, _SENIOR = (
    re.compile('(?<!最)初([一二三])(?![个次节期天])'),
    re.compile('(?<![最更提])高([一二三])(?![个次节期天])'),
)
_STAGES = (
    (re.compile('幼儿园|学前|幼小衔接'), frozenset({0})),
    (re.compile('小学|小升初'), frozenset(range(1, 7))),
    (re.compile('初中|中考'), frozenset(range(7, 10))),
    (re.compile('高中|高考'), frozenset(range(10, 13))),
)


def grades(text: str) -> frozenset[int]:
    """Empty where it names none."""
    found: set[int] = set()
    for years in _YEARS.finditer(text):
        first = _NUMBERS[years[1]]
        last = _NUMBERS[years[3]] if years[3] else first
        found |= set(range(first, last + 1)) if years[2] else {first, last}
    found |= {6 + _NUMBERS[year[1]] for year in _JUNIOR.finditer(text)}
    found |= {9 + _NUMBERS[year[1]] for year in _SENIOR.finditer(text)}
    for pattern, stage in _STAGES:
        if pattern.search(text):
            found |= stage
    return frozenset(found)
