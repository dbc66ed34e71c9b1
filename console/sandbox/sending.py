"""message/send as WeCom does it: who gets it, what is cut, what is swallowed."""

import hashlib
import json
import secrets
from typing import Any

from console.sandbox.answers import Answer, Refused, ok
from console.sandbox.phones import Member, UnknownMember
from console.sandbox.world import World

TEXT_BYTES = 2048
PER_MINUTE, PER_HOUR = 30, 1000
DUPLICATE_SECONDS, DUPLICATE_SECONDS_AT_MOST = 1800, 14400

KINDS = {
    'text', 'markdown', 'textcard', 'image', 'voice', 'video', 'file', 'news', 'mpnews', 'miniprogram_notice',
    'template_card',
}  # fmt: skip


def send(world: World, raw: bytes) -> Answer:
    """Put the message on the phones it is meant for. Call inside `world.turn()`.

    Raises `Refused`: 40058, 40056, 301002, 40008, 44004, 82001, 81013. An identical request with
    enable_duplicate_check within its interval is answered as the first one was and does nothing more.
    """
    request = _parsed(raw)
    _check_agent(request, world.credentials.agent_id)
    kind = _kind(request)
    body = request.get(kind)
    text = _text(kind, body if isinstance(body, dict) else {})
    now = world.clock.now()
    digest = hashlib.sha256(raw).hexdigest()
    if request.get('enable_duplicate_check'):
        earlier = world.phones.remembered_request(digest, since=now - _duplicate_seconds(request))
        if earlier is not None:
            return dict(json.loads(earlier))
    members, invalid = _recipients(world, request)
    msg_id = secrets.token_urlsafe(40)
    for member in members:
        if not _too_many(world, member, now):
            world.put_on_phone(member, 'in', kind, text, msg_id=msg_id)
    answer = ok(msgid=msg_id, **invalid)
    world.phones.remember_request(digest, json.dumps(answer), at=now)
    return answer


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        request = json.loads(raw)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise Refused(40058, 'Warning: wrong json format.')
    return request


def _duplicate_seconds(request: dict[str, Any]) -> int:
    seconds = request.get('duplicate_check_interval', DUPLICATE_SECONDS)
    if not isinstance(seconds, int) or seconds <= 0:
        raise Refused(40058)
    return min(seconds, DUPLICATE_SECONDS_AT_MOST)


def _check_agent(request: dict[str, Any], agent_id: int) -> None:
    try:
        asked = int(request['agentid'])
    except (KeyError, TypeError, ValueError):
        raise Refused(40056) from None
    if asked != agent_id:
        raise Refused(301002)


def _kind(request: dict[str, Any]) -> str:
    kind = request.get('msgtype')
    if not isinstance(kind, str) or kind not in KINDS:
        raise Refused(40008)
    return kind


def _text(kind: str, body: dict[str, Any]) -> str:
    """What the phone shows of it."""
    if kind not in {'text', 'markdown'}:
        return '\n'.join(str(body[field]) for field in ('title', 'description', 'media_id') if body.get(field))
    content = body.get('content')
    if not isinstance(content, str) or not content:
        raise Refused(44004)
    return content.encode(errors='replace')[:TEXT_BYTES].decode(errors='ignore')


def _recipients(world: World, request: dict[str, Any]) -> tuple[list[Member], dict[str, str]]:
    """The members who get it, and the answer's lists of those who do not."""
    asked = {field: str(request.get(field) or '') for field in ('touser', 'toparty', 'totag')}
    if not any(asked.values()):
        raise Refused(82001)
    if asked['touser'] == '@all':
        return [member for member in world.phones.members() if not member.outsider], {}
    members: dict[str, Member] = {}
    invalid: dict[str, None] = {}
    for key in dict.fromkeys(userid.strip().lower() for userid in asked['touser'].split('|') if userid.strip()):
        try:
            member = world.phones.member(key)
        except UnknownMember:
            invalid[key] = None
            continue
        if member.outsider:
            invalid[key] = None
        else:
            members[key] = member
    if not members:
        raise Refused(81013)
    refused = {'invaliduser': '|'.join(invalid), 'invalidparty': asked['toparty'], 'invalidtag': asked['totag']}
    return list(members.values()), {name: ids for name, ids in refused.items() if ids}


def _too_many(world: World, member: Member, now: float) -> bool:
    phones = world.phones
    return (
        phones.arrived_between(member, now - 60, now) >= PER_MINUTE
        or phones.arrived_between(member, now - 3600, now) >= PER_HOUR
    )
