"""externalcontact/…tag…: the company's tags, and whom they are on."""

from typing import Any

from console.sandbox.answers import Answer, Refused, ok
from console.sandbox.contact_tags import CompanyTag, TagGroup
from console.sandbox.contacts_api import follow_of
from console.sandbox.endpoints import Asked, Body, Endpoint
from console.sandbox.world import World


def _tag_list(world: World, asked: Asked) -> Answer:
    body = asked.body()
    group_ids, tag_ids = body.texts('group_id', at_most=1000), body.texts('tag_id', at_most=1000)
    shown = []
    for group in world.tags.groups():
        tags = world.tags.tags(group.group_id)
        if group_ids:
            tags = tags if group.group_id in group_ids else []
        elif tag_ids:
            tags = [tag for tag in tags if tag.tag_id in tag_ids]
        if tags:
            shown.append(_group_fields(group, tags))
    return ok(tag_group=shown)


def _add(world: World, asked: Asked) -> Answer:
    body = asked.body()
    wanted = body.fields.get('tag')
    if not isinstance(wanted, list) or not wanted or not all(isinstance(tag, dict) for tag in wanted):
        raise Refused(40058, 'invalid argument: tag')
    if 'group_id' in body.fields:
        group = world.tags.group(body.text('group_id'))
        if group is None:
            raise Refused(40068)
    else:
        group = world.tags.ensure_group(body.text('group_name', at_most=30), body.number('order', 0))
    added = []
    for tag in map(Body, wanted):
        made = world.tags.add(group.group_id, tag.text('name', at_most=30), position=tag.number('order', 0), ours=True)
        if made is None:
            raise Refused(40071)
        added.append(made)
    return ok(tag_group=_group_fields(group, added))


def _edit(world: World, asked: Asked) -> Answer:
    body = asked.body()
    one = _own(world, body.text('id'))
    name, position = body.text('name', at_most=30, default=one.name), body.number('order', one.position)
    siblings = world.tags.tags(one.group_id) if isinstance(one, CompanyTag) else world.tags.groups()
    if name != one.name and name in {other.name for other in siblings}:
        raise Refused(40071)
    world.tags.edit(body.text('id'), name=name, position=position)
    return ok()


def _delete(world: World, asked: Asked) -> Answer:
    body = asked.body()
    wanted = [*body.texts('tag_id', at_most=1000), *body.texts('group_id', at_most=1000)]
    if not wanted:
        raise Refused(40058)
    for one in wanted:
        _own(world, one)
    for one in wanted:
        world.tags.delete(one)
    return ok()


def _mark(world: World, asked: Asked) -> Answer:
    body = asked.body()
    follow = follow_of(world, body)
    add, remove = body.texts('add_tag', at_most=1000), body.texts('remove_tag', at_most=1000)
    if not add and not remove:
        raise Refused(40058)
    if any(world.tags.tag(tag_id) is None for tag_id in add):
        raise Refused(40068)
    kept = [tag_id for tag_id in follow.tag_ids if tag_id not in remove]
    follow.tag_ids = list(dict.fromkeys([*kept, *(tag_id for tag_id in add if tag_id not in remove)]))
    world.contacts.keep(follow)
    return ok()


def _own(world: World, tag_or_group_id: str) -> CompanyTag | TagGroup:
    """The tag or group. Raises `Refused`: 40068 if there is none, 48002 unless the app made it."""
    group = world.tags.group(tag_or_group_id)
    tags = world.tags.tags(tag_or_group_id) if group else [world.tags.tag(tag_or_group_id)]
    for tag in tags:
        if tag is None:
            raise Refused(40068)
        if not tag.ours:
            raise Refused(48002)
    return group or next(tag for tag in tags if tag)


def _group_fields(group: TagGroup, tags: list[CompanyTag]) -> dict[str, Any]:
    shown = [{'id': tag.tag_id, 'name': tag.name, 'order': tag.position, 'create_time': 0} for tag in tags]
    return {'group_id': group.group_id, 'group_name': group.name, 'order': group.position, 'tag': shown}


ENDPOINTS = {
    'externalcontact/get_corp_tag_list': Endpoint('POST', _tag_list, right='contact'),
    'externalcontact/add_corp_tag': Endpoint('POST', _add, right='contact'),
    'externalcontact/edit_corp_tag': Endpoint('POST', _edit, right='contact'),
    'externalcontact/del_corp_tag': Endpoint('POST', _delete, right='contact'),
    'externalcontact/mark_tag': Endpoint('POST', _mark, right='contact'),
}
