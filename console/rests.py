"""How long a channel rests that WeCom finds too busy.

WeCom does not say whether a minute, an hour or a day is used up; see
developer.work.weixin.qq.com/document/path/90313, read 2026-11-24. So it is asked less and less often.
"""

from datetime import datetime, timedelta

from console.calendar import SCHOOL_TIME

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AFTER_MIDNIGHT = timedelta(minutes=5)
"""By when WeCom has begun to count the new day, which is China's."""


def rest(now: datetime, since: datetime | None) -> timedelta:
    """The next pause of a channel that has been too busy `since` then: a minute, five, an hour, or till tomorrow."""
    lasting = now - (since or now)
    if lasting < MINUTE:
        return MINUTE
    if lasting < 6 * MINUTE:
        return 5 * MINUTE
    if lasting < HOUR:
        return HOUR
    there = now + SCHOOL_TIME
    midnight = there.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + DAY + AFTER_MIDNIGHT - there
