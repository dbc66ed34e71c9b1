"""Files that parents sent, taken to be fetched from WeCom, and what a fetch came to."""

import random
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console import alerts, leases, media_files, signals
from console.errors import Conflict, NotFound
from console.media_files import LIFETIME, Stored
from models import MediaFile, MediaStatus, Message, utc_now

LEASE = timedelta(minutes=3)
"""Longer than the longest fetch (`wecom.media.DEADLINE`), so that a lease lost means a process lost."""

ALERT = 'media'
NO_ROOM = '服务器磁盘快满了，腾出空间后才下载。'
PAUSES = [timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 10_800, 10_800, 21_600, 21_600)]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A file taken for fetching. Finish it under its token."""

    media_file_id: int
    token: int
    corp_id: str
    media_id: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Why a file could not be fetched, for the person at the screen; `for_good` if another try is no use."""

    text: str
    for_good: bool
    pause: timedelta | None = None


def claim_next(session: Session) -> Claim | None:
    """Take the file that is due longest; None: there is none."""
    row = leases.claim(session, MediaFile, ready=MediaStatus.WAITING, running=MediaStatus.FETCHING, lease=LEASE)
    if row is None:
        return None
    return Claim(
        media_file_id=row.id, token=row.lease_token, corp_id=row.corp_id, media_id=row.media_id or '', kind=row.kind
    )


def wait_for_room(session: Session) -> None:
    """The disk runs full: nothing is claimed, and who waits for a file is told so once. WeCom keeps it for `LIFETIME`.

    What is fetched after that forgets these words; nothing has to be undone.
    """
    rows = session.scalars(
        update(MediaFile)
        .where(
            MediaFile.status == MediaStatus.WAITING,
            MediaFile.due_at <= utc_now(),
            MediaFile.last_error.is_distinct_from(NO_ROOM),
        )
        .values(last_error=NO_ROOM)
        .returning(MediaFile)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    for row in rows.all():
        _announce(session, row)


def record(session: Session, claim: Claim, outcome: Stored | Trouble) -> bool:
    """Write down what a fetch came to; False if the claim is no longer ours and nothing was written."""
    row = leases.held(session, MediaFile, claim.media_file_id, token=claim.token, running=MediaStatus.FETCHING)
    if row is None:
        return False
    row.lease_until, row.lost_leases = None, 0
    if isinstance(outcome, Stored):
        media_files.keep(row, outcome)
        alerts.clear(session, ALERT)
    else:
        _put_off(session, row, outcome)
    _announce(session, row)
    return True


def again(session: Session, media_file_id: int) -> None:
    """A person wants what was given up to be fetched once more. Raises `NotFound`, `Conflict` if it is not so."""
    row = session.get(MediaFile, media_file_id, with_for_update=True)
    if row is None:
        raise NotFound('这个文件')
    if row.status is not MediaStatus.REFUSED or row.media_id is None:
        raise Conflict('这个文件已在下载，或者已经下载好了。', 'closed')
    row.status, row.due_at, row.attempts, row.lost_leases = MediaStatus.WAITING, utc_now(), 0, 0
    signals.announce(session, signals.media_wanted, row.id)
    _announce(session, row)


def _put_off(session: Session, row: MediaFile, trouble: Trouble) -> None:
    row.last_error = trouble.text
    if trouble.pause is not None:  # not this file's fault, so no attempt
        row.attempts -= 1
        alerts.raise_alert(session, ALERT, trouble.text)
    pause = trouble.pause or PAUSES[min(row.attempts, len(PAUSES)) - 1] * random.uniform(0.5, 1.0)  # noqa: S311
    if trouble.for_good or utc_now() + pause > row.created_at + LIFETIME:
        row.status = MediaStatus.REFUSED
        return
    row.status, row.due_at = MediaStatus.WAITING, utc_now() + pause


def _announce(session: Session, row: MediaFile) -> None:
    conversation_id = session.scalar(select(Message.conversation_id).where(Message.id == row.message_id))
    if conversation_id is not None:
        signals.announce(session, signals.conversation_changed, conversation_id)


def park_lost(session: Session) -> int:
    """Files whose fetch ended with its process three times are left alone; how many."""
    rows = leases.park_rows(session, MediaFile, running=MediaStatus.FETCHING, parked=MediaStatus.REFUSED)
    for row in rows:
        _announce(session, row)
    return len(rows)
