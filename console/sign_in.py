"""Signing in: passwords, the throttle, and server-side sessions for browsers and programs."""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from console import audit, signals, staff
from console.database import read, transact
from console.errors import ConsoleError, Invalid, NotSignedIn, TooMany
from models import SignInAttempt, Staff, StaffSession, utc_now

R = TypeVar('R')

BROWSER_SESSION = timedelta(hours=12)
API_SESSION = timedelta(days=7)
ACCESS_TOKEN = timedelta(hours=2)
THROTTLE = {'address': (10, timedelta(minutes=5)), 'account': (10, timedelta(minutes=15))}
"""Failures allowed within a time, for one address and for one account."""
THIS_MACHINE = re.compile(r'(localhost|127\.0\.0\.1|\[::1\])(:\d+)?', re.IGNORECASE)
SETUP = '(set-up)'
"""What the throttle counts wrong set-up codes under; no account can be called this."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_hashing = ThreadPoolExecutor(2, thread_name_prefix='password')
"""Of their own: anybody may make us hash, at 19 MiB a thread, and what is sent to WeCom must not wait for it."""
_NOBODY = _hasher.hash(secrets.token_hex(16))


class WrongPassword(ConsoleError):
    """One text for an unknown name, a wrong password and a closed account."""

    http_status = 401

    def __init__(self) -> None:
        super().__init__('用户名或密码不正确。')


async def with_password(username: str, password: str, *, address: str) -> int:
    """The id of the member these belong to. Takes as long for an unknown name as for a wrong password.

    Raises `WrongPassword`, `TooMany`.
    """
    name = username.strip().casefold()[:64]
    member = await transact(_admit, name, address)
    known = member.password_hash if member and member.active and member.password_hash else None
    matches = await _hashed(_matches, known or _NOBODY, password[: staff.LONGEST_PASSWORD + 1])
    if not matches or known is None or member is None:
        raise WrongPassword
    await transact(_forget_attempt, name, address)
    if _hasher.check_needs_rehash(known):
        await transact(_rehash, member.id, known, await hash_password(password))
    return member.id


async def with_setup_code(given: str, code: str, *, address: str) -> None:
    """Check the code printed at the first start. Raises `Invalid`, `TooMany`."""
    await transact(_admit, SETUP, address)
    if not hmac.compare_digest(given.strip().casefold().encode(), code.encode()):
        raise Invalid('code', '安装码不正确。它显示在启动程序的终端里。')
    await transact(_forget_attempt, SETUP, address)


async def change_own_password(staff_id: int, present: str, password: str, *, address: str) -> None:
    """Set a new password for oneself; all own sign-ins end.

    Raises `Invalid` with the field, `TooMany`, `NotAllowed`.
    """
    member = await read(staff.require, staff_id)
    checked = staff.checked_password(password, username=member.username)
    if member.password_hash is not None:
        try:
            await with_password(member.username, present, address=address)
        except WrongPassword:
            raise Invalid('present', '当前密码不正确。') from None
    await transact(staff.set_password, staff_id, await hash_password(checked), by=staff_id)


async def hash_password(password: str) -> str:
    """argon2id, in a thread: it takes tens of milliseconds by design."""
    return await _hashed(_hasher.hash, password)


def hash_password_now(password: str) -> str:
    return _hasher.hash(password)


def open_session(session: Session, staff_id: int, *, kind: str, address: str | None, through: str = 'password') -> str:
    """Start a sign-in and return its secret, to be kept by the browser or in the token. Raises `NotAllowed`."""
    member = staff.require(session, staff_id)
    secret = secrets.token_urlsafe(32)
    lifetime = BROWSER_SESSION if kind == 'browser' else API_SESSION
    session.add(
        StaffSession(
            secret_hash=_digest(secret),
            staff_id=member.id,
            kind=kind,
            expires_at=utc_now() + lifetime,
            address=address,
        )
    )
    session.execute(delete(StaffSession).where(StaffSession.expires_at < utc_now()))
    audit.record(session, 'sign_in', 'staff', member.id, by=member.id, kind=kind, address=address, through=through)
    return secret


def renew_session(
    session: Session, staff_id: int, *, before: str | None, address: str | None, through: str = 'password'
) -> str:
    """`open_session` for a browser, ending what it was signed in with `before`: that may have been planted.

    Raises `NotAllowed`.
    """
    if before:
        close_session(session, before[:200])
    return open_session(session, staff_id, kind='browser', address=address, through=through)


def member_of(session: Session, secret: str) -> Staff | None:
    """Whose sign-in this is, or None if it is over."""
    return session.scalar(
        select(Staff)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(StaffSession.secret_hash == _digest(secret), StaffSession.expires_at > utc_now(), Staff.active)
    )


def close_session(session: Session, secret: str) -> None:
    row = session.scalar(select(StaffSession).where(StaffSession.secret_hash == _digest(secret)))
    if row is not None:
        session.delete(row)
        audit.record(session, 'sign_out', 'staff', row.staff_id, by=row.staff_id)
        signals.announce(session, signals.staff_changed, row.staff_id)


def close_all_sessions(session: Session, staff_id: int, *, by: int) -> None:
    """Sign a member out everywhere. Everyone may do so for themselves. Raises `NotAllowed`."""
    staff.require(session, by, None if by == staff_id else staff.Action.MANAGE_STAFF)
    session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))
    audit.record(session, 'sign_out_everywhere', 'staff', staff_id, by=by)
    signals.announce(session, signals.staff_changed, staff_id)


def local_path(path: str) -> str:
    """Where a sign-in may lead: to a page of our own. `//elsewhere`, `/\\elsewhere` and whole addresses: the start."""
    plain_path = path.startswith('/') and path[1:2] not in ('/', '\\') and path.isprintable()
    return path if plain_path and not path.startswith(('/login', '/logout', '/setup', '/api/')) else '/'


def is_this_machine(host: str) -> bool:
    """Whether a Host header is one of the names by which a browser calls the machine it runs on."""
    return THIS_MACHINE.fullmatch(host) is not None


class Tokens:
    """JWTs around a session's secret: short-lived, and dead as soon as the session is."""

    def __init__(self, key: str) -> None:
        self._key = key

    def access(self, secret: str) -> str:
        return self._token(secret, 'access', ACCESS_TOKEN)

    def refresh(self, secret: str) -> str:
        return self._token(secret, 'refresh', API_SESSION)

    def secret_in(self, token: str, kind: str = 'access') -> str:
        """Raises `NotSignedIn` for a forged, expired or other kind of token."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=['HS256'],
                audience='edudesk',
                issuer='edudesk',
                options={'require': ['exp', 'aud', 'iss', 'sid', 'typ']},
            )
        except jwt.InvalidTokenError:
            raise NotSignedIn from None
        if claims['typ'] != kind or not isinstance(claims['sid'], str):
            raise NotSignedIn
        return claims['sid']

    def _token(self, secret: str, kind: str, lifetime: timedelta) -> str:
        now = utc_now()
        return jwt.encode(
            {'sid': secret, 'typ': kind, 'iss': 'edudesk', 'aud': 'edudesk', 'iat': now, 'exp': now + lifetime},
            self._key,
            algorithm='HS256',
        )


def _admit(session: Session, username: str, address: str) -> Staff | None:
    """Count an attempt as failed before it is made: a hundred at once must not all be let through."""
    for kind, value in (('address', address), ('account', username)):
        most, within = THROTTLE[kind]
        since = utc_now() - within
        failed = session.execute(
            select(func.count(), func.min(SignInAttempt.at)).where(
                SignInAttempt.key == f'{kind}:{value}', SignInAttempt.at > since
            )
        ).one()
        if failed[0] >= most:
            seconds = max(1, int((failed[1] - since).total_seconds()))
            raise TooMany(f'尝试次数过多，请 {seconds // 60 + 1} 分钟后再试。', seconds)
    session.add_all([SignInAttempt(key=key) for key in _keys(username, address)])
    session.execute(delete(SignInAttempt).where(SignInAttempt.at < utc_now() - timedelta(days=1)))
    return session.scalar(select(Staff).where(Staff.username == username))


def _forget_attempt(session: Session, username: str, address: str) -> None:
    """The attempt that `_admit` counted last went well."""
    for key in _keys(username, address):
        latest = select(func.max(SignInAttempt.id)).where(SignInAttempt.key == key).scalar_subquery()
        session.execute(delete(SignInAttempt).where(SignInAttempt.id == latest))


def _keys(username: str, address: str) -> tuple[str, str]:
    return f'address:{address}', f'account:{username}'


def _rehash(session: Session, staff_id: int, before: str, after: str) -> None:
    """Unless the password was changed meanwhile."""
    session.execute(
        update(Staff).where(Staff.id == staff_id, Staff.password_hash == before).values(password_hash=after)
    )


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


async def _hashed(work: Callable[..., R], *args: str) -> R:
    return await asyncio.get_running_loop().run_in_executor(_hashing, work, *args)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
