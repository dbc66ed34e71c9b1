"""Taking a row as work: for a time, under a token, in order. The same statement on SQLite and PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, case, or_, select, update
from sqlalchemy.orm import Session

from models import Work, utc_now

W = TypeVar('W', bound=Work)

MOST_LOST = 3
SUSPECT_AFTER = timedelta(minutes=2)
"""A row that was due so long ago and whose worker vanished so often would take the next one with it, too.

Without the time, a few restarts in a row would condemn whatever happened to be under way.
"""


def claim(
    session: Session,
    table: type[W],
    *,
    ready: StrEnum,
    running: StrEnum,
    lease: timedelta,
    gate: ColumnElement[bool] | None = None,
) -> W | None:
    """Take the row that is due longest: ready, or running under a lease that has ended. None if there is none.

    Its `lease_token` is new: an earlier holder can no longer finish it. `gate` keeps order within a conversation.
    """
    columns: Any = table
    now = utc_now()
    free = or_(
        columns.status == ready,
        and_(columns.status == running, columns.lease_until < now, ~_suspect(table)),
    )
    due = (
        select(columns.id)
        .where(free, columns.due_at <= now, *(() if gate is None else (gate,)))
        .order_by(columns.due_at, columns.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return session.scalar(
        update(table)
        .where(columns.id == due, free)
        .values(
            status=running,
            attempts=columns.attempts + 1,
            lease_token=columns.lease_token + 1,
            lease_until=now + lease,
            lost_leases=columns.lost_leases + case((columns.status == running, 1), else_=0),
        )
        .returning(table)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


def end_all(session: Session, table: type[W], *, running: StrEnum) -> int:
    """End every lease that runs, as if its time were over; how many. For who knows that their holders are gone."""
    columns: Any = table
    now = utc_now()
    ended = session.execute(
        update(table).where(columns.status == running, columns.lease_until > now).values(lease_until=now)
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def park(session: Session, table: type[W], *, running: StrEnum, parked: StrEnum) -> int:
    """Move the rows that lost their last lease to `parked`; how many."""
    return len(park_rows(session, table, running=running, parked=parked))


def park_rows(session: Session, table: type[W], *, running: StrEnum, parked: StrEnum) -> Sequence[W]:
    columns: Any = table
    return session.scalars(
        update(table)
        .where(columns.status == running, columns.lease_until < utc_now(), _suspect(table))
        .values(status=parked, last_error='处理时进程三次中断，已停止自动重试。')
        .returning(table)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).all()


def _suspect(table: type[W]) -> ColumnElement[bool]:
    columns: Any = table
    return and_(columns.lost_leases >= MOST_LOST - 1, columns.due_at < utc_now() - SUSPECT_AFTER)
