"""What we ask of WeCom about 微信客服: messages, sessions, accounts, servicers, customers.

See developer.work.weixin.qq.com/document/path/94670 (messages), 94677 (sending), 95122 (on events), 94669 (sessions),
94661 (accounts), 94645 (servicers) and 95159 (customers), read 2026-11-24.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Literal

from console.wecom.answers import fields, number, rows, text
from console.wecom.client import WeComClient
from console.wecom.messages import frozen
from console.wecom.refusals import WeComRefused

MOST_ITEMS = 1000
MOST_ACCOUNTS = 100
MOST_CUSTOMERS = 100


class Origin(IntEnum):
    """Who an item of the log comes from."""

    CUSTOMER = 3
    SYSTEM = 4
    SERVICER = 5  # a member, in the WeCom client


@dataclass(frozen=True, kw_only=True)
class Item:
    """One entry of an account's log. `body` is what WeCom put under the name of the kind, as it said it.

    `external_userid` is None for what concerns no customer; `servicer` is set for what a member wrote.
    """

    msgid: str
    external_userid: str | None
    sent_at: datetime
    origin: int
    kind: str
    servicer: str | None
    body: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some of the log, oldest first. It may be empty although there is more."""

    items: list[Item]
    cursor: str
    has_more: bool


@dataclass(frozen=True, kw_only=True)
class Session:
    """Who answers, see `models.SessionState`, None if WeCom does not say; `servicer` while a member does."""

    state: int | None
    servicer: str | None


@dataclass(frozen=True, kw_only=True)
class Account:
    """`granted`: our app may read and answer for it."""

    open_kfid: str
    name: str
    avatar_url: str | None
    granted: bool


@dataclass(frozen=True, kw_only=True)
class Servicer:
    """A member who may take over in the WeCom client; `receiving` while she takes sessions."""

    userid: str
    receiving: bool


@dataclass(frozen=True, kw_only=True)
class Customer:
    external_userid: str
    nickname: str
    avatar_url: str | None


class KfClient:
    """The kf/ calls of one app. Blocks; every method raises `WeComRefused` or `WeComUnreachable`."""

    def __init__(self, client: WeComClient) -> None:
        self.client = client

    @property
    def corp_id(self) -> str:
        return self.client.corp_id

    def sync(self, open_kfid: str, *, cursor: str | None, token: str | None, limit: int = MOST_ITEMS) -> Page:
        """What came after `cursor`; without one, all of the last three days.

        Without a doorbell's `token`, good for ten minutes, WeCom allows this less often.
        """
        asked: dict[str, Any] = {'open_kfid': open_kfid, 'limit': limit}
        if cursor:
            asked['cursor'] = cursor
        if token:
            asked['token'] = token
        answer = self.client.post('kf/sync_msg', asked)
        return Page(
            items=[_item(said) for said in rows(answer.get('msg_list'))],
            cursor=text(answer.get('next_cursor')) or cursor or '',
            has_more=number(answer.get('has_more')) == 1,
        )

    def send(self, request: bytes) -> str:
        """Sends a frozen `text_request`. The msgid; 95033 says that this id was used before."""
        return text(self.client.post_frozen('kf/send_msg', request).get('msgid')) or ''

    def send_on_event(self, request: bytes) -> str:
        """Sends a frozen `event_request`, once a code and only while the code lives."""
        return text(self.client.post_frozen('kf/send_msg_on_event', request).get('msgid')) or ''

    def session(self, open_kfid: str, external_userid: str) -> Session:
        answer = self.client.post('kf/service_state/get', {'open_kfid': open_kfid, 'external_userid': external_userid})
        return Session(state=number(answer.get('service_state')), servicer=text(answer.get('servicer_userid')))

    def move(self, open_kfid: str, external_userid: str, state: int, servicer: str | None = None) -> str | None:
        """Gives the session another state. A code for one message on this occasion, where WeCom grants one."""
        asked: dict[str, Any] = {'open_kfid': open_kfid, 'external_userid': external_userid, 'service_state': state}
        if servicer:
            asked['servicer_userid'] = servicer
        return text(self.client.post('kf/service_state/trans', asked).get('msg_code'))

    def accounts(self) -> list[Account]:
        """All accounts of the company. An answer without a list says nothing of them, and is `WeComRefused`, too."""
        found: dict[str, Account] = {}
        offset = 0
        while True:
            listed = self.client.post('kf/account/list', {'offset': offset, 'limit': MOST_ACCOUNTS}).get('account_list')
            if not isinstance(listed, list):
                if not offset:
                    raise WeComRefused(None, 'no account_list')
                listed = []
            before = len(found)
            found |= {
                str(row['open_kfid']): Account(
                    open_kfid=str(row['open_kfid']),
                    name=text(row.get('name')) or '',
                    avatar_url=text(row.get('avatar')),
                    granted=row.get('manage_privilege') is not False,
                )
                for row in rows(listed)
                if row.get('open_kfid')
            }
            offset += len(listed)
            if len(listed) < MOST_ACCOUNTS or len(found) == before:  # the latter: the offset is not heeded
                return list(found.values())

    def servicers(self, open_kfid: str) -> list[Servicer]:
        """The members on the account's list; departments on it are left out."""
        answer = self.client.get('kf/servicer/list', open_kfid=open_kfid)
        return [
            Servicer(userid=row['userid'], receiving=number(row.get('status')) == 0)
            for row in rows(answer.get('servicer_list'))
            if text(row.get('userid'))
        ]

    def customers(self, external_userids: Sequence[str]) -> list[Customer]:
        """Those of at most 100 who were active within 48 hours; the others are missing."""
        answer = self.client.post(
            'kf/customer/batchget', {'external_userid_list': list(external_userids), 'need_enter_session_context': 0}
        )
        return [
            Customer(
                external_userid=row['external_userid'],
                nickname=text(row.get('nickname')) or '',
                avatar_url=text(row.get('avatar')),
            )
            for row in rows(answer.get('customer_list'))
            if text(row.get('external_userid'))
        ]


