"""externalcontact/: outside contacts, remarks, codes to come by, welcomes. Tags are in tags_api."""

from typing import Any

from console.sandbox.answers import Answer, Refused, ok
from console.sandbox.contacts import Follow, OutsideContact, UnknownContact
from console.sandbox.endpoints import Asked, Body, Endpoint
from console.sandbox.members_api import reachable_member
from console.sandbox.world import World

WELCOME_BYTES = 4000
COMPANY_TAG = 1


def follow_of(world: World, body: Body) -> Follow:
    """Raises `Refused`: 60111, 60011, 40096 (no such contact), 84061 (not this member's)."""
    member = reachable_member(world, body.text('userid'))
    external_userid = body.text('external_userid')
    _contact(world, external_userid)
    try:
        return world.contacts.follow(member.userid, external_userid)
    except UnknownContact:
        raise Refused(84061) from None


def _follow_user_list(world: World, _asked: Asked) -> Answer:
    return ok(follow_user=[member.userid for member in world.phones.members() if member.reachable])


def _list(world: World, asked: Asked) -> Answer:
    member = reachable_member(world, asked.required('userid'))
    follows = world.contacts.followed_by(member.userid)
    if not follows:
        raise Refused(84061)
    return ok(external_userid=[follow.external_userid for follow in follows])


def _get(world: World, asked: Asked) -> Answer:
    contact = _contact(world, asked.required('external_userid'))
    follows = world.contacts.followers(contact.external_userid)
    if not follows:
        raise Refused(84061)
    reachable = {member.userid for member in world.phones.members() if member.reachable}
    seen = [follow for follow in follows if follow.userid in reachable]
    if not seen:
        raise Refused(40096)
    tags = {tag.tag_id: tag for tag in world.tags.tags()}
    groups = {group.group_id: group.name for group in world.tags.groups()}
    return ok(
        external_contact=_person(contact),
        follow_user=[
            _follow_fields(follow)
            | {
                'tags': [
                    {
                        'group_name': groups[tags[tag_id].group_id],
                        'tag_name': tags[tag_id].name,
                        'tag_id': tag_id,
                        'type': COMPANY_TAG,
                    }
                    for tag_id in follow.tag_ids
                    if tag_id in tags
                ]
            }
            for follow in seen
        ],
        next_cursor='',
    )


def _batch(world: World, asked: Asked) -> Answer:
    body = asked.body()
    members = [reachable_member(world, userid) for userid in body.texts('userid_list', at_most=100, needed=True)]
    limit, start = body.number('limit', 50, low=1, high=100), _position(body.text('cursor', default=''))
    follows = [follow for member in members for follow in world.contacts.followed_by(member.userid)]
    if not follows:
        raise Refused(84061)
    tags = {tag.tag_id for tag in world.tags.tags()}
    page, end = follows[start : start + limit], start + limit
    return ok(
        external_contact_list=[
            {
                'external_contact': _person(world.contacts.contact(follow.external_userid)),
                'follow_info': _follow_fields(follow)
                | {'tag_id': [tag_id for tag_id in follow.tag_ids if tag_id in tags]},
            }
            for follow in page
        ],
        next_cursor=f'c{end:015x}' if end < len(follows) else '',
    )


def _position(cursor: str) -> int:
    try:
        return int(cursor[1:], 16) if cursor else 0
    except ValueError:
        raise Refused(40058, 'invalid cursor') from None


def _person(contact: OutsideContact) -> dict[str, Any]:
    person: dict[str, Any] = {'external_userid': contact.external_userid, 'name': contact.name, 'type': 1}
    person |= {'avatar': contact.avatar, 'gender': contact.gender}
    return person | ({'unionid': contact.unionid} if contact.unionid else {})


def _follow_fields(follow: Follow) -> dict[str, Any]:
    fields: dict[str, Any] = {
        'userid': follow.userid,
        'remark': follow.remark,
        'description': follow.description,
        'createtime': follow.created_at,
        'remark_mobiles': follow.mobiles,
        'remark_corp_name': follow.company,
        'add_way': follow.add_way,
        'oper_userid': follow.userid,
    }
    return fields | ({'state': follow.state} if follow.state else {})


def _remark(world: World, asked: Asked) -> Answer:
    body = asked.body()
    follow = follow_of(world, body)
    follow.remark = body.text('remark', at_most=20, default=follow.remark)
    follow.description = body.text('description', at_most=150, default=follow.description)
    follow.company = body.text('remark_company', at_most=20, default=follow.company)
    if 'remark_mobiles' in body.fields:
        follow.mobiles = [mobile for mobile in body.texts('remark_mobiles', at_most=5) if mobile]
    world.contacts.keep(follow)
    return ok()


def _add_way(world: World, asked: Asked) -> Answer:
    body = asked.body()
    kind, scene = body.number('type', 0, low=1, high=2), body.number('scene', 0, low=1, high=2)
    body.text('remark', at_most=30, default='')
    body.text('state', at_most=30, default='')
    users = body.texts('user', at_most=100)
    if kind == 1 and len(users) != 1:
        raise Refused(40058, 'invalid argument: user')
    for userid in users:
        reachable_member(world, userid)
    config_id = world.contacts.add_way(body.fields)
    code = {'qr_code': f'https://wework.qpic.cn/sandbox/way/{config_id}'} if scene == 2 else {}
    return ok(config_id=config_id, **code)


def _get_way(world: World, asked: Asked) -> Answer:
    config_id = asked.body().text('config_id')
    way = world.contacts.way(config_id)
    if way is None:
        raise Refused(40058, 'invalid config_id')
    return ok(contact_way={'config_id': config_id, **way})


def _del_way(world: World, asked: Asked) -> Answer:
    config_id = asked.body().text('config_id')
    if world.contacts.way(config_id) is None:
        raise Refused(40058, 'invalid config_id')
    world.contacts.delete_way(config_id)
    return ok()


def _welcome(world: World, asked: Asked) -> Answer:
    body = asked.body()
    text = body.object('text').text('content', default='') if 'text' in body.fields else ''
    attachments = body.fields.get('attachments') or []
    if len(text.encode()) > WELCOME_BYTES or not isinstance(attachments, list) or len(attachments) > 9:
        raise Refused(40058)
    if not text and not attachments:
        raise Refused(44004)
    world.contacts.welcome(body.text('welcome_code'), text, world.clock.now())
    return ok()


def _contact(world: World, external_userid: str) -> OutsideContact:
    try:
        return world.contacts.contact(external_userid)
    except UnknownContact:
        raise Refused(40096) from None


ENDPOINTS = {
    'externalcontact/get_follow_user_list': Endpoint('GET', _follow_user_list, right='contact'),
    'externalcontact/list': Endpoint('GET', _list, right='contact'),
    'externalcontact/get': Endpoint('GET', _get, right='contact'),
    'externalcontact/batch/get_by_user': Endpoint('POST', _batch, right='contact'),
    'externalcontact/remark': Endpoint('POST', _remark, right='contact'),
    'externalcontact/add_contact_way': Endpoint('POST', _add_way, right='contact'),
    'externalcontact/get_contact_way': Endpoint('POST', _get_way, right='contact'),
    'externalcontact/del_contact_way': Endpoint('POST', _del_way, right='contact'),
    'externalcontact/send_welcome_msg': Endpoint('POST', _welcome, right='contact'),
}
