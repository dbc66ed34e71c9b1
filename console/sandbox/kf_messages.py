"""The messages that customers of 微信客服 send, with something to start from for each kind."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from console.sandbox.media import UploadKind, upload_kind
from console.sandbox.world import World

KINDS = {
    'text', 'image', 'voice', 'video', 'file', 'location', 'link', 'business_card', 'miniprogram', 'msgmenu',
    'merged_msg', 'channels', 'channels_shop_product', 'channels_shop_order', 'meeting', 'calendar', 'note',
}  # fmt: skip
"""What the log can hold."""

FIELDS: dict[str, dict[str, Any]] = {
    'text': {'content': '在吗'},
    'location': {'latitude': 31.2304, 'longitude': 121.4737, 'name': '人民广场', 'address': '上海市黄浦区'},
    'link': {'title': '链接', 'desc': '', 'url': 'https://example.com/', 'pic_url': ''},
    'business_card': {'userid': ''},
    'miniprogram': {'title': '小程序', 'appid': 'wxsandbox', 'pagepath': 'index.html', 'thumb_media_id': ''},
    'channels': {'sub_type': 1, 'nickname': '视频号', 'title': '视频'},
    'merged_msg': {'title': '聊天记录', 'item': []},
}
"""A value to start from; kinds that are missing have no fields."""

PNG = base64.b64decode(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
)
SAMPLES: dict[UploadKind, bytes] = {
    'image': PNG,
    'voice': b'#!AMR\n' + bytes(32),
    'video': b'\x00\x00\x00\x18ftypmp42' + bytes(32),
    'file': b'%PDF-1.4\n%%EOF\n',
}
"""What is sent when no content is given."""


def composed(
    world: World, kind: str, fields: Mapping[str, Any] | None, content: bytes | str | None, name: str
) -> dict[str, Any]:
    """The message's own object, its file kept in the sandbox. Call inside `world.turn()`. Raises `ValueError`."""
    if kind not in KINDS:
        raise ValueError(f'{kind} is no kind of message')
    body = FIELDS.get(kind, {}) | dict(fields or {})
    if kind in SAMPLES and 'media_id' not in body:
        uploaded = upload_kind(kind)
        sent = SAMPLES[uploaded] if content is None else as_bytes(content)
        body['media_id'] = world.media.add(uploaded, sent, world.clock.now(), name=name).media_id
    return body


def as_bytes(content: bytes | str) -> bytes:
    """Bytes as they are; text is base64. Raises `ValueError`."""
    if isinstance(content, bytes):
        return content
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error:
        raise ValueError('the content is not base64') from None
