"""The requests of `message/send` and its kin, ready to be stored and sent as they are, more than once if need be.

WeCom drops an identical request within `duplicate_check_interval` seconds (at most 14400). Every builder raises
`Invalid` for what WeCom would cut, refuse or could not read. See developer.work.weixin.qq.com/document/path/90236,
path/94888 and path/94867, read 2026-11-24.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from console.errors import Invalid

LONGEST_TEXT = 2048
"""Bytes of UTF-8; WeCom cuts what is longer without a word."""

LONGEST_URL = 2048
LONGEST_KEY = 1024
MOST_BUTTONS = 6
TASK_ID = re.compile(r'[0-9A-Za-z_@-]{1,128}', re.ASCII)

MediaKind = Literal['image', 'voice', 'video', 'file']


@dataclass(frozen=True, kw_only=True)
class Button:
    """Calls us back with `key`, or opens `url`. `style`: 1 blue, 2 grey, 3 red on white, 4 blue on white."""

    text: str
    key: str = ''
    url: str | None = None
    style: int = 1


def frozen(payload: dict[str, Any]) -> bytes:
    """JSON in raw UTF-8: some calls answer \\uXXXX with 40033."""
    return json.dumps(payload, ensure_ascii=False, separators=(',', ':')).encode()


def text_message(to_user: str, agent_id: int, text: str, *, duplicate_check_interval: int) -> bytes:
    _check_bytes('text', text, LONGEST_TEXT, '内容')
    return _send(to_user, agent_id, 'text', {'content': text}, duplicate_check_interval)


def markdown_message(to_user: str, agent_id: int, text: str, *, duplicate_check_interval: int) -> bytes:
    """Shown in the WeCom client only; a member reading in WeChat sees a hint instead."""
    _check_bytes('text', text, LONGEST_TEXT, '内容')
    return _send(to_user, agent_id, 'markdown', {'content': text}, duplicate_check_interval)


def textcard_message(
    to_user: str,
    agent_id: int,
    *,
    title: str,
    description: str,
    url: str,
    button: str = '详情',
    duplicate_check_interval: int,
) -> bytes:
    """A card that opens `url`. In `description` WeCom reads a few HTML tags: what others wrote must be escaped."""
    _check_characters('title', title, 128, '标题')
    _check_characters('description', description, 512, '描述')
    _check_characters('button', button, 4, '按钮文字')
    _check_url(url)
    card = {'title': title, 'description': description, 'url': url, 'btntxt': button}
    return _send(to_user, agent_id, 'textcard', card, duplicate_check_interval)


def media_message(
    to_user: str, agent_id: int, kind: MediaKind, media_id: str, *, duplicate_check_interval: int
) -> bytes:
    """An uploaded picture, recording or file."""
    if not media_id:
        raise Invalid('media', '文件还没有上传到企业微信，不能发送。')
    return _send(to_user, agent_id, kind, {'media_id': media_id}, duplicate_check_interval)


def button_card_message(
    to_user: str,
    agent_id: int,
    *,
    task_id: str,
    title: str,
    lead: str = '',
    text: str = '',
    facts: Sequence[tuple[str, str]] = (),
    buttons: Sequence[Button],
    url: str | None = None,
    duplicate_check_interval: int,
) -> bytes:
    """A `button_interaction` card: `title`, `lead` below it, `text`, up to six `facts` (name, value), the buttons.

    Words longer than WeCom shows (title 36 characters, lead 44, text 160, a fact's name 5 and value 30) are cut and
    end in …; `url` is where a tap on the card itself leads. The answer to sending it holds a `response_code`.
    """
    if not TASK_ID.fullmatch(task_id):
        raise Invalid('task_id', '卡片编号只能用字母、数字和 _ - @，最长 128 位。')
    if not 1 <= len(buttons) <= MOST_BUTTONS:
        raise Invalid('buttons', f'卡片要有 1 到 {MOST_BUTTONS} 个按钮。')
    if len(facts) > 6:
        raise Invalid('facts', '卡片最多显示 6 项信息。')
    _check_bytes('title', title, LONGEST_TEXT, '标题')
    for one in buttons:
        _check_characters('buttons', one.text, 10, '按钮文字')
        if one.url is None:
            _check_bytes('buttons', one.key, LONGEST_KEY, '按钮标识')
        else:
            _check_url(one.url)
    card: dict[str, Any] = {
        'card_type': 'button_interaction',
        'task_id': task_id,
        'main_title': {'title': _cut(title, 36), 'desc': _cut(lead, 44)},
        'button_list': [_button(one) for one in buttons],
    }
    if text:
        card['sub_title_text'] = _cut(text, 160)
    if facts:
        card['horizontal_content_list'] = [
            {'keyname': _cut(name, 5), 'value': _cut(value, 30)} for name, value in facts
        ]
    if url is not None:
        _check_url(url)
        card['card_action'] = {'type': 1, 'url': url}
    return _send(to_user, agent_id, 'template_card', card, duplicate_check_interval)


def update_card(to_user: str, agent_id: int, *, response_code: str, replace_name: str) -> bytes:
    """A `message/update_template_card` that greys the buttons out and puts `replace_name` in their place.

    The code works once and for 72 hours.
    """
    _check_bytes('response_code', response_code, LONGEST_TEXT, '卡片凭证')
    _check_bytes('replace_name', replace_name, LONGEST_TEXT, '按钮文字')
    return frozen(
        {
            'userids': [to_user],
            'agentid': agent_id,
            'response_code': response_code,
            'button': {'replace_name': _cut(replace_name, 20)},
        }
    )


def recall_request(msgid: str) -> bytes:
    """A `message/recall`: by the same app, within 24 hours, seen only in the WeCom client."""
    _check_bytes('msgid', msgid, LONGEST_TEXT, '消息编号')
    return frozen({'msgid': msgid})


def _button(one: Button) -> dict[str, Any]:
    shown = {'text': one.text, 'style': one.style}
    return shown | ({'key': one.key} if one.url is None else {'type': 1, 'url': one.url})


def _send(to_user: str, agent_id: int, kind: str, content: dict[str, Any], duplicate_check_interval: int) -> bytes:
    return frozen(
        {
            'touser': to_user,
            'msgtype': kind,
            'agentid': agent_id,
            kind: content,
            'enable_duplicate_check': 1,
            'duplicate_check_interval': duplicate_check_interval,
        }
    )


def _check_bytes(field: str, text: str, most: int, called: str) -> None:
    size = _size(field, text, called)
    if not text.strip():
        raise Invalid(field, f'{called}为空，请填写后再发送。')
    if size > most:
        raise Invalid(field, f'{called}超长（{size} 字节，最多 {most} 字节），请拆分后再发送。')


def _check_characters(field: str, text: str, most: int, called: str) -> None:
    _size(field, text, called)
    if not text.strip():
        raise Invalid(field, f'{called}为空，请填写后再发送。')
    if len(text) > most:
        raise Invalid(field, f'{called}超长（{len(text)} 字，最多 {most} 字），请缩短后再发送。')


def _check_url(url: str) -> None:
    _check_bytes('url', url, LONGEST_URL, '网址')
    if urlsplit(url).scheme not in ('http', 'https'):
        raise Invalid('url', '网址要以 http:// 或 https:// 开头。')


def _size(field: str, text: str, called: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise Invalid(field, f'{called}含有无法发送的字符，请删去后再试。') from None


def _cut(text: str, most: int) -> str:
    _size('text', text, '内容')
    return text if len(text) <= most else f'{text[: most - 1]}…'
