"""Taking a row as work: for a time, under a token, in order. The same statement on SQLite and PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session

from models import Work, utc_now
from models.base import UtcDateTime

W = TypeVar('W', bound=Work)

MOST_LOST = 3
SUSPECT_AFTER = timedelta(minutes=2)
"""A row that was due so long ago and whose worker vanished so often would take the next one with it, too.

Without the time, a few restarts in a row would condemn whatever happened to be under way.
"""


def moment(name: str) -> BindParameter[datetime]:
    """A moment that a gate names and `claim` is told."""
    return bindparam(name, type_=UtcDateTime())


NOW = moment('now')


def claim(
    session: Session,
    table: type[W],
    *,
    ready: StrEnum,
    running: StrEnum,
    lease: timedelta,
    gate: ColumnElement[bool] | None = None,
    **moments: datetime,
) -> W | None:
    """Take the row that is due longest: ready, or running under a lease that has ended. None if there is none.

    Its `lease_token` is new: an earlier holder can no longer finish it. `gate` keeps order within a conversation; it is
    a constant of its module, as the statement is kept with it, and may name `NOW` and other `moments`.
    """
    whole: Any = table
    now = utc_now()
    moments |= {'now': now, 'until': now + lease, 'long_ago': now - SUSPECT_AFTER}
    row: W | None = session.scalar(_claiming(whole, ready, running, gate), moments)
    return row


@cache
def _claiming(table: Any, ready: StrEnum, running: StrEnum, gate: ColumnElement[bool] | None) -> Any:
    """Put together once: an idle server asks many times a second, and that would cost more than the asking."""
    until, long_ago = moment('until'), moment('long_ago')
    free = or_(
        table.status == ready,
        and_(table.status == running, table.lease_until < NOW, ~_suspect(table, long_ago)),
    )
    due = (
        select(table.id)
        .where(free, table.due_at <= NOW, *(() if gate is None else (gate,)))
        .order_by(table.due_at, table.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return (
        update(table)
        .where(table.id == due, free)
        .values(
            status=running,
            attempts=table.attempts + 1,
            lease_token=table.lease_token + 1,
            lease_until=until,
            lost_leases=table.lost_leases + case((table.status == running, 1), else_=0),
        )
        .returning(table)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


def held(session: Session, table: type[W], row_id: int, *, token: int, running: StrEnum) -> W | None:
    """The claimed row, locked, for who finishes it; None: the lease was lost, or the row has moved on."""
    columns: Any = table
    return session.scalar(
        select(table)
        .where(columns.id == row_id, columns.lease_token == token, columns.status == running)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def next_due(session: Session, table: type[W], *, ready: StrEnum) -> datetime | None:
    """When the next row comes due that is not due yet."""
    whole: Any = table
    due: datetime | None = session.scalar(_coming(whole, ready), {'now': utc_now()})
    return due


@cache
def _coming(table: Any, ready: StrEnum) -> Any:
    return select(func.min(table.due_at)).where(table.status == ready, table.due_at > NOW)


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
        .where(columns.status == running, columns.lease_until < utc_now(), _suspect(table, utc_now() - SUSPECT_AFTER))
        .values(status=parked, last_error='处理时进程三次中断，已停止自动重试。')
        .returning(table)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).all()


def _suspect(table: Any, long_ago: Any) -> ColumnElement[bool]:
    return and_(table.lost_leases >= MOST_LOST - 1, table.due_at < long_ago)
