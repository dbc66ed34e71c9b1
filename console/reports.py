"""The school's figures for a time, beside those of the time before. Pandas is loaded when one is first drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import audit, reports_drafts, reports_messages, reports_people, staff
from console.reports_drafts import percentile, share
from console.reports_period import Span, Wanted
from console.reports_sheets import Sheet, Unit, masked
from models import Author, Staff, utc_now

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number and what it was before. `better`: which way is good news. `tail`: the P90 beside a P50."""

    word: str
    value: float | None
    before: float | None
    unit: Unit = Unit.COUNT
    better: Literal['more', 'less', ''] = ''
    tail: float | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """`at`: until when it is true."""

    wanted: Wanted
    figures: list[Figure]
    sheets: list[Sheet]
    at: datetime

    @property
    def empty(self) -> bool:
        """Nothing was said and nothing written; who the students are is known all the same."""
        return not any(figure.value for figure in self.figures)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a report can be narrowed to: colleagues by id, and campuses."""

    agents: dict[int, str]
    campuses: list[str]


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What one span of time is worked out from."""

    hours: 'pd.DataFrame'
    talks: int
    waits: 'pd.DataFrame'
    drafts: 'pd.DataFrame'
    unknown: Sheet
    failures: Sheet


def choices(session: Session, *, by: int) -> Choices:
    """Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_REPORTS)
    campuses = session.scalars(select(Staff.campus).where(Staff.campus.is_not(None)).distinct().order_by(Staff.campus))
    return Choices(
        agents={colleague.id: colleague.name for colleague in staff.at_the_desk(session)},
        campuses=[campus for campus in campuses if campus],
    )


def draw(session: Session, wanted: Wanted, *, by: int) -> Report:
    """All figures and sheets. Takes a second or two for a busy quarter. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_REPORTS)
    span = wanted.period.span
    now, before = _look(session, wanted, span), _look(session, wanted, wanted.period.span_before)
    return Report(
        wanted=wanted,
        figures=_figures(now, before),
        sheets=[
            reports_messages.by_time(wanted, now.hours),
            reports_messages.by_length(now.waits),
            reports_messages.by_weekday(now.hours),
            reports_drafts.by_outcome(now.drafts),
            reports_drafts.by_edit(now.drafts),
            reports_drafts.by_reason(now.drafts),
            now.unknown,
            reports_people.stages(session, wanted, span),
            now.failures,
            reports_drafts.by_writer(now.drafts),
            reports_drafts.by_model(now.drafts),
            reports_people.agents(session, wanted, span, now.waits, now.drafts),
        ],
        at=utc_now(),
    )


def taken_away(session: Session, report: Report, keys: list[str], *, by: int) -> list[Sheet]:
    """The sheets of these keys as they may leave the console, logged; colleagues by name only for who manages them.

    Nobody else is named in a report. Raises `NotAllowed`.
    """
    member = staff.require(session, by, staff.Action.SEE_REPORTS)
    wanted = report.wanted
    audit.record(
        session,
        'export',
        'report',
        None,
        by=by,
        sheets=keys,
        first=str(wanted.period.first),
        last=str(wanted.period.last),
        channel=wanted.channel,
        agent=wanted.agent,
        campus=wanted.campus,
    )
    taken = [sheet for sheet in report.sheets if sheet.key in keys]
    if staff.may(member.role, staff.Action.MANAGE_STAFF):
        return taken
    return [sheet.with_people(masked) for sheet in taken]


def _look(session: Session, wanted: Wanted, span: Span) -> _Read:
    return _Read(
        hours=reports_messages.hours(session, wanted, span),
        talks=reports_messages.conversations(session, wanted, span),
        waits=reports_messages.waits(session, wanted, span),
        drafts=reports_drafts.rows(session, wanted, span),
        unknown=reports_people.unknown(session, wanted, span),
        failures=reports_drafts.failures(session, wanted, span),
    )


def _figures(now: _Read, before: _Read) -> list[Figure]:
    def figure(word: str, of: Callable[[_Read], float | None], **said: Any) -> Figure:
        return Figure(word=word, value=of(now), before=of(before), **said)

    def time(word: str, of: Callable[[_Read], 'pd.Series[Any]']) -> Figure:
        return figure(
            word,
            lambda read: percentile(of(read), 0.5),
            unit=Unit.SECONDS,
            better='less',
            tail=percentile(of(now), 0.9),
        )

    def outcome(word: str, key: str, better: Literal['more', 'less', '']) -> Figure:
        return figure(word, lambda read: share(read.drafts, key), unit=Unit.SHARE, better=better)

    return [
        figure('家长消息', lambda read: _said(read, parent=True)),
        figure('发出消息', lambda read: _said(read, parent=False)),
        figure('会话', lambda read: read.talks),
        time('首次响应', lambda read: read.waits.loc[read.waits['first'], 'seconds']),
        time('等待回复', lambda read: read.waits['seconds']),
        time('审核用时', lambda read: read.drafts['review']),
        outcome('原样通过', 'untouched', 'more'),
        outcome('修改后通过', 'edited', ''),
        outcome('退回', 'rejected', 'less'),
        figure('自动发出', lambda read: int((read.drafts['outcome'] == 'auto').sum())),
        figure('未知问题', lambda read: _total(read.unknown), better='less'),
        figure('失败', lambda read: _total(read.failures), better='less'),
    ]


def _said(read: _Read, *, parent: bool) -> int:
    heard = read.hours['author'] == Author.PARENT
    return int(read.hours.loc[heard if parent else ~heard, 'number'].sum())


def _total(sheet: Sheet) -> int:
    return sum(int(row[1] or 0) for row in sheet.rows)
