"""What became of the drafts: how good they were, how long they waited for a person, what they took to write."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from console import auto_answers, drafts
from console.reports_period import Span, Wanted, as_text, moments
from console.reports_sheets import Cell, Column, Shape, Sheet, Unit
from models import Delivery, DeliveryStatus, Draft, DraftEvent, DraftStatus, Turn, TurnStatus

if TYPE_CHECKING:
    import pandas as pd

RELEASED = (DraftStatus.APPROVED, DraftStatus.SENDING, DraftStatus.SENT, DraftStatus.FAILED)
OUTCOMES = {
    'auto': '自动发出',
    'untouched': '原样通过',
    'edited': '修改后通过',
    'rejected': '退回',
    'superseded': '已过期',
    'expired': '已失效',
    'pending': '待审核',
}
"""What became of a draft; the three in the middle are a person's decisions."""
DECIDED = ('untouched', 'edited', 'rejected')
EDITS = ((0.1, '不到一成'), (0.3, '一到三成'), (0.6, '三到六成'))
REWRITTEN = '六成以上'
OTHER = '其他'
LOCAL = '本地知识库'
FAILURES = {
    DeliveryStatus.DEAD: '企业微信拒收',
    DeliveryStatus.UNCERTAIN: '不确定是否送达',
    DeliveryStatus.BOUNCED: '提交后未能送达',
}


def rows(session: Session, wanted: Wanted, span: Span) -> 'pd.DataFrame':
    """A row for each draft the AI wrote in this time; what colleagues wrote themselves is not among them.

    Columns: `outcome`, a key of `OUTCOMES`; `writer`; `prompt`; `share` of the text a person changed before the
    release, missing where nobody did; `reason` of a refusal; `review`, seconds a person took to decide; `by`, who;
    `tokens_in`, `tokens_out`, `seconds` of the model; `needs_human`.
    """
    import pandas as pd

    event = select(DraftEvent.id).where(DraftEvent.draft_id == Draft.id, DraftEvent.action == auto_answers.ACTION)
    released = Draft.status.in_(RELEASED)
    outcome = case(
        (and_(released, Draft.decided_by_id.is_(None), event.exists()), 'auto'),
        (and_(released, Draft.content == Draft.original_content), 'untouched'),
        (released, 'edited'),
        else_=Draft.status,
    )
    asked = (
        select(
            outcome,
            Draft.writer,
            Draft.prompt_version,
            Draft.edit_size,
            func.length(Draft.original_content),
            Draft.reason,
            as_text(Draft.created_at),
            as_text(Draft.decided_at),
            Draft.decided_by_id,
            Draft.tokens_in,
            Draft.tokens_out,
            Draft.duration_ms,
            Draft.needs_human,
        )
        .where(Draft.created_at >= span.start, Draft.created_at < span.end, Draft.author_id.is_(None))
        .where(*wanted.conversations(Draft.conversation_id))
    )
    names = ['outcome', 'writer', 'prompt', 'size', 'length', 'reason', 'made', 'decided', 'by']
    found = pd.DataFrame(
        map(tuple, session.connection().execute(asked)),
        columns=[*names, 'tokens_in', 'tokens_out', 'ms', 'needs_human'],
    )
    for name in ('size', 'length', 'by', 'tokens_in', 'tokens_out', 'ms'):
        found[name] = pd.to_numeric(found[name])
    by_person = found['outcome'].isin(DECIDED) & found['by'].notna()
    waited = moments(found['decided']) - moments(found['made'])
    found['review'] = waited.dt.total_seconds().where(by_person)
    found['share'] = (found['size'] / found['length'].clip(lower=1)).clip(upper=1).where(found['outcome'] == 'edited')
    found['seconds'] = found['ms'] / 1000
    found['prompt'] = found['prompt'].fillna('')
    return found.drop(columns=['size', 'length', 'made', 'decided', 'ms'])


def share(found: 'pd.DataFrame', outcome: str) -> float | None:
    """Of the drafts a person decided, how many so; None where nobody decided any."""
    decided = int(found['outcome'].isin(DECIDED).sum())
    return int((found['outcome'] == outcome).sum()) / decided if decided else None


def percentile(values: 'pd.Series[Any]', part: float) -> float | None:
    """None where there are no values."""
    value = float(values.quantile(part)) if values.notna().any() else None
    return value


def by_outcome(found: 'pd.DataFrame') -> Sheet:
    counted = found['outcome'].value_counts()
    return Sheet(
        key='outcomes',
        title='AI 草稿的结果',
        hint='这段时间里写的草稿现在怎样了。自动发出的单独列出，不算作人的通过；已过期是家长又发来消息，或有了新版本。',
        columns=(Column('结果', Unit.WORDS), Column('草稿'), Column('占比', Unit.SHARE)),
        rows=[
            (word, int(counted.get(key, 0)), int(counted.get(key, 0)) / len(found) if len(found) else None)
            for key, word in OUTCOMES.items()
        ],
        shape=Shape.BARS,
    )


