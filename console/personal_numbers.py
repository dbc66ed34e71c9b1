"""Personal numbers in a parent's words: replaced by tokens at intake, their values sealed beside the text.

The stored text is then safe for prompts, search, logs and exports by construction.
"""

import re
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import audit, staff
from console.crypto import cipher, masked
from models import SealedValue

_CHINESE_DIGIT = '[零〇一幺二两三四五六七八九]'
_PATTERNS = (
    (
        '身份证号',
        re.compile(
            r'(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])'
        ),
    ),
    ('银行卡号', re.compile(r'(?<!\d)\d{4}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?!\d)')),
    ('QQ号', re.compile(r'(?<![A-Za-z])qq号?\s*(?:(?:是|为|[:：])\s*)?([1-9]\d{4,10})(?!\d)', re.IGNORECASE)),
    ('手机号', re.compile(r'(?<!\d)(?:\+?86[ -]?)?[1１][3-9３-９]\d(?:[ -]?\d{4}){2}(?!\d)')),
    (
        '手机号',
        re.compile(rf'(?<!{_CHINESE_DIGIT})[一幺][三四五六七八九]{_CHINESE_DIGIT}{{9}}(?!{_CHINESE_DIGIT})'),
    ),
    ('电话', re.compile(r'(?<!\d)[(（]?0\d{2,3}[)）]?[ -]?[2-9]\d{6,7}(?!\d)')),
    ('邮箱', re.compile(r'(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+')),
    ('微信号', re.compile(r'(?<![A-Za-z0-9_])wxid_[A-Za-z0-9_-]+')),
    (
        '微信号',
        re.compile(
            r'(?:微信|wechat|weixin|wx|vx|V信)号?\s*(?:(?:是|为|[:：])\s*)?([a-zA-Z][\w-]{5,19})',
            re.IGNORECASE | re.ASCII,
        ),
    ),
)
"""In the order looked for; a group, where there is one, is the number. As `writing.masking` knows them, but for gaps
between any two digits: a row of marks must stay readable to staff."""

TOKEN = re.compile(rf'⟦(?:{"|".join(dict.fromkeys(kind for kind, _ in _PATTERNS))})\d+⟧')


def tokenise(session: Session, conversation_id: int, text: str) -> str:
    """`text` with every personal number replaced by a token such as ⟦手机号1⟧; the same number, the same token."""
    text = text.replace('⟦', '[').replace('⟧', ']')
    found = sorted(_numbers(text))
    if not found:
        return text
    rows = _rows(session, conversation_id)
    known = {row.value_index: row.token for row in rows}
    shown = {row.masked for row in rows}
    pieces, end = [], 0
    for begin, stop, kind in found:
        value = text[begin:stop]
        index = cipher().index(value)
        if index not in known:
            known[index] = token = f'⟦{kind}{1 + sum(kind in other for other in known.values())}⟧'
            mask = _unlike(masked(value), shown)
            shown.add(mask)
            session.add(
                SealedValue(
                    conversation_id=conversation_id,
                    token=token,
                    masked=mask,
                    value_index=index,
                    value_sealed=cipher().seal(value, _place(conversation_id, token)),
                )
            )
        pieces += [text[end:begin], known[index]]
        end = stop
    session.flush()
    return ''.join(pieces) + text[end:]


def restore(session: Session, conversation_id: int, text: str) -> str:
    """`text` with the tokens' true values, for the parent herself. An unknown token stays as it is."""
    if not TOKEN.search(text):
        return text
    values = {
        row.token: cipher().open(row.value_sealed, _place(conversation_id, row.token))
        for row in _rows(session, conversation_id)
    }
    return TOKEN.sub(lambda token: values.get(token.group(), token.group()), text)


def masks(session: Session, conversation_id: int) -> dict[str, str]:
    """Token -> what may be shown of it, `138****5678`."""
    return {row.token: row.masked for row in _rows(session, conversation_id)}


def masks_of(session: Session, conversation_ids: list[int]) -> dict[int, dict[str, str]]:
    """The masks of several conversations at once; one without numbers is missing."""
    found: dict[int, dict[str, str]] = {}
    for row in session.scalars(select(SealedValue).where(SealedValue.conversation_id.in_(conversation_ids))):
        found.setdefault(row.conversation_id, {})[row.token] = row.masked
    return found


def show(text: str, known: dict[str, str]) -> str:
    """`text` as staff read it: every token as its mask."""
    return TOKEN.sub(lambda token: known.get(token.group(), token.group()), text)


def unmask(text: str, known: dict[str, str]) -> str:
    """The reverse of `show`, for a text that staff edited: a mask that was left as it was is its token again."""
    for token, mask in sorted(known.items(), key=lambda pair: -len(pair[1])):
        text = text.replace(mask, token)
    return text


def blotted(text: str) -> str:
    """`text` with every number in it masked, for what has no conversation to seal the values in."""
    for begin, stop, _ in sorted(_numbers(text), reverse=True):
        text = text[:begin] + masked(text[begin:stop]) + text[stop:]
    return text


def unblotted(text: str, original: str) -> str:
    """`text`, written by who was shown `blotted(original)`, with the numbers of `original` where their masks stand."""
    for begin, stop, _ in _numbers(original):
        text = text.replace(masked(original[begin:stop]), original[begin:stop])
    return text


def reveal(session: Session, conversation_id: int, token: str, *, by: int, reason: str) -> str | None:
    """The true value, and a line in the audit. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_NUMBERS)
    row = session.scalar(
        select(SealedValue).where(SealedValue.conversation_id == conversation_id, SealedValue.token == token)
    )
    audit.record(session, 'reveal', 'conversation', conversation_id, by=by, token=token, reason=reason)
    return cipher().open(row.value_sealed, _place(conversation_id, token)) if row else None


def _numbers(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each number begins and ends, and of what kind it is; none overlaps another."""
    left = text
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(left):
            begin, stop = match.span(1 if pattern.groups else 0)
            yield begin, stop, kind
        left = pattern.sub(lambda match: ' ' * len(match.group()), left)


def _unlike(mask: str, shown: set[str]) -> str:
    """`mask`, told apart from those shown already: staff must not send one number for another."""
    number, wanted = 1, mask
    while wanted in shown:
        number += 1
        wanted = f'{mask}({number})'
    return wanted


def _rows(session: Session, conversation_id: int) -> list[SealedValue]:
    return list(session.scalars(select(SealedValue).where(SealedValue.conversation_id == conversation_id)))


def _place(conversation_id: int, token: str) -> str:
    return f'sealed_value:{conversation_id}:{token}'
