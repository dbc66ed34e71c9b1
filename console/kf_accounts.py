"""Our 微信客服 accounts: which there are, and when each is to be read next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console import audit, signals, staff
from console.crypto import cipher
from console.database import insert_once
from console.errors import Conflict, Invalid, NotFound
from console.wecom.events import WeComEvent
from console.wecom.kf import Account
from models import KfAccount, Staff, utc_now

STARTED = utc_now()
"""When this process began. What parents said before that is kept and not answered."""

A_MINUTE = timedelta(minutes=1)
"""By which a doorbell for a new account may come after the words it rings for."""

TOKEN_LIVES = timedelta(minutes=10)
LONGEST_TEXT = 2048
"""Bytes of UTF-8 that one message may have (path/95122)."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An account for the page; `approved_by` is who approved its texts."""

    account: KfAccount
    approved_by: str | None


def rung(session: Session, corp_id: str, said: WeComEvent) -> None:
    """The doorbell `kf_msg_or_event`: there is something to read. Rung too often it does no harm."""
    open_kfid, token = said.fields.get('OpenKfId'), said.fields.get('Token')
    if not isinstance(open_kfid, str) or not open_kfid:
        return
    at = said.created_at or utc_now()
    account = _ensured(session, corp_id, open_kfid, at)
    account.active = True
    account.pull_at = utc_now()
    if isinstance(token, str) and token and (account.token_until is None or account.token_until <= at + TOKEN_LIVES):
        account.token_sealed = cipher().seal(token, place(account))
        account.token_until = at + TOKEN_LIVES
    signals.announce(session, signals.kf_due, account.id)


def auth_changed(session: Session, corp_id: str, said: WeComEvent) -> None:
    """`kf_account_auth_change`: accounts were granted to our app or taken from it."""
    at = said.created_at or utc_now()
    for open_kfid in _listed(said, 'AuthAddOpenKfId'):
        account = _ensured(session, corp_id, open_kfid, at)
        account.active, account.pull_at = True, utc_now()
        signals.announce(session, signals.kf_due, account.id)
        signals.announce(session, signals.kf_changed, account.id)
    for open_kfid in _listed(said, 'AuthDelOpenKfId'):
        account = _ensured(session, corp_id, open_kfid, at)
        account.active = False
        signals.announce(session, signals.kf_changed, account.id)


def listed(session: Session, corp_id: str, accounts: Sequence[Account]) -> None:
    """WeCom named all its accounts: those granted to us are read from now on, the others no longer."""
    known = {row.open_kfid: row for row in of_corp(session, corp_id)}
    granted = {account.open_kfid: account for account in accounts if account.granted}
    for open_kfid, account in granted.items():
        row = known.get(open_kfid) or _ensured(session, corp_id, open_kfid, utc_now())
        row.active, row.name, row.avatar_url = True, account.name, account.avatar_url
        signals.announce(session, signals.kf_changed, row.id)
    for open_kfid, row in known.items():
        if open_kfid not in granted:
            row.active = False
            signals.announce(session, signals.kf_changed, row.id)


def be_due(session: Session, corp_id: str) -> None:
    """Read every account now: while we were not there, doorbells may have rung for nobody."""
    now = utc_now()
    resting = KfAccount.corp_id == corp_id, KfAccount.active.is_(True), KfAccount.pull_at > now
    session.execute(update(KfAccount).where(*resting).values(pull_at=now))


def of_corp(session: Session, corp_id: str) -> list[KfAccount]:
    """All accounts we ever read, those taken from us as well, oldest first."""
    return list(session.scalars(select(KfAccount).where(KfAccount.corp_id == corp_id).order_by(KfAccount.id)))


def unnamed(session: Session, corp_id: str) -> bool:
    """Whether a doorbell told us of an account before WeCom said what it is called."""
    nameless = KfAccount.corp_id == corp_id, KfAccount.active.is_(True), KfAccount.name.is_(None)
    return bool(session.scalar(select(select(KfAccount.id).where(*nameless).exists())))


def everyone(session: Session, corp_id: str, *, by: int) -> list[Listed]:
    """All accounts of `of_corp` for the page, those granted to us first. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_SETTINGS)
    rows = session.execute(
        select(KfAccount, Staff.name)
        .outerjoin(Staff, Staff.id == KfAccount.texts_by_id)
        .where(KfAccount.corp_id == corp_id)
        .order_by(KfAccount.active.desc(), KfAccount.id)
    )
    return [Listed(account=account, approved_by=name) for account, name in rows]


def set_texts(
    session: Session, account_id: int, *, welcome: str, closing: str, seen_at: datetime | None, by: int
) -> KfAccount:
    """Approve what the account says by itself when a customer enters and when a session ends; empty says nothing.

    `seen_at` is the `texts_at` of the texts that were changed. Raises `NotAllowed`, `NotFound`, `Invalid`, `Conflict`
    if a colleague approved others since.
    """
    staff.require(session, by, staff.Action.REVIEW)
    account = session.get(KfAccount, account_id, with_for_update=True)
    if account is None:
        raise NotFound('这个客服账号')
    if account.texts_at != seen_at:
        raise Conflict('刚有同事改过这些内容，已显示在上方，您的还没有保存。请看过再保存。', 'version')
    for field, text in (('welcome', welcome), ('closing', closing)):
        if (size := len(text.strip().encode(errors='replace'))) > LONGEST_TEXT:
            raise Invalid(field, f'内容有 {size:,} 字节，最多 {LONGEST_TEXT:,} 字节（约 680 个汉字）。')
    audit.record(session, 'texts', 'kf_account', account_id, by=by, welcome=welcome.strip(), closing=closing.strip())
    account.welcome_text, account.closing_text = welcome.strip() or None, closing.strip() or None
    account.texts_by_id, account.texts_at = by, utc_now()
    signals.announce(session, signals.kf_changed, account.id)
    return account


def place(account: KfAccount) -> str:
    """Where its sealed token belongs."""
    return f'kf_account:{account.corp_id}:{account.open_kfid}'


def _ensured(session: Session, corp_id: str, open_kfid: str, at: datetime) -> KfAccount:
    """The account, locked. A new one is answered for from `at` on: its `created_at` says so also after a restart."""
    session.flush()
    insert_once(
        session,
        KfAccount,
        [
            {
                'corp_id': corp_id,
                'open_kfid': open_kfid,
                'active': True,
                'history_skipped': False,
                'lease_token': 0,
                'pull_at': utc_now(),
                'created_at': max(STARTED, at - A_MINUTE),
            }
        ],
    )
    return session.scalars(
        select(KfAccount)
        .where(KfAccount.corp_id == corp_id, KfAccount.open_kfid == open_kfid)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _listed(said: WeComEvent, name: str) -> list[str]:
    value = said.fields.get(name, [])
    return [value] if isinstance(value, str) else list(value)