def text_request(open_kfid: str, to_user: str, text: str, *, msgid: str) -> bytes:
    """A `kf/send_msg`, to be stored and sent as it is. WeCom takes each `msgid` once for an account.

    `text` has 1 to 2048 bytes of UTF-8, `msgid` at most 32 of [0-9a-zA-Z_-].
    """
    return frozen(
        {'touser': to_user, 'open_kfid': open_kfid, 'msgid': msgid, 'msgtype': 'text', 'text': {'content': text}}
    )


def media_request(open_kfid: str, to_user: str, kind: Literal['image', 'file'], media_id: str, *, msgid: str) -> bytes:
    """An uploaded picture or file. As `text_request` otherwise."""
    return frozen(
        {'touser': to_user, 'open_kfid': open_kfid, 'msgid': msgid, 'msgtype': kind, kind: {'media_id': media_id}}
    )


def event_request(code: str, text: str, *, msgid: str) -> bytes:
    """A `kf/send_msg_on_event`: a greeting or a farewell that `code` allows. As `text_request` otherwise."""
    return frozen({'code': code, 'msgid': msgid, 'msgtype': 'text', 'text': {'content': text}})


def _item(said: dict[str, Any]) -> Item:
    kind = text(said.get('msgtype')) or ''
    body = fields(said.get(kind))
    return Item(
        msgid=text(said.get('msgid')) or '',
        external_userid=text(said.get('external_userid')) or text(body.get('external_userid')),
        sent_at=_moment(said.get('send_time')),
        origin=_origin(said, kind),
        kind=kind,
        servicer=text(said.get('servicer_userid')),
        body=body,
    )


def _origin(said: dict[str, Any], kind: str) -> int:
    """Whoever it came from, it is no less said: what we cannot place is taken for the customer's."""
    given = number(said.get('origin'))
    if given in tuple(Origin):
        return given
    return Origin.SYSTEM if kind == 'event' else Origin.CUSTOMER


def _moment(seconds: object) -> datetime:
    try:
        return datetime.fromtimestamp(int(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.now(UTC)
