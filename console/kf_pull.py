"""Reading a 微信客服 account: a page at a time, its messages and the new cursor in one transaction.

The doorbell and the sweep only say when to look; what was read is decided by the cursor alone.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from console import alerts, kf_accounts, kf_page, signals, turns
from console.crypto import CannotOpen, cipher
from console.errors import ConsoleError
from console.wecom.kf import Page
from console.wecom.refusals import RefusalKind, WeComRefused
from models import KfAccount, utc_now

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""Longer than the longest WeCom call (20 s) and the transaction after it."""

SWEEP = timedelta(minutes=5)
"""How often an account is read although no doorbell rang: WeCom does not promise its callbacks."""

MOST_AT_ONCE = 100
A_MOMENT, AGAIN, LATER = timedelta(seconds=1), timedelta(seconds=5), timedelta(minutes=5)
RATE_PAUSE = timedelta(minutes=1)
STALE_TOKEN = 95007


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An account taken for reading one page. Finish it under its lease token."""

    account_id: int
    lease_token: int
    open_kfid: str
    cursor: str | None
    token: str | None
    due_at: datetime


def claim_next(session: Session, corp_id: str) -> Claim | None:
    """Take the account that is due longest and that nobody reads, for a lease. None if none is due."""
    now = utc_now()
    free = or_(KfAccount.lease_until.is_(None), KfAccount.lease_until < now)
    due = (
        select(KfAccount.id)
        .where(KfAccount.corp_id == corp_id, KfAccount.active.is_(True), KfAccount.pull_at <= now, free)
        .order_by(KfAccount.pull_at, KfAccount.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    account = session.scalar(
        update(KfAccount)
        .where(KfAccount.id == due, free)
        .values(lease_until=now + LEASE, lease_token=KfAccount.lease_token + 1)
        .returning(KfAccount)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if account is None:
        return None
    return Claim(
        account_id=account.id,
        lease_token=account.lease_token,
        open_kfid=account.open_kfid,
        cursor=account.cursor,
        token=_token(account, now),
        due_at=account.pull_at,
    )


def end_all(session: Session) -> None:
    """Whoever was reading belongs to a process that is gone."""
    session.execute(update(KfAccount).where(KfAccount.lease_until.is_not(None)).values(lease_until=None))


def keep(session: Session, claim: Claim, page: Page, pace: turns.Pace) -> bool:
    """Store a page and move the cursor; False if another one reads the account by now, and nothing was written."""
    account = _held(session, claim)
    if account is None:
        return False
    kf_page.understand(session, account, page.items, pace)
    stuck = page.has_more and page.cursor == (account.cursor or '')
    account.cursor = page.cursor or None
    if not page.has_more:
        account.history_skipped = True
    _rest(account, claim, until=utc_now() + (A_MOMENT if stuck else SWEEP), go_on=page.has_more and not stuck)
    account.last_error = None
    alerts.clear(session, _alert(account))
    signals.announce(session, signals.kf_changed, account.id)
    return True


def not_read(session: Session, claim: Claim, why: ConsoleError) -> None:
    """WeCom gave no page. A stale token is dropped and the cursor kept; a refused cursor begins anew, which is safe:
    what we have already is known by its id. It rests first, as the next cursor may be refused as well."""
    account = _held(session, claim)
    if account is None:
        return
    account.last_error = str(why)
    signals.announce(session, signals.kf_changed, account.id)
    pause = AGAIN
    if isinstance(why, WeComRefused):
        in_the_request = why.errcode == STALE_TOKEN or why.kind is RefusalKind.PERMANENT
        if in_the_request and claim.token is not None:
            account.token_sealed = account.token_until = None
            pause = timedelta(0)
        elif why.kind is RefusalKind.PERMANENT and claim.cursor is not None:
            account.cursor = None
            log.warning('the cursor of account %d was refused (%s); reading it anew', account.id, why.errcode)
        elif why.kind is RefusalKind.RATE:
            pause = RATE_PAUSE
        elif why.kind not in (RefusalKind.RETRY, RefusalKind.TOKEN):
            pause = LATER
            words = f'微信客服“{account.name or account.open_kfid}”的消息读取失败：{why}'
            alerts.raise_alert(session, _alert(account), words)
    account.lease_until = None
    if account.pull_at == claim.due_at or pause > AGAIN:
        account.pull_at = utc_now() + pause


def _alert(account: KfAccount) -> str:
    """Each account has its own: that one is read is no comfort to another."""
    return f'kf_pull:{account.id}'


def _held(session: Session, claim: Claim) -> KfAccount | None:
    return session.scalar(
        select(KfAccount)
        .where(
            KfAccount.id == claim.account_id,
            KfAccount.lease_token == claim.lease_token,
            KfAccount.lease_until.is_not(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _rest(account: KfAccount, claim: Claim, *, until: datetime, go_on: bool) -> None:
    """Free for the next one; at once if there is more, or if a doorbell rang while we read."""
    account.pulled_at, account.lease_until = utc_now(), None
    if not go_on and account.pull_at == claim.due_at:
        account.pull_at = until


def _token(account: KfAccount, now: datetime) -> str | None:
    if account.token_sealed is None or account.token_until is None or account.token_until <= now:
        return None
    try:
        return cipher().open(account.token_sealed, kf_accounts.place(account))
    except CannotOpen:
        return None
