"""WeCom's callback messages and events, in our words.

See developer.work.weixin.qq.com/document/path/90239 and path/90240, read 2026-11-24.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Literal
from xml.parsers import expat

from console.wecom.labels import LABELS, UNKNOWN

Kind = Literal['text', 'image', 'voice', 'video', 'location', 'link', 'event', 'unknown']

Fields = Mapping[str, str | list[str]]

_KINDS: dict[str, Kind] = {
    'text': 'text',
    'image': 'image',
    'voice': 'voice',
    'video': 'video',
    'location': 'location',
    'link': 'link',
    'event': 'event',
}
"""WeCom's MsgType -> our kind. What is missing here is kept as 'unknown', never refused."""

_DOORBELL = 'kf_msg_or_event'
"""Says only that there is something to read. Two of one second may read the same and ring for two messages."""

_LONGEST = 131_072
"""Characters looked at; as long as the largest body we take."""

_DEEPEST = 8
"""WeCom nests four deep."""

_NOT_XML = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
"""What people manage to type into a chat, and an XML parser would refuse the whole message for."""

_LEAF = re.compile(r'\s*<([A-Za-z_][\w.-]*)>(?:<!\[CDATA\[(.*?)\]\]>|([^<&]*))</\1>', re.ASCII | re.DOTALL)
_END = re.compile(r'\s*</xml\s*>\s*', re.ASCII)
_MESSAGE_ID = re.compile(r'[\w-]{1,64}', re.ASCII)
_AGENT_ID = re.compile(r'\w{0,24}', re.ASCII)
_START = re.compile(r'\s*(?:<\?xml[^<>]*>\s*)?<xml\s*>')


@dataclass(frozen=True, kw_only=True)
class WeComEvent:
    """One message or event as WeCom reported it.

    `name` is WeCom's own word, its Event or else its MsgType; `change` its ChangeType where it has one.
    `text` is what staff read: the content or a word for it in Chinese; empty for events.
    `fields` holds every leaf of the XML, nested ones as 'Outer.Inner', repeated ones as a list.
    """

    kind: Kind
    name: str
    change: str | None
    dedup_key: str  # the same for every repetition, at most 100 characters of ASCII
    sender: str | None
    agent_id: str | None
    created_at: datetime | None
    text: str
    media_id: str | None
    fields: Fields = field(repr=False)


def parse(xml: str) -> WeComEvent:
    """Reads what was in the envelope. Never raises: what cannot be understood is of kind 'unknown'."""
    fields = _fields(xml) or {}
    one = partial(_one, fields)
    kind, name = _kind(fields)
    return WeComEvent(
        kind=kind,
        name=name,
        change=one('ChangeType'),
        dedup_key=_dedup_key(kind, fields) or _digest('raw', xml),
        sender=one('FromUserName'),
        agent_id=one('AgentID'),
        created_at=_moment(one('CreateTime')),
        text=_text(kind, one('Content'), one('Label'), one('Title'), one('Url')),
        media_id=one('MediaId'),
        fields=fields,
    )


def identify(xml: str) -> tuple[str, str]:
    """The `dedup_key` and the sender, or else the name, that `parse` would find, at half the time. Never raises.

    The key of a doorbell is empty: it has no identity but its envelope's.
    """
    fields = _fields(xml) or {}
    kind, name = _kind(fields)
    key = '' if (kind, name) == ('event', _DOORBELL) else _dedup_key(kind, fields) or _digest('raw', xml)
    return key, _one(fields, 'FromUserName') or name


def _kind(fields: Fields) -> tuple[Kind, str]:
    word = _one(fields, 'MsgType')
    name = _one(fields, 'Event') if word == 'event' else word
    return (_KINDS.get(word, 'unknown') if word and name else 'unknown'), name or ''


def _one(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and value else None


def _fields(xml: str) -> dict[str, str | list[str]] | None:
    """None for anything but a small flat <xml> without a document type, and so without entities of its own."""
    if len(xml) > _LONGEST or not _START.match(xml):
        return None
    xml = _NOT_XML.sub('', xml)
    if (flat := _flat(xml)) is not None:
        return flat
    leaves = _Leaves()
    try:
        leaves.read(xml)
    except (expat.ExpatError, _TooDeep):
        return None
    return leaves.found


def _flat(xml: str) -> dict[str, str | list[str]] | None:
    """What `_Leaves` finds, at a tenth of the time, for what nearly every callback is: one level of plain leaves.

    None for whatever a pattern could read otherwise than XML is meant.
    """
    start = _START.match(xml)
    if start is None or '\r' in xml:  # XML makes one \n of \r\n
        return None
    found: dict[str, str | list[str]] = {}
    end = start.end()
    while leaf := _LEAF.match(xml, end):
        name, quoted, bare = leaf.groups()
        text = bare if quoted is None else quoted
        if ']]>' in text or name in found:
            return None
        found[name] = text
        end = leaf.end()
    return found if _END.fullmatch(xml, end) else None


class _TooDeep(Exception):
    pass


class _Leaves:
    """Collects the elements without children, each by its path below the root."""

    def __init__(self) -> None:
        self.found: dict[str, str | list[str]] = {}
        self._path: list[str] = []
        self._text = ''
        self._is_leaf = False

    def read(self, xml: str) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(xml, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) == _DEEPEST:
            raise _TooDeep
        self._path.append(name)
        self._text = ''
        self._is_leaf = True

    def _characters(self, text: str) -> None:
        self._text += text

    def _end(self, name: str) -> None:
        if self._is_leaf and len(self._path) > 1:
            self._keep('.'.join(self._path[1:]), self._text)
        self._path.pop()
        self._is_leaf = False

    def _keep(self, name: str, text: str) -> None:
        earlier = self.found.get(name)
        if earlier is None:
            self.found[name] = text
        elif isinstance(earlier, list):
            earlier.append(text)
        else:
            self.found[name] = [earlier, text]


def _dedup_key(kind: Kind, fields: Fields) -> str | None:
    """Messages by their id. Events have none, and sender plus second, WeCom's advice, would merge two of one second."""
    message_id, agent_id = _one(fields, 'MsgId'), _one(fields, 'AgentID') or ''
    if message_id and _MESSAGE_ID.fullmatch(message_id):
        if _AGENT_ID.fullmatch(agent_id):
            return f'msg:{agent_id}:{message_id}'
    elif kind == 'event':
        # \x1e and \x1f cannot occur in XML.
        return _digest('ev', '\x1e'.join(sorted(f'{name}\x1f{value}' for name, value in fields.items())))
    return None


def _digest(prefix: str, text: str) -> str:
    return f'{prefix}:{sha256(text.encode(errors="surrogatepass")).hexdigest()}'


def _moment(seconds: str | None) -> datetime | None:
    if seconds is None or not re.fullmatch('[0-9]{1,10}', seconds):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


def _text(kind: Kind, content: str | None, label: str | None, title: str | None, url: str | None) -> str:
    if kind in {'text', 'event'}:
        return (content or '') if kind == 'text' else ''
    details = {'location': (label,), 'link': (title, url)}.get(kind, ())
    return ' '.join(filter(None, (LABELS.get(kind, UNKNOWN), *details)))
