"""Two transactions on PostgreSQL at the same time, of which the second waits for what the first holds."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from console.database import Database
from console.errors import ConsoleError

WAITING = (
    select(func.count())
    .select_from(text('pg_stat_activity'))
    .where(text("datname = current_database() AND wait_event_type = 'Lock'"))
)


def refused_at_once(
    db: Database, first: Callable[[Session], object], second: Callable[[Session], object]
) -> ConsoleError:
    """How `second` is refused, which began before `first` was committed and saw nothing of it."""
    with ThreadPoolExecutor(1) as thread, Session(db.engine) as session:
        first(session)
        session.flush()
        later = thread.submit(db.transact, second)
        deadline = time.monotonic() + 10
        while not db.read(lambda reader: reader.scalar(WAITING)):
            assert time.monotonic() < deadline, 'nobody waits'
            time.sleep(0.01)
        session.commit()
        with pytest.raises(ConsoleError) as refusal:
            later.result(timeout=10)
    return refusal.value
