"""Who did what, how far students have come, and what nobody could answer."""

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, distinct, func, select
from sqlalchemy.orm import Session

from console.reports_drafts import percentile
from console.reports_period import Span, Wanted
from console.reports_sheets import Cell, Column, Shape, Sheet, Unit
from models import Author, Direction, Message, Staff, Stage, Student, UnknownQuestion

if TYPE_CHECKING:
    import pandas as pd


def agents(session: Session, wanted: Wanted, span: Span, waited: 'pd.DataFrame', decided: 'pd.DataFrame') -> Sheet:
    """Everyone who said or decided something: what left under their name, and what they decided."""
    said = {
        staff_id: (talks, own, released)
        for staff_id, talks, own, released in session.execute(
            select(
                Message.staff_id,
                func.count(distinct(Message.conversation_id)),
                func.sum(case((Message.author == Author.STAFF, 1), else_=0)),
                func.sum(case((Message.author == Author.AI, 1), else_=0)),
            )
            .where(Message.created_at >= span.start, Message.created_at < span.end)
            .where(Message.direction == Direction.OUT, Message.staff_id.is_not(None), Message.author != Author.SYSTEM)
            .where(*wanted.conversations(Message.conversation_id))
            .group_by(Message.staff_id)
        )
    }
    busy = said.keys() | {int(one) for one in decided.loc[decided['review'].notna(), 'by'].unique()}
    names = session.execute(select(Staff.id, Staff.name, Staff.campus).where(Staff.id.in_(busy)).order_by(Staff.name))
    lines: list[tuple[Cell, ...]] = []
    for staff_id, name, campus in names:
        talks, own, released = said.get(staff_id, (0, 0, 0))
        answered = waited.loc[waited['staff_id'] == staff_id, 'seconds']
        mine = decided[(decided['by'] == staff_id) & decided['review'].notna()]
        outcomes = mine['outcome'].value_counts()
        lines.append(
            (
                name,
                campus or '',
                talks,
                own,
                released,
                percentile(answered, 0.5),
                percentile(answered, 0.9),
                *(int(outcomes.get(outcome, 0)) for outcome in ('untouched', 'edited', 'rejected')),
                percentile(mine['review'], 0.5),
            )
        )
    return Sheet(
        key='agents',
        title='员工',
        hint='按实际发出和决定的人计。等待是家长等到这位同事发出或放行的回复的时间；审核只算 AI 草稿。',
        columns=(
            Column('姓名', Unit.PERSON),
            Column('校区', Unit.WORDS),
            Column('会话'),
            Column('自己写的'),
            Column('放行的草稿'),
            Column('等待 P50', Unit.SECONDS),
            Column('等待 P90', Unit.SECONDS),
            Column('原样通过'),
            Column('修改后通过'),
            Column('退回'),
            Column('审核 P50', Unit.SECONDS),
        ),
        rows=lines,
    )


def stages(session: Session, wanted: Wanted, span: Span) -> Sheet:
    """Students by stage as of now, and those of them who are new."""
    new = and_(Student.created_at >= span.start, Student.created_at < span.end)
    counted = {
        stage: (number, fresh)
        for stage, number, fresh in session.execute(
            select(Student.stage, func.count(), func.sum(case((new, 1), else_=0)))
            .where(*wanted.students())
            .group_by(Student.stage)
        )
    }
    path = [stage for stage in Stage if stage is not Stage.LOST]
    total = sum(counted.get(stage, (0, 0))[0] for stage in path)
    lines: list[tuple[Cell, ...]] = []
    for place, stage in enumerate(Stage):
        number, fresh = counted.get(stage, (0, 0))
        reached = sum(counted.get(later, (0, 0))[0] for later in path[place:]) if stage in path else None
        lines.append((str(stage), number, reached, reached / total if reached is not None and total else None, fresh))
    return Sheet(
        key='stages',
        title='学员阶段',
        hint='现在各阶段的学员。“走到这里”是已到或已过这一步的人，不含流失；新增是这段时间建档的人。不按渠道区分。',
        columns=(
            Column('阶段', Unit.WORDS),
            Column('学员'),
            Column('走到这里'),
            Column('比例', Unit.SHARE),
            Column('新增'),
        ),
        rows=lines,
        shape=Shape.BARS,
    )


def unknown(session: Session, wanted: Wanted, span: Span) -> Sheet:
    """Questions the knowledge had no answer to, and what became of them."""
    closed, answered = UnknownQuestion.closed_at.is_not(None), UnknownQuestion.entry_id.is_not(None)
    state = case((and_(closed, answered), '已有答案'), (closed, '不用收录'), else_='还没有处理')
    asked = (
        select(state, func.count())
        .where(UnknownQuestion.asked_at >= span.start, UnknownQuestion.asked_at < span.end)
        .where(*wanted.conversations(UnknownQuestion.conversation_id))
        .group_by(state)
    )
    counted = {row[0]: row[1] for row in session.execute(asked)}
    return Sheet(
        key='unknown',
        title='未知问题',
        hint='知识库里找不到答案的提问，和后来怎样处理。',
        columns=(Column('处理', Unit.WORDS), Column('提问')),
        rows=[(word, counted.get(word, 0)) for word in ('还没有处理', '已有答案', '不用收录')],
        shape=Shape.BARS,
    )
