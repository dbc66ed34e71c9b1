"""What we ask of WeCom about 微信客服: messages, sessions, accounts, servicers, customers.

See developer.work.weixin.qq.com/document/path/94670 (messages), 94677 (sending), 95122 (on events), 94669 (sessions),
94661 (accounts), 94645 (servicers) and 95159 (customers), read 2026-11-24.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Literal

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
            items=[_item(said) for said in answer.get('msg_list') or [] if isinstance(said, dict)],
            cursor=_text(answer, 'next_cursor') or cursor or '',
            has_more=number(answer.get('has_more')) == 1,
        )

    def send(self, request: bytes) -> str:
        """Sends a frozen `text_request`. The msgid; 95033 says that this id was used before."""
        return _text(self.client.post_frozen('kf/send_msg', request), 'msgid') or ''

    def send_on_event(self, request: bytes) -> str:
        """Sends a frozen `event_request`, once a code and only while the code lives."""
        return _text(self.client.post_frozen('kf/send_msg_on_event', request), 'msgid') or ''

    def session(self, open_kfid: str, external_userid: str) -> Session:
        answer = self.client.post('kf/service_state/get', {'open_kfid': open_kfid, 'external_userid': external_userid})
        return Session(state=number(answer.get('service_state')), servicer=_text(answer, 'servicer_userid'))

    def move(self, open_kfid: str, external_userid: str, state: int, servicer: str | None = None) -> str | None:
        """Gives the session another state. A code for one message on this occasion, where WeCom grants one."""
        asked: dict[str, Any] = {'open_kfid': open_kfid, 'external_userid': external_userid, 'service_state': state}
        if servicer:
            asked['servicer_userid'] = servicer
        return _text(self.client.post('kf/service_state/trans', asked), 'msg_code')

    def accounts(self) -> list[Account]:
        """All accounts of the company. An answer without a list says nothing of them, and is `WeComRefused`, too."""
        found: dict[str, Account] = {}
        offset = 0
        while True:
            rows = self.client.post('kf/account/list', {'offset': offset, 'limit': MOST_ACCOUNTS}).get('account_list')
            if not isinstance(rows, list):
                if not offset:
                    raise WeComRefused(None, 'no account_list')
                rows = []
            before = len(found)
            found |= {
                str(row['open_kfid']): Account(
                    open_kfid=str(row['open_kfid']),
                    name=_text(row, 'name') or '',
                    avatar_url=_text(row, 'avatar'),
                    granted=row.get('manage_privilege') is not False,
                )
                for row in rows
                if isinstance(row, dict) and row.get('open_kfid')
            }
            offset += len(rows)
            if len(rows) < MOST_ACCOUNTS or len(found) == before:  # the latter: the offset is not heeded
                return list(found.values())

    def servicers(self, open_kfid: str) -> list[Servicer]:
        """The members on the account's list; departments on it are left out."""
        rows = self.client.get('kf/servicer/list', open_kfid=open_kfid).get('servicer_list') or []
        return [
            Servicer(userid=row['userid'], receiving=number(row.get('status')) == 0)
            for row in rows
            if _text(row, 'userid')
        ]

    def customers(self, external_userids: Sequence[str]) -> list[Customer]:
        """Those of at most 100 who were active within 48 hours; the others are missing."""
        answer = self.client.post(
            'kf/customer/batchget', {'external_userid_list': list(external_userids), 'need_enter_session_context': 0}
        )
        return [
            Customer(
                external_userid=str(row.get('external_userid')),
                nickname=_text(row, 'nickname') or '',
                avatar_url=_text(row, 'avatar'),
            )
            for row in answer.get('customer_list') or []
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


def number(said: object) -> int | None:
    """A number of WeCom's, which some of its services send as a text, and yes as true."""
    try:
        return int(said) if isinstance(said, int | str) else None
    except ValueError:
        return None


def _item(said: dict[str, Any]) -> Item:
    kind = _text(said, 'msgtype') or ''
    body = said.get(kind)
    body = body if isinstance(body, dict) else {}
    return Item(
        msgid=_text(said, 'msgid') or '',
        external_userid=_text(said, 'external_userid') or _text(body, 'external_userid'),
        sent_at=_moment(said.get('send_time')),
        origin=_origin(said, kind),
        kind=kind,
        servicer=_text(said, 'servicer_userid'),
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


def _text(of: dict[str, Any], name: str) -> str | None:
    value = of.get(name)
    return value if isinstance(value, str) and value else None
