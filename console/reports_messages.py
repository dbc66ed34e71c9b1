"""How much was said and when, and how long parents waited. Rows are counted by the database, spread by pandas."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import String, distinct, func, or_, select
from sqlalchemy.orm import Session, aliased

from console.calendar import SCHOOL_TIME
from console.reports_period import Span, Wanted, as_text, moments
from console.reports_sheets import Column, Shape, Sheet, Unit
from models import Author, Direction, Message

if TYPE_CHECKING:
    import pandas as pd

WEEKDAYS = ('周一', '周二', '周三', '周四', '周五', '周六', '周日')
SPEAKERS = {Author.PARENT: '家长', Author.AI: 'AI 草稿', Author.STAFF: '同事', Author.SYSTEM: '系统'}
WAITS = ((60, '1 分钟内'), (300, '1–5 分钟'), (900, '5–15 分钟'), (3600, '15–60 分钟'), (86400, '1–24 小时'))
LONGER = '超过 1 天'
STILL = '还没有回复'


def hours(session: Session, wanted: Wanted, span: Span) -> 'pd.DataFrame':
    """Columns: `hour` where the school is, without a zone; `author`; `number` of messages."""
    import pandas as pd

    hour = func.substr(as_text(Message.created_at), 1, 13, type_=String)  # 2026-11-24 15, on both databases
    counted = (
        select(hour, Message.author, func.count())
        .where(Message.created_at >= span.start, Message.created_at < span.end)
        .where(*wanted.conversations(Message.conversation_id))
        .group_by(hour, Message.author)
    )
    rows = [(at, author, number) for at, author, number in session.execute(counted)]
    found = pd.DataFrame(rows, columns=['hour', 'author', 'number'])
    found['hour'] = pd.to_datetime(found['hour'], format='%Y-%m-%d %H') + SCHOOL_TIME
    return found


def conversations(session: Session, wanted: Wanted, span: Span) -> int:
    """In how many something was said."""
    counted = (
        select(func.count(distinct(Message.conversation_id)))
        .where(Message.created_at >= span.start, Message.created_at < span.end)
        .where(*wanted.conversations(Message.conversation_id))
    )
    return session.scalar(counted) or 0


def waits(session: Session, wanted: Wanted, span: Span) -> 'pd.DataFrame':
    """Every time a parent began to wait: from her first message after an answer, until the next answer, whenever.

    What the system says by itself, such as a welcome, is no answer. Columns: `conversation_id`; `since`, UTC;
    `seconds`, missing while there is none; `staff_id` of who released or wrote it; `first`: the first of a
    conversation on a day of the school.
    """
    import pandas as pd

    earlier, later, answer = aliased(Message), aliased(Message), aliased(Message)
    before = (
        select(earlier.direction)
        .where(earlier.conversation_id == Message.conversation_id, earlier.seq < Message.seq)
        .where(earlier.author != Author.SYSTEM)
        .order_by(earlier.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    after = (
        select(later.id)
        .where(later.conversation_id == Message.conversation_id, later.seq > Message.seq)
        .where(later.direction == Direction.OUT, later.author != Author.SYSTEM)
        .order_by(later.seq)
        .limit(1)
        .scalar_subquery()
    )
    begun = (
        select(Message.conversation_id, Message.created_at, after.label('answer_id'))
        .where(Message.created_at >= span.start, Message.created_at < span.end, Message.direction == Direction.IN)
        .where(or_(before.is_(None), before == Direction.OUT))
        .where(*wanted.conversations(Message.conversation_id))
        .subquery()
    )
    asked = select(
        begun.c.conversation_id,
        as_text(begun.c.created_at).label('since'),
        as_text(answer.created_at).label('until'),
        answer.staff_id,
    ).outerjoin(answer, answer.id == begun.c.answer_id)
    found = pd.DataFrame(
        map(tuple, session.connection().execute(asked)), columns=['conversation_id', 'since', 'until', 'staff_id']
    )
    found['since'] = moments(found['since'])
    found['seconds'] = (moments(found.pop('until')) - found['since']).dt.total_seconds()
    found = found.sort_values('since')
    found['first'] = ~found.assign(day=(found['since'] + SCHOOL_TIME).dt.date).duplicated(['conversation_id', 'day'])
    return found


def by_time(wanted: Wanted, counted: 'pd.DataFrame') -> Sheet:
    """Messages by day, or by hour where it is about one day only."""
    import pandas as pd

    one_day = wanted.period.days == 1
    first = pd.Timestamp(wanted.period.first)
    moments = pd.date_range(
        first, first + timedelta(days=wanted.period.days), freq='h' if one_day else 'D', inclusive='left'
    )
    at = counted['hour'] if one_day else counted['hour'].dt.normalize()
    table = counted.pivot_table(index=at, columns='author', values='number', aggfunc='sum')
    table = table.reindex(index=moments, columns=[str(author) for author in SPEAKERS]).fillna(0).astype(int)
    label = '%H 时' if one_day else '%m-%d'
    return Sheet(
        key='messages',
        title='消息',
        hint='家长发来的，和按作者分的我们发出的消息。AI 草稿都由人通过，或按规则自动发出。',
        columns=(Column('时间', Unit.WORDS), *(Column(word) for word in SPEAKERS.values())),
        rows=[(f'{moment:{label}}', *map(int, row)) for moment, *row in table.itertuples()],
        shape=Shape.COLUMNS,
    )


def by_weekday(counted: 'pd.DataFrame') -> Sheet:
    """When parents write: the hours of the seven days of a week."""
    heard = counted[counted['author'] == Author.PARENT]
    at = heard['hour'].dt
    table = heard.pivot_table(index=at.day_of_week.rename('day'), columns=at.hour, values='number', aggfunc='sum')
    table = table.reindex(index=range(7), columns=range(24)).fillna(0).astype(int)
    return Sheet(
        key='heat',
        title='家长什么时候发消息',
        hint='按星期和钟点合计的家长消息数。',
        columns=(Column('星期', Unit.WORDS), *(Column(f'{hour} 时') for hour in range(24))),
        rows=[(WEEKDAYS[day], *map(int, row)) for day, *row in table.itertuples()],
        shape=Shape.HEAT,
    )


def by_length(waited: 'pd.DataFrame') -> Sheet:
    """How long parents waited, and how many still do."""
    import pandas as pd

    edges = [-1.0, *(float(limit) for limit, _ in WAITS), float('inf')]
    words = [*(word for _, word in WAITS), LONGER]
    counted = pd.cut(waited['seconds'], edges, labels=words).value_counts()
    rows = [(word, int(counted.get(word, 0))) for word in words]
    return Sheet(
        key='waits',
        title='家长等了多久',
        hint='从家长开始等（上次回复后的第一条消息）到下一条回复；系统自动的欢迎语不算回复。夜间也计时。',
        columns=(Column('等待', Unit.WORDS), Column('次数')),
        rows=[*rows, (STILL, int(waited['seconds'].isna().sum()))],
        shape=Shape.BARS,
    )
