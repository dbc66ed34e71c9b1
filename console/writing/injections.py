"""Instructions hidden in a parent's words, and replies that obey them or give our rules away."""

import re
import unicodedata
from collections.abc import Iterator

from console.writing import prompt
from console.writing.context import Check
from console.writing.grounds import Grounds
from console.writing.lexicon import lines
from console.writing.plaintext import clean

_ORDER = re.compile('|'.join(lines('orders.txt')), re.IGNORECASE)
_GIVEN_AWAY = re.compile('|'.join(lines('given_away.txt')), re.IGNORECASE)
_SEPARATED = re.compile(r'(?<=[\u4e00-\u9fff])[\s._*\-·|/\\~]+(?=[\u4e00-\u9fff])')
_GAP = re.compile(r'(\s\s)\s+')
"""Searched as it is, a gap of thousands of line ends takes longer than the writer has."""

_TAG_LETTERS = re.compile('[\U000e0020-\U000e007e]{2,}')
_FLAG = re.compile('\U0001f3f4[\U000e0020-\U000e007f]+')
_HIDDEN = re.compile(
    '(?<=[\u4e00-\u9fffA-Za-z0-9])[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]+(?=[\u4e00-\u9fffA-Za-z0-9])'
)


def check_injections(grounds: Grounds) -> Iterator[Check]:
    """A turn that gives orders to the writer is read by a person before anything is sent; an earlier one is told of."""
    for line in grounds.context.turn:
        if line.who == 'parent' and (words := _order_in(line.text)):
            yield Check(
                kind='injection', level='block', text=f'家长的话里有给 AI 的指令“{words}”，请先读原话', detail=''
            )
            return
    for line in grounds.context.turn:
        if line.who == 'parent' and _HIDDEN.search(line.text):
            yield Check(kind='injection', level='warn', text='家长的话里有看不见的字符，请留意', detail='')
            return
    for line in grounds.context.history:
        if line.who == 'parent' and _order_in(line.text):
            yield Check(
                kind='injection', level='warn', text='家长此前发过给 AI 的指令，请留意回复是否受影响', detail=''
            )
            return


def check_leaks(grounds: Grounds) -> Iterator[Check]:
    """Our rules, or talk of them, in the reply."""
    if prompt.of(grounds.context).echoed_in(grounds.text):
        yield Check(kind='leak', level='block', text='回复里有内部规则的原文，不可发出', detail='')
    elif found := _GIVEN_AWAY.search(grounds.text):
        yield Check(
            kind='leak', level='block', text=f'回复提到了内部的东西“{found.group()}”，请删去', detail=found.group()
        )
    elif (order := _order_in(grounds.text)) and not any(
        order in clause.text for clause in grounds.sources if clause.origin == 'knowledge'
    ):
        yield Check(kind='leak', level='block', text=f'回复里有像是指令的话“{order}”，请删去', detail=order)


def _order_in(text: str) -> str | None:
    smuggled = ''.join(chr(ord(sign) - 0xE0000) for run in _TAG_LETTERS.findall(_FLAG.sub('', text)) for sign in run)
    if smuggled:
        return smuggled[:40]
    plain = _GAP.sub(r'\1', unicodedata.normalize('NFKC', clean(text)))
    for candidate in (plain, _SEPARATED.sub('', plain)):
        if found := _ORDER.search(candidate):
            return found.group().strip()[:40]
    return None
