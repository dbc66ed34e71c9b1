"""Signing in through WeCom: begun in a browser, ended in the same one, once, by somebody who works here."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from console import staff
from console.database import insert_once
from console.errors import ConsoleError, TooMany
from console.wecom import oauth
from console.wecom.client import OAuthUser, WeComClient
from models import OAuthState, SignInAttempt, utc_now

PATIENCE = timedelta(minutes=10)
"""Within which a sign-in that was begun must come back."""
STARTS = (60, timedelta(minutes=5))
"""How many may be begun from one address within a time: a whole office stands behind one."""
_STATE = re.compile(r'[0-9a-f]{32}')
LONGEST_CODE = 512


class NotBegunHere(ConsoleError):
    """The state is missing, foreign, used or too old."""

    http_status = 403
    reason = 'state'

    def __init__(self) -> None:
        super().__init__('这次登录不是在当前浏览器里发起的，或者已经用过、超过了 10 分钟。请重新登录。')


class CodeSpent(ConsoleError):
    http_status = 403
    reason = 'code'

    def __init__(self) -> None:
        super().__init__('登录码已经用过或已过期，每个登录码只能用一次。请重新登录。')


class NoEntry(ConsoleError):
    """WeCom knows who it is, and it is nobody who may come in; `reason` says why."""

    http_status = 403

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What came back to the browser that began it. `spent`: with a code that came before."""

    next_path: str
    spent: bool


class Visitors:
    """Names of browsers that nobody has signed in with yet, signed so that we know our own again."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def new(self) -> str:
        """A cookie value."""
        name = secrets.token_hex(16)
        return f'{name}.{self._signature(name)}'

    def name_in(self, cookie: str) -> str | None:
        """The name, if the cookie is one of ours."""
        name, _, signature = cookie.partition('.')
        ours = hmac.compare_digest(signature.encode(), self._signature(name).encode())
        return name if ours else None

    def _signature(self, name: str) -> str:
        return hmac.new(self._key, b'visitor ' + name.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, kw_only=True)
class WeComEntrance:
    """WeCom's sign-in pages, and the app that asks there; its `client` learns who came back."""

    client: WeComClient
    visitors: Visitors
    authorize_page: str
    scan_page: str
    redirect_uri: str

    def address(self, state: str, *, inside: bool) -> str:
        """Where to send the browser; `inside`: it is WeCom's own, which knows its member already."""
        page, url = (self.authorize_page, oauth.authorize_url) if inside else (self.scan_page, oauth.scan_url)
        return url(
            page,
            corp_id=self.client.corp_id,
            agent_id=self.client.agent_id,
            redirect_uri=self.redirect_uri,
            state=state,
        )


def begin(session: Session, *, next_path: str, visitor: str, address: str) -> str:
    """A new state, good once in this visitor's browser. Raises `TooMany`."""
    now = utc_now()
    most, within = STARTS
    key = f'wecom:{address}'
    session.execute(delete(SignInAttempt).where(SignInAttempt.key == key, SignInAttempt.at <= now - within))
    if (session.scalar(select(func.count()).where(SignInAttempt.key == key)) or 0) >= most:
        raise TooMany('登录发起得太频繁，请几分钟后再试。', int(within.total_seconds()))
    state = secrets.token_hex(16)
    session.execute(delete(OAuthState).where(OAuthState.expires_at <= now))
    session.add_all(
        [
            SignInAttempt(key=key),
            OAuthState(
                state_hash=_digest(state),
                browser_hash=_digest(visitor),
                next_path=next_path,
                expires_at=now + PATIENCE,
            ),
        ]
    )
    return state


def redeem(session: Session, *, state: str, code: str, visitor: str | None) -> Begun:
    """End what `begin` began; the state is worth nothing any more, and neither is the code. Raises `NotBegunHere`."""
    if visitor is None or _STATE.fullmatch(state) is None:
        raise NotBegunHere
    next_path = session.scalar(
        delete(OAuthState)
        .where(
            OAuthState.state_hash == _digest(state),
            OAuthState.browser_hash == _digest(visitor),
            OAuthState.expires_at > utc_now(),
        )
        .returning(OAuthState.next_path)
    )
    if next_path is None:
        raise NotBegunHere
    return Begun(next_path=next_path, spent=not _is_new(session, code))


def member_for(session: Session, user: OAuthUser) -> int:
    """The id of the member whom WeCom named. Raises `NoEntry`."""
    if user.userid is None:
        raise NoEntry(
            'outsider', '您的微信不是本机构企业微信的成员，不能登录工作台。家长需要咨询时，请直接在微信里联系老师。'
        )
    if '/' in user.userid:
        raise NoEntry('linked', '您的企业微信账号属于互联企业，不是本机构的成员，不能登录工作台。')
    member = staff.by_wecom_userid(session, user.userid)
    if member is None:
        raise NoEntry(
            'unknown',
            f'企业微信账号“{user.userid[:64]}”还没有对应的员工账号。请把它告诉管理员，在“设置 › 员工与角色”里填上。',
        )
    if not member.active:
        raise NoEntry('closed', '您的员工账号已停用。需要的话，请联系管理员。')
    return member.id


def _is_new(session: Session, code: str) -> bool:
    """A used code rests among the states, where no browser can redeem it: its digest is that of no state."""
    used = {
        'state_hash': _digest(f'code {code}'),
        'browser_hash': '',
        'next_path': '',
        'expires_at': utc_now() + PATIENCE,
    }
    return insert_once(session, OAuthState, [used]) == 1


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
