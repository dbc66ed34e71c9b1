"""What a person must see before a reply leaves: figures, promises, links and numbers that came from nowhere."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal

from console.writing.context import Check, Context
from console.writing.plaintext import numbers, value
from console.writing.prompt import record_lines

_AMOUNT = re.compile(
    r'(?:[¥￥]\s*)(?P<marked>\d[\d,]*(?:\.\d+)?)\s*(?P<marked_unit>[万千wWkK])?'
    r'|(?P<plain>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>[万千wWkK])?\s*(?:元|块|%|折|rmb|节|课时|万)',
    re.IGNORECASE,
)
_NOT = r'(?<![不没未])(?<!不能)(?<!无法)(?<!不敢)(?<!不会)(?<!没法)(?<!不可能)(?<!难以)(?<!不承诺)(?<!不作)(?<!不做)'
_PROMISE = re.compile(
    rf'{_NOT}(?:(?:保证|承诺|确保|一定(?:会|能|可以)?|肯定(?:会|能|可以)?|必定|必然)'
    r'(?:[孩学][子生])?(?:能|会|可以)?(?:提分|提高|提升|涨分|进步|考上|考过|通过|录取|拿奖|获奖|学会|满分|退款|退费|有效果|效果)'
    r'|[包保](?:过|上岸|录取|提分|考上|教包会)|保分|包教|必过|必考上|稳过|稳上'
    r'|百分之?百|百分之一百|100\s*%|零风险|无效退[款费]|不过退[款费])'
)
_LINK = re.compile(
    r'(?:https?://|www\.)[^\s，。；！？、）》」】"\'<>]+'
    r'|(?<![@A-Za-z0-9_.-])(?:[a-z0-9-]+\.)+(?:com|cn|net|org|top|vip|xyz|cc|io|me|info|shop|site|club|link|ltd)\b(?:/[^\s，。；！？、）》」】"\'<>]*)?',
    re.IGNORECASE,
)
_PHONE = re.compile(
    r'(?<!\d)(?:(?:\+?86[ -]?)?1[3-9](?:[ -]?\d){9}|[48]00[ -]?\d{3,4}[ -]?\d{3,4}|\(?0\d{2,3}\)?[ -]?[2-9]\d{6,7})'
    r'(?!\d)'
)
_NO_AMOUNT = re.compile(rf'\d{{1,2}}:\d{{2}}|\d{{4}}-\d{{1,2}}-\d{{1,2}}|{_PHONE.pattern}')
_TOKEN = re.compile(r'⟦[^⟦⟧]*⟧')


def check_text(text: str, context: Context) -> tuple[Check, ...]:
    """What is to be said about a reply, whoever wrote it; empty when there is nothing.

    Amounts may come from knowledge, the record, colleagues and the parent (whose word alone is a warning),
    links from knowledge and the instruction, phone numbers from any of these.
    What the AI said earlier proves nothing.
    """
    text = unicodedata.normalize('NFKC', text)
    return (
        *_amounts(text, context),
        *_promises(text),
        *_links(text, context),
        *_phones(text, context),
        *_tokens(text, context),
    )


def _amounts(text: str, context: Context) -> Iterator[Check]:
    known = _numbers_in([*_school_texts(context), *_said(context, 'staff')])
    claimed = _numbers_in(_said(context, 'parent'))
    for match in _each_once(_AMOUNT, text):
        amount = value(match['marked'] or match['plain'], match['marked_unit'] or match['unit'])
        found = match.group().strip()
        if amount in known:
            continue
        if amount in claimed:
            yield Check(kind='amount', level='warn', text=f'“{found}”只在家长的话里出现过，请核实', detail=found)
        else:
            yield Check(kind='amount', level='block', text=f'“{found}”在知识库、档案和对话里都没有依据', detail=found)


def _promises(text: str) -> Iterator[Check]:
    for match in _each_once(_PROMISE, text):
        yield Check(
            kind='promise', level='block', text=f'“{match.group()}”是对效果或退款的承诺，不可发出', detail=match.group()
        )


def _links(text: str, context: Context) -> Iterator[Check]:
    known = unicodedata.normalize('NFKC', ' '.join([*_knowledge_texts(context), context.instruction or '']))
    allowed = {_address(match.group()) for match in _LINK.finditer(known)}
    for match in _each_once(_LINK, text):
        if _address(match.group()) not in allowed:
            yield Check(kind='link', level='block', text='链接不在知识库里，请核实', detail=match.group())


def _phones(text: str, context: Context) -> Iterator[Check]:
    everything = [*_school_texts(context), *_said(context, 'staff', 'parent')]
    known = {_digits(m.group()) for m in _PHONE.finditer(unicodedata.normalize('NFKC', '\n'.join(everything)))}
    for match in _each_once(_PHONE, text):
        if _digits(match.group()) not in known:
            yield Check(kind='phone', level='block', text='电话号码没有依据，请核实', detail=match.group())


def _tokens(text: str, context: Context) -> Iterator[Check]:
    """A token of this conversation is the parent's own number and comes back when the reply is sent; others cannot."""
    known = '\n'.join([*_school_texts(context), *_said(context, 'staff', 'ai', 'parent')])
    for match in _each_once(_TOKEN, text):
        if match.group() not in known:
            yield Check(
                kind='placeholder', level='block', text='号码的代号无法还原，请改成实际内容或删去', detail=match.group()
            )


def _each_once(pattern: re.Pattern[str], text: str) -> Iterable[re.Match[str]]:
    return {match.group(): match for match in pattern.finditer(text)}.values()


def _knowledge_texts(context: Context) -> Iterator[str]:
    for entry in context.knowledge:
        yield from (entry.question, *entry.variants, entry.answer, *entry.facts.values())


def _school_texts(context: Context) -> Iterator[str]:
    yield from _knowledge_texts(context)
    yield from record_lines(context.student) if context.student else ()
    yield context.instruction or ''


def _said(context: Context, *who: str) -> Iterator[str]:
    return (line.text for line in (*context.history, *context.turn) if line.who in who)


def _numbers_in(texts: Iterable[str]) -> set[Decimal]:
    """Without clock times, dates and phone numbers, whose digits are no evidence for a price."""
    return set().union(*(numbers(_NO_AMOUNT.sub(' ', unicodedata.normalize('NFKC', text))) for text in texts))


def _address(link: str) -> str:
    return re.sub(r'^(?:https?://)?(?:www\.)?', '', link, flags=re.IGNORECASE).rstrip('/.').lower()


def _digits(phone: str) -> str:
    return re.sub(r'\D', '', phone)[-11:]
