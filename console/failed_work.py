"""消息故障: work that the machine gave up, why, and what a person can do about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from console import alerts, audit, conversations, deliveries, intake, media_fetching, personal_numbers, replies, staff
from console.errors import Conflict, NotFound
from console.kf_window import ON_EVENT
from console.media_files import LIFETIME, NAMES
from models import (
    UNDELIVERED,
    Contact,
    Conversation,
    Delivery,
    DeliveryStatus,
    Draft,
    DraftStatus,
    EventStatus,
    Job,
    JobStatus,
    MediaFile,
    MediaStatus,
    Message,
    ReceivedEvent,
    Staff,
    Turn,
    TurnStatus,
    utc_now,
)

JOBS_SHOWN = timedelta(days=7)
LONGEST_LINE = 120


class Kind(StrEnum):
    EVENT = 'event'
    DELIVERY = 'delivery'
    TURN = 'turn'
    FILE = 'file'
    JOB = 'job'


@dataclass(frozen=True, kw_only=True)
class Failed:
    """One piece. `what` and `reason` are Chinese, without whole numbers. Ids grow; `id` is the place in its list."""

    kind: Kind
    id: int
    what: str
    reason: str
    since: datetime
    title: str = ''
    conversation_id: int | None = None
    retry: str = ''  # what the button says; empty: no second try is of use
    may_drop: bool = False


_STUCK = (EventStatus.QUARANTINED, EventStatus.PARKED)
_WHY_PARKED = {
    'KeyError': '收到它的企业微信应用现在没有启用，打不开。请检查企业微信设置，再重试。',
    'NotFromWeCom': '现在的 EncodingAESKey 打不开它。如果刚换过密钥，请先换回，再重试。',
}


def page(session: Session, kind: Kind, *, by: int, limit: int = 20, before: int | None = None) -> list[Failed]:
    """The newest of one kind; `before` is the id of the last one of the page before. Raises `NotAllowed`."""
    member = staff.require(session, by, staff.Action.SEE_FAILED)
    return _PAGES[kind](session, member, limit, before)


def retry(session: Session, kind: Kind, row_id: int, *, by: int) -> None:
    """Have it tried once more; a message that was kept apart or aside is understood now.

    Raises `NotAllowed`, `NotFound`, `Conflict` where a second try is of no use or somebody was first.
    """
    staff.require(session, by, staff.Action.SEE_FAILED)
    match kind:
        case Kind.EVENT:
            if not intake.release(session, row_id):
                raise Conflict('这条消息已由同事处理。', 'closed')
            _settle_alerts(session)
        case Kind.DELIVERY:
            deliveries.retry(session, _message_of(session, row_id), by=by)
        case Kind.TURN:
            turn = session.get(Turn, row_id)
            if turn is None:
                raise NotFound('这次起草')
            replies.ask_ai(session, turn.conversation_id, by=by)
        case Kind.FILE:
            media_fetching.again(session, row_id)
        case Kind.JOB:
            raise Conflict('请到原来的页面重新开始这项任务。', 'closed')
    if kind is not Kind.DELIVERY:
        audit.record(session, 'retry', f'failed_{kind}', row_id, by=by)


def drop(session: Session, kind: Kind, row_id: int, *, by: int) -> None:
    """Nobody needs it any more. Raises `NotAllowed`, `NotFound`, `Conflict` if somebody was first."""
    staff.require(session, by, staff.Action.DROP_FAILED)
    match kind:
        case Kind.EVENT:
            if not intake.drop(session, row_id):
                raise Conflict('这条消息已由同事处理。', 'closed')
            _settle_alerts(session)
        case Kind.DELIVERY:
            deliveries.drop(session, _message_of(session, row_id))
        case _:
            raise Conflict('它不需要放弃，处理后会自己消失。', 'closed')
    audit.record(session, 'drop', f'failed_{kind}', row_id, by=by)


def _settle_alerts(session: Session) -> None:
    """The alert is over with the last of what it was about."""
    left = set(session.scalars(select(ReceivedEvent.status).where(ReceivedEvent.status.in_(_STUCK)).distinct()))
    for status, alert in ((EventStatus.QUARANTINED, 'quarantine'), (EventStatus.PARKED, 'parked_event')):
        if status not in left:
            alerts.clear(session, alert)


def _message_of(session: Session, delivery_id: int) -> int:
    message_id = session.scalar(select(Delivery.message_id).where(Delivery.id == delivery_id))
    if message_id is None:
        raise NotFound('这条消息')
    return message_id


def _events(session: Session, member: Staff, limit: int, before: int | None) -> list[Failed]:
    rows = session.scalars(
        select(ReceivedEvent)
        .where(ReceivedEvent.status.in_(_STUCK), *_older(ReceivedEvent.id, before))
        .order_by(ReceivedEvent.id.desc())
        .limit(limit)
    ).all()
    senders = {row.id: row.gate.partition(':')[2] for row in rows}
    named = select(Contact.external_userid, Contact.name).where(Contact.external_userid.in_(senders.values()))
    known = {row.external_userid: row.name for row in session.execute(named)}
    may_drop = staff.may(member.role, staff.Action.DROP_FAILED)
    return [
        Failed(
            kind=Kind.EVENT,
            id=row.id,
            title=known.get(senders[row.id]) or senders[row.id],
            what='企业微信消息',
            reason=_why_stuck(row),
            since=row.received_at,
            retry='仍然处理' if row.status is EventStatus.QUARANTINED else '重试',
            may_drop=may_drop,
        )
        for row in rows
    ]


def _why_stuck(row: ReceivedEvent) -> str:
    if row.status is EventStatus.QUARANTINED:
        return '时间戳与本机相差超过 5 分钟，没有自动处理。请核对服务器时钟，再决定是否仍然处理。'
    return _WHY_PARKED.get(row.last_error or '') or (
        f'试了三次都没能识别（{row.last_error or "原因不明"}）。请把这一行告诉技术人员，修好后重试。'
    )


def _deliveries(session: Session, member: Staff, limit: int, before: int | None) -> list[Failed]:
    rows = session.execute(
        select(Delivery, Message.text)
        .join(Message, Message.id == Delivery.message_id)
        .join(Conversation, Conversation.id == Delivery.conversation_id)
        .where(Delivery.status.in_(UNDELIVERED), staff.sees_conversations(member), *_older(Delivery.id, before))
        .order_by(Delivery.id.desc())
        .limit(limit)
    ).all()
    titles, shown = _told(session, [(row.Delivery.conversation_id, row.text) for row in rows])
    may_drop = staff.may(member.role, staff.Action.DROP_FAILED)
    return [
        Failed(
            kind=Kind.DELIVERY,
            id=part.id,
            title=titles.get(part.conversation_id, ''),
            what=words,
            reason=_why_unsent(part),
            since=part.finished_at or part.created_at,
            conversation_id=part.conversation_id,
            retry='' if part.kind in ON_EVENT else '重新发送',
            may_drop=may_drop,
        )
        for (part, _), words in zip(rows, shown, strict=True)
    ]


def _why_unsent(part: Delivery) -> str:
    where = f'第 {part.part}/{part.parts} 条' if part.parts > 1 else ''
    if part.status is DeliveryStatus.UNCERTAIN:
        why = part.last_error or '没有收到企业微信的回应。请先向家长确认是否收到。'
        return f'{where}不确定是否送达：{why}'
    return f'{where}发送失败：{part.last_error or "企业微信没有说明原因。"}'


def _turns(session: Session, member: Staff, limit: int, before: int | None) -> list[Failed]:
    latest = (
        select(func.max(Turn.id))
        .where(Turn.conversation_id == Conversation.id)
        .correlate(Conversation)
        .scalar_subquery()
    )
    offered = (
        select(Draft.id).where(Draft.conversation_id == Conversation.id, Draft.status == DraftStatus.PENDING).exists()
    )
    rows = session.execute(
        select(Turn, Conversation)
        .join(Conversation, Conversation.id == Turn.conversation_id)
        .where(
            Conversation.review_by.is_not(None),
            Conversation.waiting_since.is_not(None),
            Turn.id == latest,
            Turn.status == TurnStatus.FAILED,
            ~offered,
            staff.sees_conversations(member),
            *_older(Turn.id, before),
        )
        .order_by(Turn.id.desc())
        .limit(limit)
    ).all()
    titles, shown = _told(session, [(row.Conversation.id, row.Conversation.last_message_text) for row in rows])
    return [
        Failed(
            kind=Kind.TURN,
            id=turn.id,
            title=titles.get(talk.id, ''),
            what=words,
            reason=f'没有写出草稿：{turn.last_error or "原因不明。"}',
            since=talk.waiting_since or turn.opened_at,
            conversation_id=talk.id,
            retry='再写一次',
        )
        for (turn, talk), words in zip(rows, shown, strict=True)
    ]


def _files(session: Session, member: Staff, limit: int, before: int | None) -> list[Failed]:
    """Only as long as WeCom still has them: after that no one can mend it."""
    rows = session.execute(
        select(MediaFile, Message.conversation_id)
        .join(Message, Message.id == MediaFile.message_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            MediaFile.status == MediaStatus.REFUSED,
            MediaFile.created_at > utc_now() - LIFETIME,
            staff.sees_conversations(member),
            *_older(MediaFile.id, before),
        )
        .order_by(MediaFile.id.desc())
        .limit(limit)
    ).all()
    titles, _ = _told(session, [(row.conversation_id, '') for row in rows])
    return [
        Failed(
            kind=Kind.FILE,
            id=file.id,
            title=titles.get(conversation_id, ''),
            what=f'家长发来的{NAMES[file.kind]}',
            reason=file.last_error or '没能下载。',
            since=file.created_at,
            conversation_id=conversation_id,
            retry='重新下载',
        )
        for file, conversation_id in rows
    ]


def _jobs(session: Session, _: Staff, limit: int, before: int | None) -> list[Failed]:
    now = utc_now()
    broken = and_(Job.status == JobStatus.RUNNING, or_(Job.alive_until.is_(None), Job.alive_until < now))
    rows = session.scalars(
        select(Job)
        .where(or_(Job.status == JobStatus.FAILED, broken), Job.created_at > now - JOBS_SHOWN, *_older(Job.id, before))
        .order_by(Job.id.desc())
        .limit(limit)
    )
    return [
        Failed(
            kind=Kind.JOB,
            id=job.id,
            what=job.title,
            reason=(
                f'做了 {job.done}/{job.total}，没有做完。请到原来的页面重新开始，已经做过的不会重复。'
                if job.status is JobStatus.FAILED
                else f'做到 {job.done}/{job.total} 时服务停止，已中断。请到原来的页面重新开始。'
            ),
            since=job.finished_at or job.created_at,
        )
        for job in rows
    ]


def _older(column: InstrumentedAttribute[int], before: int | None) -> Sequence[ColumnElement[bool]]:
    return () if before is None else (column < before,)


def _told(session: Session, lines: Sequence[tuple[int, str]]) -> tuple[dict[int, str], list[str]]:
    """The titles of these conversations, and a first line of each text with its numbers masked."""
    ids = sorted({conversation_id for conversation_id, _ in lines})
    listed = conversations.listed(session, Conversation.id.in_(ids), limit=len(ids)) if ids else []
    masks = personal_numbers.masks_of(session, ids) if ids else {}
    shown = [
        ' '.join(personal_numbers.show(text, masks.get(conversation_id, {})).split())[:LONGEST_LINE]
        for conversation_id, text in lines
    ]
    return {row.conversation.id: row.title for row in listed}, shown


_PAGES: dict[Kind, Callable[[Session, Staff, int, int | None], list[Failed]]] = {
    Kind.EVENT: _events,
    Kind.DELIVERY: _deliveries,
    Kind.TURN: _turns,
    Kind.FILE: _files,
    Kind.JOB: _jobs,
}
