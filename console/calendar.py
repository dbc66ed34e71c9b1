"""The school's days and hours."""

from datetime import date, timedelta

from models import utc_now

SCHOOL_TIME = timedelta(hours=8)
"""China Standard Time: what 今天 and 周六 mean to a parent."""


def today() -> date:
    """Today's date where the school is."""
    return (utc_now() + SCHOOL_TIME).date()
