"""客户联系: the customers our members have in WeCom, their remarks and tags, and the codes customers come by.

See developer.work.weixin.qq.com/document/path/92109 and the pages it lists, read 2026-11-24.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from console.wecom.answers import fields, number, rows, text, texts
from console.wecom.client import WeComClient
from console.wecom.messages import frozen
from console.wecom.refusals import WeComRefused

log = logging.getLogger(__name__)

PER_PAGE = 100
MOST_PAGES = 20
"""Of one customer's members, 500 on each (path/92114): who has more than that has a cursor that does not end."""

LONGEST_REMARK = 20
LONGEST_WAY_NAME = 30
LONGEST_WELCOME_BYTES = 4000

NOT_A_CUSTOMER = 84061
"""Also said of members who have no customer at all."""

WELCOMED_ALREADY = 41051
"""Also said once the two have begun to talk."""

_SCAN = {'type': 1, 'scene': 2}
"""A code of one member, shown as a picture."""

_OURS = {None, 1, 3}
"""Kinds of tags: of the company, or of a rule group; 2 are the member's own (path/92114)."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """One customer of one member, as WeCom describes the two."""

    userid: str
    external_userid: str
    name: str | None
    avatar_url: str | None
    remark: str | None
    description: str = field(default='', repr=False)
    mobiles: tuple[str, ...] = field(default=(), repr=False)
    tag_ids: tuple[str, ...] = ()
    add_way: int | None = None
    state: str | None = None  # of the code the customer came by
    followed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class CorpTag:
    """A 企业标签 with the place it is shown at, the first at 0."""

    wecom_id: str
    name: str
    group_name: str | None
    position: int


class CustomerContacts:
    """The calls under externalcontact/. Every method blocks, and raises `WeComRefused` or `WeComUnreachable`."""

    def __init__(self, client: WeComClient) -> None:
        self._client = client

    @property
    def corp_id(self) -> str:
        return self._client.corp_id

    def members(self) -> list[str]:
        """Who may have customers (path/92571)."""
        return texts(self._client.get('externalcontact/get_follow_user_list').get('follow_user'))

    def page(self, userids: Sequence[str], cursor: str) -> tuple[list[Followed], str]:
        """Up to 100 customers of up to 100 members, and the next cursor, empty at the end (path/92994)."""
        asked: dict[str, Any] = {'userid_list': list(userids), 'limit': PER_PAGE}
        if cursor:
            asked['cursor'] = cursor
        try:
            answer = self._client.post('externalcontact/batch/get_by_user', asked)
        except WeComRefused as refused:
            if refused.errcode == NOT_A_CUSTOMER:
                return [], ''
            raise
        found = [
            _followed(fields(one.get('external_contact')), fields(one.get('follow_info')))
            for one in rows(answer.get('external_contact_list'))
        ]
        return [one for one in found if one is not None], text(answer.get('next_cursor')) or ''

    def one(self, userid: str, external_userid: str) -> Followed | None:
        """One customer of one member; None if they have no longer each other (path/92114).

        Refused, as an answer nobody can read, if the members do not end: that says of neither.
        """
        cursor = ''
        for _ in range(MOST_PAGES):
            try:
                answer = self._client.get('externalcontact/get', external_userid=external_userid, cursor=cursor)
            except WeComRefused as refused:
                if refused.errcode == NOT_A_CUSTOMER:
                    return None
                raise
            for follow in rows(answer.get('follow_user')):
                if (text(follow.get('userid')) or '').casefold() == userid.casefold():
                    return _followed(fields(answer.get('external_contact')), follow)
            cursor = text(answer.get('next_cursor')) or ''
            if not cursor:
                return None
        log.warning('the members of a customer did not end after %d pages', MOST_PAGES)
        raise WeComRefused(None, 'next_cursor without end')

    def set_remark(self, userid: str, external_userid: str, remark: str) -> None:
        """What the member calls the customer (path/92115)."""
        self._client.post(
            'externalcontact/remark', {'userid': userid, 'external_userid': external_userid, 'remark': remark}
        )

    def tags(self) -> list[CorpTag]:
        """All 企业标签 in their order (path/92117)."""
        answer = self._client.post('externalcontact/get_corp_tag_list', {})
        groups = sorted(rows(answer.get('tag_group')), key=_order)
        named = [(group, tag) for group in groups for tag in sorted(rows(group.get('tag')), key=_order)]
        return [
            CorpTag(
                wecom_id=str(tag['id']),
                name=text(tag.get('name')) or '',
                group_name=text(group.get('group_name')),
                position=position,
            )
            for position, (group, tag) in enumerate(named)
            if text(tag.get('id')) and not number(tag.get('deleted'))
        ]

    def mark_tags(self, userid: str, external_userid: str, *, add: Iterable[str], remove: Iterable[str]) -> None:
        """Give and take 企业标签 (path/92118)."""
        self._client.post(
            'externalcontact/mark_tag',
            {
                'userid': userid,
                'external_userid': external_userid,
                'add_tag': sorted(add),
                'remove_tag': sorted(remove),
            },
        )

    def add_way(self, userid: str, *, name: str, state: str) -> tuple[str, str]:
        """A code that adds this member. Its config_id, and the address of its picture (path/92228)."""
        answer = self._client.post(
            'externalcontact/add_contact_way', _SCAN | {'user': [userid], 'remark': name, 'state': state}
        )
        return text(answer.get('config_id')) or '', text(answer.get('qr_code')) or ''

    def welcome(self, request: bytes) -> None:
        """Sends a frozen `welcome_request`, once a code and only for 20 seconds (path/92137)."""
        self._client.post_frozen('externalcontact/send_welcome_msg', request)

    def delete_way(self, config_id: str) -> None:
        self._client.post('externalcontact/del_contact_way', {'config_id': config_id})


def welcome_request(code: str, text: str) -> bytes:
    """What `CustomerContacts.welcome` sends; `code` came with the event that the customer was added."""
    return frozen({'welcome_code': code, 'text': {'content': text}})


def _followed(person: dict[str, Any], follow: dict[str, Any]) -> Followed | None:
    userid, external_userid = text(follow.get('userid')), text(person.get('external_userid'))
    if userid is None or external_userid is None:
        return None
    tagged = [tag.get('tag_id') for tag in rows(follow.get('tags')) if number(tag.get('type')) in _OURS]
    since = number(follow.get('createtime'))
    return Followed(
        userid=userid,
        external_userid=external_userid,
        name=text(person.get('name')),
        avatar_url=text(person.get('avatar')),
        remark=text(follow.get('remark')),
        description=text(follow.get('description')) or '',
        mobiles=tuple(texts(follow.get('remark_mobiles'))),
        tag_ids=tuple(dict.fromkeys(texts(follow.get('tag_id')) + texts(tagged))),
        add_way=number(follow.get('add_way')),
        state=text(follow.get('state')),
        followed_at=datetime.fromtimestamp(since, UTC) if since is not None and 0 < since < 2**33 else None,
    )


def _order(one: dict[str, Any]) -> int:
    """WeCom shows what has the greater number first."""
    return -(number(one.get('order')) or 0)
