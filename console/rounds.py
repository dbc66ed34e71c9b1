"""Errands that one process at a time goes on, now and then: taken by a lease, told to anyone who looks.

They rest in the table of WeCom's tokens, which has the columns of a lease and nothing that is theirs alone.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from console.crypto import cipher
from console.database import insert_once
from models import WeComSecret, utc_now

Note = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Round:
    """How an errand stands. `note` is what its last goer wrote down."""

    running: bool = False
    note: Note = field(default_factory=dict)


def due(session: Session, name: str) -> bool:
    """Whether it may be time to `take` it; costs less."""
    row = session.scalar(select(WeComSecret).where(WeComSecret.name == name))
    now = utc_now()
    return row is None or all(
        until is None or until <= now for until in (row.good_until, row.barred_until, row.fetching_until)
    )


def take(session: Session, name: str, *, lease: timedelta) -> datetime | None:
    """Go on this errand if it is due and nobody is on it. Returns the end of the lease, which is its token."""
    now = utc_now()
    insert_once(session, WeComSecret, [{'name': name, 'fetched_at': now}])
    until = now + lease
    taken = session.execute(
        update(WeComSecret)
        .where(
            WeComSecret.name == name,
            or_(WeComSecret.good_until.is_(None), WeComSecret.good_until <= now),
            or_(WeComSecret.barred_until.is_(None), WeComSecret.barred_until <= now),
            or_(WeComSecret.fetching_until.is_(None), WeComSecret.fetching_until < now),
        )
        .values(fetching_until=until, fetched_at=now)
    )
    return until if taken.rowcount else None  # type: ignore[attr-defined]


def go_on(session: Session, name: str, held: datetime, *, lease: timedelta, note: Note) -> datetime | None:
    """Stay on it; the new token, or None if the lease was lost to another."""
    until = utc_now() + lease
    kept = _write(session, name, held, fetching_until=until, value_sealed=_sealed(name, note))
    return until if kept else None


def finish(session: Session, name: str, held: datetime, *, again_in: timedelta, note: Note) -> None:
    now = utc_now()
    _write(
        session,
        name,
        held,
        fetching_until=None,
        barred_until=None,
        barred_errcode=None,
        good_until=now + again_in,
        fetched_at=now,
        value_sealed=_sealed(name, note),
    )


def fail(
    session: Session, name: str, held: datetime, *, again_in: timedelta, note: Note, errcode: int | None = None
) -> None:
    """It came to nothing; the next try no sooner than `again_in` from now, unless somebody asks for it."""
    _write(
        session,
        name,
        held,
        fetching_until=None,
        barred_until=utc_now() + again_in,
        barred_errcode=errcode,
        value_sealed=_sealed(name, note),
    )


def ask(session: Session, name: str) -> None:
    """Have it done as soon as can be. Whoever is on it has begun too early: what they finish does not count."""
    insert_once(session, WeComSecret, [{'name': name, 'fetched_at': utc_now()}])
    session.execute(
        update(WeComSecret)
        .where(WeComSecret.name == name)
        .values(good_until=None, barred_until=None, fetching_until=None)
    )


def look(session: Session, name: str) -> Round:
    row = session.scalar(select(WeComSecret).where(WeComSecret.name == name))
    if row is None:
        return Round()
    return Round(
        running=row.fetching_until is not None and row.fetching_until > utc_now(),
        note=json.loads(cipher().open(row.value_sealed, _place(name))) if row.value_sealed else {},
    )


def _write(session: Session, name: str, held: datetime, **columns: Any) -> bool:
    written = session.execute(
        update(WeComSecret).where(WeComSecret.name == name, WeComSecret.fetching_until == held).values(**columns)
    )
    return bool(written.rowcount)  # type: ignore[attr-defined]


def _sealed(name: str, note: Note) -> str:
    return cipher().seal(json.dumps(note, ensure_ascii=False), _place(name))


def _place(name: str) -> str:
    return f'wecom_secret:{name}'
