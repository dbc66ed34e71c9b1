"""Numbers by which people are reached or known: phones, identity and bank cards, WeChat, QQ, e-mail."""

import re
import unicodedata
from collections.abc import Iterator

from console.writing.context import Check
from console.writing.grounds import Grounds
from console.writing.masking import EMAIL
from console.writing.plaintext import clean
from console.writing.prompt import record_lines

TOKEN = re.compile(r'⟦[^⟦⟧]*⟧')
_CHINESE_DIGIT = '[零〇一幺二两三四五六七八九]'
_KINDS = {
    '邮箱': EMAIL,
    '身份证号': r'(?<!\d)\d{17}[\dXx](?![0-9A-Za-z])',
    '银行卡号': r'(?<!\d)\d(?:[ -]?\d){14,18}(?!\d)',
    '电话': r'(?<!\d)(?:(?:\+?86[ -]?)?1[3-9](?:[ -]?\d){9}|[48]00[ -]?\d{3,4}[ -]?\d{3,4}'
    r'|\(?0\d{2,3}\)?[ -]?[2-9]\d{6,7})(?!\d)',
    '手机号': rf'(?<!{_CHINESE_DIGIT})[一幺][三四五六七八九]{_CHINESE_DIGIT}{{9}}(?!{_CHINESE_DIGIT})',
    '打码的号码': r'(?<!\d)\d{3}\*{3,}\d{2,4}(?!\d)',
    '微信号': r'(?:微信|v信|wechat|(?<![a-z0-9])(?:vx|wx))号?(?:是|为|:)?\s*[A-Za-z][A-Za-z0-9_-]{5,19}',
    'QQ号': r'(?<![A-Za-z])qq号?(?:是|为|:)?\s*[1-9]\d{4,10}(?!\d)',
}
NUMBERS = re.compile('|'.join(_KINDS.values()), re.IGNORECASE)
"""Of a text in NFKC. Phones that callers dial without a prefix are not told from other figures."""


def check_personal_numbers(grounds: Grounds) -> Iterator[Check]:
    """A number may stand in knowledge, record or what was said here; one of another campus or person may not."""
    seen: set[str] = set()
    for claim in grounds.claims:
        known = {
            _plain(found)
            for clause in grounds.behind(claim, 'knowledge', 'record', 'staff', 'parent')
            for found in clause.read(_numbers)
        }
        for number in claim.read(_numbers):
            if number not in seen and _plain(number) not in known:
                seen.add(number)
                yield Check(kind='phone', level='block', text='号码没有依据，请核实', detail=number)


def check_tokens(grounds: Grounds) -> Iterator[Check]:
    """A token of this conversation is the parent's own number and comes back when the reply is sent; others cannot."""
    context = grounds.context
    known = '\n'.join(
        [
            *(clause.text for clause in grounds.sources),
            *(line.text for line in (*context.history, *context.turn)),
            *(record_lines(context.student) if context.student else ()),
        ]
    )
    known = unicodedata.normalize('NFKC', clean(known))
    for token in dict.fromkeys(TOKEN.findall(grounds.text)):
        if token not in known:
            yield Check(
                kind='placeholder', level='block', text='号码的代号无法还原，请改成实际内容或删去', detail=token
            )


def _numbers(text: str) -> tuple[str, ...]:
    return tuple(NUMBERS.findall(text))


def _plain(number: str) -> str:
    """The signs that tell one number from another."""
    if '@' in number:
        return number.lower()
    if number[:1] in '微vVwWqQ':
        return re.sub(r'^(?:微信|v信|wechat|vx|wx|qq)号?(?:是|为|:)?\s*', '', number, flags=re.IGNORECASE).lower()
    return re.sub(r'[^\dXx*零〇一幺二两三四五六七八九]', '', number)[-18:].removeprefix('86')
