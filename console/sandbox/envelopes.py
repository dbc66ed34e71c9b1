"""The XML that WeCom pushes, before it is sealed, and the envelope around it afterwards."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Literal

Field = str | int | float | Sequence['Field'] | Mapping[str, 'Field']
"""Text goes into CDATA, numbers stand bare, a mapping nests, a sequence repeats its node."""

MediaKind = Literal['image', 'voice', 'video', 'file', 'location', 'link']

NOT_XML = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')
"""Characters that XML 1.0 cannot carry in any form."""

NAMELESS_EVENTS = {'kf_msg_or_event'}
"""Events that come without FromUserName and AgentID."""

MEDIA_FIELDS: dict[MediaKind, dict[str, Field]] = {
    'image': {'PicUrl': 'https://wework.qpic.cn/sandbox/0', 'MediaId': ''},
    'voice': {'MediaId': '', 'Format': 'amr'},
    'video': {'MediaId': '', 'ThumbMediaId': ''},
    'file': {'MediaId': '', 'FileName': '文件.pdf'},
    'location': {'Location_X': 31.2304, 'Location_Y': 121.4737, 'Scale': 15, 'Label': '人民广场', 'AppType': 'wxwork'},
    'link': {'Title': '链接', 'Description': '', 'Url': 'https://example.com/', 'PicUrl': ''},
}
"""The fields of each kind in WeCom's order, with a value to start from. WeCom's pages know no `file`; it is modelled
on the others."""


def text_xml(corp_id: str, agent_id: int, userid: str, text: str, *, msg_id: str) -> str:
    return _message(corp_id, agent_id, userid, 'text', {'Content': text}, msg_id=msg_id)


def media_xml(
    corp_id: str, agent_id: int, userid: str, kind: MediaKind, fields: Mapping[str, Field], *, msg_id: str
) -> str:
    """`fields` are added to those of the kind and win over them."""
    return _message(corp_id, agent_id, userid, kind, MEDIA_FIELDS[kind] | dict(fields), msg_id=msg_id)


def event_xml(corp_id: str, agent_id: int, event: str, fields: Mapping[str, Field], *, userid: str | None) -> str:
    """`userid` None is an event of the system's own, from `sys`."""
    head: dict[str, Field] = {'ToUserName': corp_id}
    if event not in NAMELESS_EVENTS:
        head['FromUserName'] = userid or 'sys'
    body: dict[str, Field] = {'CreateTime': int(time.time()), 'MsgType': 'event', 'Event': event, **fields}
    if userid is not None and event not in NAMELESS_EVENTS:
        body['AgentID'] = agent_id
    return _node('xml', head | body)


def sealed_xml(corp_id: str, agent_id: int, encrypted: str) -> bytes:
    """The body of the POST."""
    return _node('xml', {'ToUserName': corp_id, 'AgentID': str(agent_id), 'Encrypt': encrypted}).encode()


def _message(corp_id: str, agent_id: int, userid: str, kind: str, body: Mapping[str, Field], *, msg_id: str) -> str:
    head: dict[str, Field] = {
        'ToUserName': corp_id,
        'FromUserName': userid,
        'CreateTime': int(time.time()),
        'MsgType': kind,
    }
    return _node('xml', {**head, **body, 'MsgId': int(msg_id), 'AgentID': agent_id})


def _node(tag: str, value: Field) -> str:
    if isinstance(value, str):
        clean = NOT_XML.sub('', value).replace(']]>', ']]]]><![CDATA[>')
        return f'<{tag}><![CDATA[{clean}]]></{tag}>'
    if isinstance(value, Mapping):
        return f'<{tag}>{"".join(_node(name, inner) for name, inner in value.items())}</{tag}>'
    if isinstance(value, Sequence):
        return ''.join(_node(tag, inner) for inner in value)
    return f'<{tag}>{value}</{tag}>'
