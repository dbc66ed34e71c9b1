"""What a report is about: days where the school is, and whose conversations."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, String, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute

from console.calendar import moment, today
from console.errors import Invalid
from models import Channel, Contact, Conversation, Staff, Student, utc_now

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 93
"""Days. A quarter is drawn in a second or two; a year would keep a reader busy for long."""


@dataclass(frozen=True)
class Span:
    """From one moment until just before another, both UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Period:
    """Whole days where the school is, both included."""

    first: date
    last: date

    @classmethod
    def latest(cls, days: int) -> 'Period':
        """The last `days` days; today is one of them."""
        return cls(today() - timedelta(days=days - 1), today())

    @classmethod
    def chosen(cls, first: str, last: str) -> 'Period':
        """From two dates as in 2026-11-24. Raises `Invalid`."""
        try:
            period = cls(date.fromisoformat(first), date.fromisoformat(last))
        except ValueError:
            raise Invalid('period', '请选择开始和结束日期。') from None
        if period.first > period.last:
            raise Invalid('period', '结束日期不能早于开始日期。')
        if period.days > LONGEST:
            raise Invalid('period', f'一次最多看 {LONGEST} 天。请缩短时间范围。')
        if period.first > today() or period.first.year < 2000:
            raise Invalid('period', '开始日期不能晚于今天。')
        return period

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def span(self) -> Span:
        """Until now at most: a day that is not over yet is compared with as much of another."""
        start = moment(self.first)
        return Span(start, min(start + timedelta(days=self.days), utc_now()))

    @property
    def span_before(self) -> Span:
        span, days = self.span, timedelta(days=self.days)
        return Span(span.start - days, span.end - days)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`agent` and `campus` go by who answers for a conversation: whom it is given to, else the student's owner.

    `simulated`: whether rehearsed conversations count, too, where no channel is chosen.
    """

    period: Period = field(default_factory=lambda: Period.latest(7))
    channel: Channel | None = None
    agent: int | None = None
    campus: str = ''
    simulated: bool = True

    def conversations(self, column: InstrumentedAttribute[int]) -> list[ColumnElement[bool]]:
        """Conditions on a column that holds ids of conversations; none where all are wanted."""
        wanted = select(Conversation.id)
        found: list[ColumnElement[bool]] = []
        if self.channel is not None:
            found.append(column.in_(wanted.where(Conversation.channel == self.channel)))
        elif not self.simulated:
            found.append(column.not_in(wanted.where(Conversation.channel == Channel.SIMULATE)))
        if self.agent is not None or self.campus:
            answers_for = func.coalesce(Conversation.assignee_id, Student.owner_id)
            of_theirs = (
                wanted.join(Contact, Contact.id == Conversation.contact_id)
                .outerjoin(Student, Student.id == Contact.student_id)
                .where(*self._people(answers_for))
            )
            found.append(column.in_(of_theirs))
        return found

    def students(self) -> list[ColumnElement[bool]]:
        """Conditions for a query that selects from `Student`; a student has no channel."""
        return self._people(Student.owner_id)

    def _people(self, who: ColumnElement[int] | InstrumentedAttribute[int | None]) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.agent is not None:
            found.append(who == self.agent)
        if self.campus:
            found.append(who.in_(select(Staff.id).where(Staff.campus == self.campus)))
        return found


def as_text(moment: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """A moment in UTC as the database writes it: hundreds of thousands are read so in half the time."""
    return cast(moment, String)


def moments(texts: 'pd.Series[Any]') -> 'pd.Series[Any]':
    """Of `as_text`."""
    import pandas as pd

    return pd.to_datetime(texts, format='ISO8601', utc=True)
