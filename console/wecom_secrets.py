"""WeCom's tokens and tickets in the database: one fetch for all processes, and one bar for a wrong secret."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from console import crypto, database
from console.crypto import CannotOpen
from console.wecom.single_flight import Fetched
from console.wecom.vault import Found
from models import WeComSecret, utc_now

P = ParamSpec('P')

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
"""Longer than WeCom may take to refuse to answer; who died while asking holds the others up no longer than this."""

FORGOTTEN = timedelta(days=7)
"""What nobody fetched for so long belongs to a secret that was changed. Longer than any errand of `rounds` rests."""


class DatabaseVault:
    """`console.wecom.vault.Vault` for the threads of this process, in short transactions of its own.

    Without the database everyone asks for themselves: WeCom gives the same token to all who ask.
    """

    def look(self, name: str, other_than: str | None) -> Found:
        try:
            found = database.current().read(find, name, other_than)
            return database.current().transact(claim, name, other_than) if found is None else found
        except SQLAlchemyError as fault:
            log.warning('no shared token (%s): asking for one of our own', type(fault).__name__)
            return Found(yours=True)

    def store(self, name: str, fetched: Fetched) -> None:
        self._note(store, name, fetched)

    def release(self, name: str) -> None:
        self._note(release, name)

    def bar(self, name: str, errcode: int, seconds: float) -> None:
        self._note(bar, name, errcode, timedelta(seconds=seconds))

    def _note(self, work: Callable[Concatenate[Session, P], None], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            database.current().transact(work, *args, **kwargs)
        except SQLAlchemyError as fault:
            log.warning('a token is not shared (%s)', type(fault).__name__)


def find(session: Session, name: str, other_than: str | None) -> Found | None:
    """What is there to be used or waited for; None if it is to be fetched."""
    row = session.scalar(select(WeComSecret).where(WeComSecret.name == name))
    return None if row is None else _standing(row, other_than)


def claim(session: Session, name: str, other_than: str | None) -> Found:
    """As `find`, and `yours` for the one who is first to see that it is to be fetched."""
    row = _row(session, name)
    found = _standing(row, other_than)
    if found is None:
        row.fetching_until = utc_now() + LEASE
        return Found(yours=True)
    return found


def store(session: Session, name: str, fetched: Fetched) -> None:
    """For everyone, as long as it is to be used."""
    row, now = _row(session, name), utc_now()
    row.value_sealed = crypto.cipher().seal(fetched.value, _place(name))
    row.fetched_at, row.good_until = now, now + timedelta(seconds=fetched.lifetime)
    row.fetching_until = row.barred_until = row.barred_errcode = None
    session.flush()
    session.execute(delete(WeComSecret).where(WeComSecret.fetched_at < now - FORGOTTEN))


def release(session: Session, name: str) -> None:
    """It was not got: the next one may try at once."""
    _row(session, name).fetching_until = None


def bar(session: Session, name: str, errcode: int, duration: timedelta) -> None:
    """What is kept is worth nothing any more, and nobody asks for another before `duration` is over."""
    row = _row(session, name)
    row.value_sealed = row.good_until = None
    row.barred_until, row.barred_errcode = utc_now() + duration, errcode


def _row(session: Session, name: str) -> WeComSecret:
    """Locked, so that of two who look at once one is first."""
    wanted = select(WeComSecret).where(WeComSecret.name == name).with_for_update()
    row = session.scalar(wanted)
    if row is None:
        database.insert_once(session, WeComSecret, [{'name': name}])
        row = session.scalars(wanted).one()
    return row


def _standing(row: WeComSecret, other_than: str | None) -> Found | None:
    now = utc_now()
    if _ahead(row.barred_until, now):
        return Found(barred=row.barred_errcode or 0)
    if row.value_sealed is not None and row.good_until is not None and row.good_until > now:
        value = _opened(row)
        if value not in (None, other_than):
            return Found(fetched=Fetched(value, (row.good_until - now).total_seconds()))
    return Found() if _ahead(row.fetching_until, now) else None


def _opened(row: WeComSecret) -> str | None:
    try:
        return crypto.cipher().open(row.value_sealed or '', _place(row.name))
    except CannotOpen:
        return None  # sealed with a key that was taken away since: only a token, fetched anew


def _ahead(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now


def _place(name: str) -> str:
    return f'wecom_secret.value_sealed:{name}'
