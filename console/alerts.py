"""What a person should look at: raised by the machine, counted while it repeats, closed by a person or by itself."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console import signals, staff
from console.database import insert_once
from models import Alert, utc_now

WORTH_TELLING = timedelta(hours=1)
"""Nobody is told of trouble that was over before."""


def raise_alert(session: Session, kind: str, text: str) -> None:
    """Open an alert of this kind, or count up the open one. `text` says what happened and what to do."""
    fresh = insert_once(
        session,
        Alert,
        [{'kind': kind, 'text': text, 'count': 1, 'raised_at': utc_now(), 'repeated_at': utc_now()}],
    )
    if not fresh:
        session.execute(
            update(Alert)
            .where(Alert.kind == kind, Alert.closed_at.is_(None))
            .values(text=text, count=Alert.count + 1, repeated_at=utc_now())
        )
    signals.announce(session, signals.alert_changed, 0)


def open_since(session: Session, kind: str) -> datetime | None:
    """Since when the trouble lasts, if it does."""
    return session.scalar(select(Alert.raised_at).where(Alert.kind == kind, Alert.closed_at.is_(None)))


def clear(session: Session, kind: str) -> None:
    """The trouble is over: close the open alert of this kind, if there is one."""
    closed = session.execute(
        update(Alert).where(Alert.kind == kind, Alert.closed_at.is_(None)).values(closed_at=utc_now())
    )
    if closed.rowcount:  # type: ignore[attr-defined]
        signals.announce(session, signals.alert_changed, 0)


def open_alerts(session: Session, *, limit: int = 50) -> list[Alert]:
    """Newest first."""
    return list(
        session.scalars(select(Alert).where(Alert.closed_at.is_(None)).order_by(Alert.repeated_at.desc()).limit(limit))
    )


def seen(session: Session, *, by: int, limit: int = 50) -> list[Alert]:
    """`open_alerts` for a page. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_ALERTS)
    return open_alerts(session, limit=limit)


def close(session: Session, alert_id: int, *, by: int) -> None:
    """Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_ALERTS)
    session.execute(update(Alert).where(Alert.id == alert_id, Alert.closed_at.is_(None)).values(closed_at=utc_now()))
    signals.announce(session, signals.alert_changed, alert_id)


def unannounced(session: Session) -> list[Alert]:
    """What the group robot has not been told of: first open alerts, then those it was told of that are over.

    An alert that is over and told to be over was announced after it was closed.
    """
    fresh = select(Alert).where(Alert.closed_at.is_(None), Alert.announced_at.is_(None))
    over = select(Alert).where(Alert.announced_at < Alert.closed_at, Alert.closed_at > utc_now() - WORTH_TELLING)
    return [*session.scalars(fresh.order_by(Alert.id).limit(20)), *session.scalars(over.order_by(Alert.id).limit(20))]


def mark_announced(session: Session, alert_ids: list[int]) -> None:
    session.execute(update(Alert).where(Alert.id.in_(alert_ids)).values(announced_at=utc_now()))
