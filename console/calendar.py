"""The school's days and hours."""

from datetime import UTC, date, datetime, time, timedelta

from models import utc_now

SCHOOL_TIME = timedelta(hours=8)
"""China Standard Time: what 今天 and 周六 mean to a parent."""


def today() -> date:
    """Today's date where the school is."""
    return (utc_now() + SCHOOL_TIME).date()


def moment(day: date, at: time = time()) -> datetime:
    """When it is this o'clock on this day where the school is; its midnight if none is given."""
    return datetime.combine(day, at, UTC) - SCHOOL_TIME
