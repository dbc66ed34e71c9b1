"""Links of a reply: only those the school itself has given."""

import re
import unicodedata
from collections.abc import Iterator

from console.writing.context import Check
from console.writing.grounds import Grounds

_REST = r'[^\s,，。;；!！?？、)）》」】"\'<>]'
LINK = re.compile(
    rf'(?:https?://|www\.){_REST}+'
    rf'|(?<![@A-Za-z0-9_.-])(?:[a-z0-9-]+\.)+(?:com|cn|net|org|top|vip|xyz|cc|io|me|info|shop|site|club|link|ltd)\b'
    rf'(?:/{_REST}*)?',
    re.IGNORECASE,
)


def check_links(grounds: Grounds) -> Iterator[Check]:
    """A link must stand, to the letter, in a knowledge entry or in a colleague's instruction for this reply.

    Or it points to a host that the school allows.
    """
    allowed = {
        _address(link)
        for text in _texts(grounds)
        for link in LINK.findall(unicodedata.normalize('NFKC', text))
    }  # fmt: skip
    for link in dict.fromkeys(LINK.findall(grounds.text)):
        if _address(link) not in allowed and _host(link) not in grounds.context.roster.hosts:
            yield Check(kind='link', level='block', text='链接不在知识库里，请核实', detail=link)


def _texts(grounds: Grounds) -> Iterator[str]:
    for entry in grounds.context.knowledge:
        yield from (entry.answer, *entry.facts.values())
    yield grounds.context.instruction or ''


def _host(link: str) -> str:
    """Empty where what reads as a host may not be taken for one: `school.cn@evil.com` leads to evil.com."""
    host = re.split(r'[/?#]', re.sub(r'^https?://', '', link, flags=re.IGNORECASE), maxsplit=1)[0]
    return '' if re.search(r'[@\\%]', host) else host.rstrip('.').lower().removeprefix('www.')


def _address(link: str) -> str:
    return re.sub(r'^(?:https?://)?(?:www\.)?', '', link, flags=re.IGNORECASE).rstrip('/.').lower()