def by_edit(found: 'pd.DataFrame') -> Sheet:
    import pandas as pd

    words = [*(word for _, word in EDITS), REWRITTEN]
    edges = [-1.0, *(limit for limit, _ in EDITS), float('inf')]
    counted = pd.cut(found['share'], edges, labels=words, right=False).value_counts()
    return Sheet(
        key='edits',
        title='通过前改了多少',
        hint='修改后通过的草稿，改动的字数占 AI 原文的多少。',
        columns=(Column('改动', Unit.WORDS), Column('草稿')),
        rows=[(word, int(counted.get(word, 0))) for word in words],
        shape=Shape.BARS,
    )


def by_reason(found: 'pd.DataFrame') -> Sheet:
    reasons = found.loc[found['outcome'] == 'rejected', 'reason']
    counted = reasons.where(reasons.isin(drafts.REASONS), OTHER).value_counts()
    return Sheet(
        key='reasons',
        title='为什么退回',
        hint='退回草稿时选的原因；自己写的原因归入其他。',
        columns=(Column('原因', Unit.WORDS), Column('草稿')),
        rows=[(word, int(counted.get(word, 0))) for word in drafts.REASONS],
        shape=Shape.BARS,
    )


def by_writer(found: 'pd.DataFrame') -> Sheet:
    """Quality and time by who wrote it with which rules: what a change of model or prompt is judged by."""
    lines: list[tuple[Cell, ...]] = []
    for (writer, prompt), part in found.groupby(['writer', 'prompt'], sort=True):
        lines.append(
            (
                f'{writer} · {prompt}' if prompt else str(writer),
                len(part),
                int((part['outcome'] == 'auto').sum()),
                *(share(part, outcome) for outcome in DECIDED),
                percentile(part['share'], 0.5),
                int((part['outcome'] == 'superseded').sum()) / len(part),
                int(part['needs_human'].sum()) / len(part),
                percentile(part['review'], 0.5),
                percentile(part['review'], 0.9),
            )
        )
    return Sheet(
        key='writers',
        title='模型与提示词版本',
        hint='通过和退回的比例只算人决定过的草稿。换模型或提示词前后，比一比这里。',
        columns=(
            Column('模型 · 提示词', Unit.WORDS),
            Column('草稿'),
            Column('自动发出'),
            Column('原样通过', Unit.SHARE),
            Column('修改后通过', Unit.SHARE),
            Column('退回', Unit.SHARE),
            Column('改动中位数', Unit.SHARE),
            Column('已过期', Unit.SHARE),
            Column('答不上来', Unit.SHARE),
            Column('审核 P50', Unit.SECONDS),
            Column('审核 P90', Unit.SECONDS),
        ),
        rows=lines,
    )


def by_model(found: 'pd.DataFrame') -> Sheet:
    """Calls of the model that led to a draft, and the tokens the endpoint counted."""
    lines: list[tuple[Cell, ...]] = []
    for writer, part in found[found['writer'] != LOCAL].groupby('writer', sort=True):
        lines.append(
            (
                str(writer),
                len(part),
                int(part['tokens_in'].sum()),
                int(part['tokens_out'].sum()),
                percentile(part['seconds'], 0.5),
                percentile(part['seconds'], 0.9),
            )
        )
    return Sheet(
        key='models',
        title='模型调用与用量',
        hint='写成草稿的调用和模型服务返回的 token 数；本地知识库不调用模型。费用请看模型服务的账单。',
        columns=(
            Column('模型', Unit.WORDS),
            Column('调用'),
            Column('输入 token'),
            Column('输出 token'),
            Column('用时 P50', Unit.SECONDS),
            Column('用时 P90', Unit.SECONDS),
        ),
        rows=lines,
    )


def failures(session: Session, wanted: Wanted, span: Span) -> Sheet:
    """Questions no draft could be written for, and parts of messages that did not arrive."""
    unwritten = (
        select(func.count())
        .select_from(Turn)
        .where(Turn.status == TurnStatus.FAILED, Turn.opened_at >= span.start, Turn.opened_at < span.end)
        .where(*wanted.conversations(Turn.conversation_id))
    )
    unsent = (
        select(Delivery.status, func.count())
        .where(Delivery.status.in_(FAILURES), Delivery.created_at >= span.start, Delivery.created_at < span.end)
        .where(*wanted.conversations(Delivery.conversation_id))
        .group_by(Delivery.status)
    )
    counted = {row[0]: row[1] for row in session.execute(unsent)}
    return Sheet(
        key='failures',
        title='失败',
        hint='没能写出草稿的提问，和没有送到的消息（长消息按条计）。',
        columns=(Column('失败', Unit.WORDS), Column('次数')),
        rows=[
            ('没能写出草稿', session.scalar(unwritten) or 0),
            *((word, counted.get(status, 0)) for status, word in FAILURES.items()),
        ],
        shape=Shape.BARS,
    )
