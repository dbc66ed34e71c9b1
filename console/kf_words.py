"""What a 微信客服 message says, in words staff read, whatever its kind.

See developer.work.weixin.qq.com/document/path/94670, read 2026-11-24.
"""

import json
from collections.abc import Iterator
from typing import Any

from console.wecom.kf import Item
from console.wecom.labels import LABELS, UNKNOWN

_SHOWN = {
    'location': ('name', 'address'),
    'link': ('title', 'url'),
    'business_card': ('userid',),
    'miniprogram': ('title',),
    'channels': ('nickname', 'title'),
    'channels_shop_product': ('title', 'price'),
    'channels_shop_order': ('product_titles', 'state'),
    'file': ('file_name',),
}
MOST_LINES = 50


def kind_of(item: Item) -> str:
    """WeCom's own word, or unknown for one that came after us."""
    return item.kind if item.kind == 'text' or item.kind in LABELS else 'unknown'


def text_of(item: Item) -> str:
    """Never empty but for an empty text."""
    if item.kind == 'text':
        return _said(item.body, 'content')
    label = LABELS.get(item.kind, UNKNOWN)
    if item.kind == 'merged_msg':
        return '\n'.join([f'{label} {_said(item.body, "title")}'.strip(), *_merged(item.body)])
    if item.kind == 'msgmenu':
        return '\n'.join([f'{label} {_said(item.body, "head_content")}'.strip(), *_menu(item.body)])
    return ' '.join(filter(None, (label, *(_said(item.body, name) for name in _SHOWN.get(item.kind, ())))))


def media_of(item: Item) -> str | None:
    return _said(item.body, 'media_id') or None


def fields_of(item: Item) -> dict[str, Any]:
    """Every leaf of the body by its path, `item.0.sender_name`; but for the text and the media id, kept elsewhere."""
    left_out = {'media_id', *(('content',) if item.kind == 'text' else ())}
    fields: dict[str, Any] = {'msgtype': item.kind, **dict(_leaves(item.body, ''))}
    if item.servicer:
        fields['servicer_userid'] = item.servicer
    return {name: value for name, value in fields.items() if name not in left_out}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in pairs:
            yield from _leaves(inner, f'{path}.{name}' if path else str(name))
    else:
        yield path, value


def _merged(body: dict[str, Any]) -> Iterator[str]:
    """The forwarded lines, each a message within a JSON string."""
    items = body.get('item')
    for line in (items if isinstance(items, list) else [])[:MOST_LINES]:
        if not isinstance(line, dict):
            continue
        kind = _said(line, 'msgtype')
        try:
            said = json.loads(_said(line, 'msg_content') or '{}')
        except ValueError:
            said = {}
        inner = said.get(kind) if isinstance(said, dict) and isinstance(said.get(kind), dict) else said
        words = _said(inner, 'content') if isinstance(inner, dict) else ''
        yield f'{_said(line, "sender_name") or "?"}：{words or LABELS.get(kind, UNKNOWN)}'


def _menu(body: dict[str, Any]) -> Iterator[str]:
    items = body.get('list')
    for line in (items if isinstance(items, list) else [])[:MOST_LINES]:
        inner = line.get(line.get('type')) if isinstance(line, dict) and isinstance(line.get('type'), str) else None
        if isinstance(inner, dict) and (words := _said(inner, 'content')):
            yield f'· {words}'
    if tail := _said(body, 'tail_content'):
        yield tail


def _said(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value.strip() if isinstance(value, str) else ''
