"""kf/send_msg and kf/send_msg_on_event: when the app may write to a customer, and what arrives."""

import re
from typing import Any

from console.sandbox.answers import Answer, Refused, ok
from console.sandbox.endpoints import Asked, Body, Endpoint
from console.sandbox.kf import new_msgid
from console.sandbox.kf_sessions import SESSION_SECONDS, KfSession, State, UnknownCustomer
from console.sandbox.world import World

TEXT_BYTES = 2048
SENDS_PER_MESSAGE = 5
MSGID = re.compile('[0-9a-zA-Z_-]{1,32}')
MEDIA = {'image', 'voice', 'video', 'file'}
NEEDED: dict[str, dict[str, int | None]] = {
    'link': {'title': 128, 'url': 2048, 'thumb_media_id': None},
    'miniprogram': {'appid': None, 'title': 64, 'thumb_media_id': None, 'pagepath': None},
    'location': {},
    'ca_link': {'link_url': None},
}
"""The fields each kind must have, with the bytes they may have."""


def send(world: World, asked: Asked) -> Answer:
    """Raises `Refused`, and checks in this order: the account (60252, 95000, 95004), the grant (48007), the msgid
    (40058, 95033), 48 hours (95002), the state (95013, 95018), the count (95001), the content (40008, 44004, 40007)."""
    body, kf, now = asked.body(), world.kf, world.clock.now()
    account = kf.accounts.granted(body.text('open_kfid'))
    msgid = _msgid(world, account.open_kfid, body)
    try:
        session = kf.sessions.get(account.open_kfid, body.text('touser'), now)
    except UnknownCustomer:
        raise Refused(40096) from None
    _check_session(session, now)
    kind = body.text('msgtype')
    content = _content(world, kind, body)
    session.sent_since += 1
    kf.sessions.keep(session)
    kf.phones.add(account.open_kfid, session.external_userid, 'in', kind, content, at=now, msgid=msgid)
    world.changed(session.external_userid)
    return ok(msgid=msgid)


def send_on_event(world: World, asked: Asked) -> Answer:
    """Raises `Refused`: 40058 (code, msgid), 95018 (the session has moved on), 40008, 44004, 48007, 95033."""
    body, kf, now = asked.body(), world.kf, world.clock.now()
    code = body.text('code')
    occasion = kf.codes.get(code, now)
    kf.accounts.granted(occasion.open_kfid)
    msgid = _msgid(world, occasion.open_kfid, body)
    session = kf.sessions.get(occasion.open_kfid, occasion.external_userid, now)
    if occasion.state is not None and session.state is not occasion.state:
        raise Refused(95018)
    kind = body.text('msgtype')
    if kind not in occasion.kinds:
        raise Refused(40008)
    content = _content(world, kind, body)
    kf.codes.use(code)
    if occasion.state is None:
        session.welcomed_at = now
        kf.sessions.keep(session)
    kf.phones.add(occasion.open_kfid, session.external_userid, 'in', kind, content, at=now, msgid=msgid)
    world.changed(session.external_userid)
    return ok(msgid=msgid)


def _msgid(world: World, open_kfid: str, body: Body) -> str:
    if 'msgid' not in body.fields:
        return new_msgid()
    msgid = body.fields['msgid']
    if not isinstance(msgid, str) or not MSGID.fullmatch(msgid):
        raise Refused(40058, 'invalid msgid')
    if world.kf.phones.has(open_kfid, msgid):
        raise Refused(95033)
    return msgid


def _check_session(session: KfSession, now: float) -> None:
    if now >= session.spoke_at + SESSION_SECONDS:
        raise Refused(95002)
    if session.state is State.ENDED:
        raise Refused(95013)
    if session.state not in {State.UNTREATED, State.ASSISTANT}:
        raise Refused(95018)
    if session.sent_since >= SENDS_PER_MESSAGE:
        raise Refused(95001)


def _content(world: World, kind: str, body: Body) -> dict[str, Any]:
    """The message's own object as the customer sees it."""
    if kind == 'text':
        return _text(body.object('text'))
    if kind in MEDIA:
        media = world.media.get(body.object(kind).text('media_id'), world.clock.now())
        if media.kind != kind:
            raise Refused(40007)
        return {'media_id': media.media_id}
    if kind == 'msgmenu':
        return _menu(body.object('msgmenu'))
    if kind not in NEEDED:
        raise Refused(40008)
    content = body.object(kind)
    for name, most in NEEDED[kind].items():
        value = content.text(name)
        if most is not None and len(value.encode()) > most:
            raise Refused(40058, f'{name} exceed max length {most}')
        if name == 'thumb_media_id':
            world.media.get(value, world.clock.now())
    return content.fields


def _text(text: Body) -> dict[str, Any]:
    content = text.fields.get('content')
    if not isinstance(content, str) or not content:
        raise Refused(44004)
    return {'content': content.encode(errors='replace')[:TEXT_BYTES].decode(errors='ignore')}


def _menu(menu: Body) -> dict[str, Any]:
    items = menu.fields.get('list', [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refused(40058, 'invalid argument: list')
    kinds = [item.get('type') for item in items]
    if not set(kinds) <= {'click', 'view', 'miniprogram', 'text'}:
        raise Refused(95009)
    if len(items) > 50 or sum(kind != 'text' for kind in kinds) > 10:
        raise Refused(95008)
    if not items and not menu.fields.get('head_content') and not menu.fields.get('tail_content'):
        raise Refused(44004)
    return menu.fields


ENDPOINTS = {
    'kf/send_msg': Endpoint('POST', send, right='kf'),
    'kf/send_msg_on_event': Endpoint('POST', send_on_event, right='kf'),
}
