"""message/: who gets what the app sends, what is swallowed, what is changed and taken back."""

import hashlib
import json
import secrets
from typing import Any

from console.sandbox.answers import Answer, Refused, ok
from console.sandbox.endpoints import Asked, Body, Endpoint
from console.sandbox.message_content import INTERACTIVE, check_card, content_of, shown_text
from console.sandbox.phones import Member, UnknownMember
from console.sandbox.world import World

PER_MINUTE, PER_HOUR = 30, 1000
DUPLICATE_SECONDS, DUPLICATE_SECONDS_AT_MOST = 1800, 14400
RECALL_SECONDS = 24 * 3600


def send(world: World, asked: Asked) -> Answer:
    """Put the message on the phones it is meant for.

    Raises `Refused`: 40058, 40056, 301002, 40008, 44004, 40007, 82001, 81013. An identical request with
    enable_duplicate_check within its interval is answered as the first one was and does nothing more.
    """
    request = asked.body()
    _check_agent(request, world.credentials.agent_id)
    kind, body = content_of(world, request)
    now = world.clock.now()
    digest = hashlib.sha256(asked.raw).hexdigest()
    if request.fields.get('enable_duplicate_check'):
        earlier = world.phones.remembered_request(digest, since=now - _duplicate_seconds(request))
        if earlier is not None:
            return dict(json.loads(earlier))
    task_id = str(body.get('task_id') or '') if kind == 'template_card' else ''
    if task_id:
        world.cards.check_task_id(task_id)
    members, invalid = _recipients(world, request.fields)
    msg_id = secrets.token_urlsafe(40)
    for member in members:
        if not _too_many(world, member, now):
            world.put_on_phone(member, 'in', kind, shown_text(kind, body), msg_id=msg_id, body=body)
    answer = ok(msgid=msg_id, **invalid)
    if task_id:
        world.cards.add(task_id, msg_id)
    if body.get('card_type') in INTERACTIVE:
        answer['response_code'] = world.cards.issue_code(msg_id, now)
    world.phones.remember_request(digest, json.dumps(answer), at=now)
    return answer


def update_card(world: World, asked: Asked) -> Answer:
    """Grey the buttons out under a new name, or put another card in its place, on the phones of those named.

    Raises `Refused`: 40056, 301002, 40058, 60140 (the code is used or too old), 81013.
    """
    request = asked.body()
    _check_agent(request, world.credentials.agent_id)
    now, code = world.clock.now(), request.text('response_code')
    msg_id = world.cards.message_of(code, now)
    fields = {'touser': '|'.join(request.texts('userids', at_most=100))}
    if request.fields.get('atall'):
        fields['touser'] = '@all'
    change = _change(request)
    members, invalid = _recipients(world, fields)
    for member in members:
        world.change_on_phone(member, msg_id, change)
    world.cards.use_code(code)
    return ok(**{'invaliduser': invalid.get('invaliduser', '').split('|')} if invalid else {})


def recall(world: World, asked: Asked) -> Answer:
    """Raises `Refused`: 40058 (no message of this app), 42052 (more than 24 hours ago)."""
    msg_id, now = asked.body().text('msgid'), world.clock.now()
    holders = world.phones.holders(msg_id)
    if not holders:
        raise Refused(40058, 'invalid msgid')
    if any(at + RECALL_SECONDS < now for _, at in holders):
        raise Refused(42052)
    for member, _ in holders:
        world.recall_from_phone(member, msg_id)
    return ok()


def _change(request: Body) -> dict[str, Any]:
    """The fields of the card that are different from now on; None takes one away."""
    if 'button' in request.fields:
        return {'replace_name': request.object('button').text('replace_name')}
    card = request.object('template_card')
    check_card(card)
    return {'replace_name': None, **card.fields}


def _duplicate_seconds(request: Body) -> int:
    return min(request.number('duplicate_check_interval', DUPLICATE_SECONDS, low=1), DUPLICATE_SECONDS_AT_MOST)


def _check_agent(request: Body, agent_id: int) -> None:
    try:
        asked = int(request.fields['agentid'])
    except (KeyError, TypeError, ValueError):
        raise Refused(40056) from None
    if asked != agent_id:
        raise Refused(301002)


def _recipients(world: World, request: dict[str, Any]) -> tuple[list[Member], dict[str, str]]:
    """The members who get it, and the answer's lists of those who do not."""
    asked = {field: str(request.get(field) or '') for field in ('touser', 'toparty', 'totag')}
    if not any(asked.values()):
        raise Refused(82001)
    if asked['touser'] == '@all':
        return [member for member in world.phones.members() if member.reachable], {}
    members: dict[str, Member] = {}
    invalid: dict[str, None] = {}
    for key in dict.fromkeys(userid.strip().lower() for userid in asked['touser'].split('|') if userid.strip()):
        try:
            member = world.phones.member(key)
        except UnknownMember:
            invalid[key] = None
            continue
        if member.reachable:
            members[key] = member
        else:
            invalid[key] = None
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


ENDPOINTS = {
    'message/send': Endpoint('POST', send),
    'message/update_template_card': Endpoint('POST', update_card),
    'message/recall': Endpoint('POST', recall),
}
