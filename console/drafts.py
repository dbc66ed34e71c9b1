"""Drafts: proposed by a writer, out of date when the parent goes on, shown to who may know of them."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, joinedload

from console import (
    approval_cards,
    conversations,
    signals,
    staff,
    turns,
    unknown_questions,
    urgency,
)
from console.errors import Conflict, ConsoleError, Invalid, NotFound
from console.writing.context import Check, Proposal
from models import (
    Conversation,
    Delivery,
    Draft,
    DraftEvent,
    DraftStatus,
    TurnStatus,
    utc_now,
)

LIFETIME = timedelta(hours=48)
LONGEST = 8000

WORDS = {
    DraftStatus.PENDING: '待审核',
    DraftStatus.APPROVED: '已通过',
    DraftStatus.SENDING: '发送中',
    DraftStatus.SENT: '已发送',
    DraftStatus.FAILED: '发送失败',
    DraftStatus.REJECTED: '已退回',
    DraftStatus.SUPERSEDED: '已过期',
    DraftStatus.EXPIRED: '已失效',
}
REASONS = ('内容不准确', '语气不合适', '答非所问', '信息不完整', '信息已过时', '不应由 AI 回答', '其他')


class DraftClosed(Conflict):
    """Someone decided first."""

    def __init__(self, draft: Draft, who: str | None) -> None:
        by = f'由{who}' if who else ''
        super().__init__(f'草稿 #{draft.id} 已{by}处理（{WORDS[draft.status]}），本次操作没有生效。', 'closed')


class DraftStale(Conflict):
    """The parent wrote again since."""

    def __init__(self, draft_id: int) -> None:
        super().__init__(f'家长又发来了新消息，草稿 #{draft_id} 已过期，没有发送。新的草稿会自动出现。', 'stale')


class DraftChanged(Conflict):
    """Another text than the one the person read."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(
            f'草稿 #{draft.id} 刚被他人修改（现为第 {draft.version} 版），没有发送。请看过新内容再决定。', 'version'
        )


class DraftBlocked(ConsoleError):
    """A check of level `block` is open."""

    reason = 'blocked'

    def __init__(self, checks: list[Check]) -> None:
        self.checks = checks
        found = '；'.join(check.text for check in checks)
        super().__init__(f'有未解决的检查项：{found}。请修改内容，或写明理由后再通过。')


def propose(session: Session, claim: turns.Claim, proposal: Proposal) -> Draft | None:
    """Offer a written reply for release. None if the parent went on meanwhile, or another writer took the turn."""
    conversation = conversations.locked(session, claim.conversation_id)
    turn = turns.held(session, claim)
    if turn is None:
        return None
    if turn.basis_seq != conversation.last_inbound_seq or conversation.taken_over:
        turn.status = TurnStatus.SUPERSEDED
        return None
    turn.status = TurnStatus.DONE
    supersede_pending(session, [conversation.id], note='有了新版本')
    said = turns.lines(session, conversation.id, turn.first_seq, turn.basis_seq)
    draft = Draft(
        conversation_id=conversation.id,
        turn_id=turn.id,
        channel=conversation.channel,
        status=DraftStatus.PENDING,
        basis_seq=turn.basis_seq,
        customer_message='\n'.join(line.text for line in said),
        content=proposal.text,
        original_content=proposal.text,
        writer=proposal.writer,
        prompt_version=proposal.prompt_version,
        needs_human=proposal.needs_human,
        sources=[asdict(source) for source in proposal.sources],
        checks=[asdict(check) for check in proposal.checks],
        tokens_in=proposal.tokens_in,
        tokens_out=proposal.tokens_out,
        duration_ms=proposal.duration_ms,
    )
    urgency.assess(draft)
    session.add(draft)
    session.flush()
    unknown_questions.note(session, draft)
    log_event(session, draft, 'proposed', content=draft.content)
    return draft


def waits_for_colleague(session: Session, draft: Draft) -> bool:
    """Whether it is released and a colleague is to send it in the WeCom client."""
    queued = select(Delivery.id).where(Delivery.draft_id == draft.id).limit(1)
    return draft.status is DraftStatus.APPROVED and session.scalar(queued) is None


_PENDING_IN = (
    select(Draft)
    .where(
        Draft.conversation_id.in_(bindparam('talks', expanding=True)),
        or_(
            Draft.status == DraftStatus.PENDING,
            and_(Draft.status == DraftStatus.APPROVED, ~exists().where(Delivery.draft_id == Draft.id)),
        ),
    )
    .order_by(Draft.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)


def supersede_pending(session: Session, conversation_ids: Iterable[int], *, note: str, by: int | None = None) -> None:
    """The drafts that wait in these conversations, for a release or for who is to send them, are out of date."""
    outdated = session.scalars(_PENDING_IN, {'talks': list(conversation_ids)}).all()
    if not outdated:
        return
    for draft in outdated:
        draft.status = DraftStatus.SUPERSEDED
        draft.reason = note
    session.flush()
    for draft in outdated:
        log_event(session, draft, 'superseded', by=by, note=note)


def expire(session: Session) -> int:
    """Close what nobody decided within `LIFETIME`; how many."""
    too_old = (
        select(Draft)
        .where(Draft.status == DraftStatus.PENDING, Draft.created_at < utc_now() - LIFETIME)
        .order_by(Draft.id)
        .limit(100)
    )
    talks = sorted(session.scalars(too_old.with_only_columns(Draft.conversation_id)))
    session.execute(
        select(Conversation.id).where(Conversation.id.in_(talks)).order_by(Conversation.id).with_for_update()
    )
    late = session.scalars(too_old.where(Draft.conversation_id.in_(talks)).with_for_update(skip_locked=True)).all()
    for draft in late:
        draft.status = DraftStatus.EXPIRED
        log_event(session, draft, 'expired')
    return len(late)


def page(
    session: Session, *, by: int, status: DraftStatus | None = None, limit: int = 50, after: int | None = None
) -> list[Draft]:
    """Drafts that `by` may know of, newest first; the pending ones oldest first, since they wait.

    `after` is the id of the last one of the page before.
    """
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    query = (
        select(Draft)
        .join(Conversation, Conversation.id == Draft.conversation_id)
        .where(staff.sees_conversations(member))
        .options(joinedload(Draft.conversation).joinedload(Conversation.contact))
        .limit(limit)
    )
    if status is not None:
        query = query.where(Draft.status == status)
    if status is DraftStatus.PENDING:
        query = query.order_by(Draft.id)
        query = query.where(Draft.id > after) if after is not None else query
    else:
        query = query.order_by(Draft.id.desc())
        query = query.where(Draft.id < after) if after is not None else query
    return list(session.scalars(query))


def seen(session: Session, draft_id: int, *, by: int) -> tuple[Draft, list[DraftEvent]]:
    """One draft and what happened to it. Raises `NotFound`, `NotAllowed`."""
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    draft = session.scalar(
        select(Draft)
        .join(Conversation, Conversation.id == Draft.conversation_id)
        .where(Draft.id == draft_id, staff.sees_conversations(member))
        .options(joinedload(Draft.conversation).joinedload(Conversation.contact))
    )
    if draft is None:
        raise NotFound('这份草稿')
    events = session.scalars(select(DraftEvent).where(DraftEvent.draft_id == draft_id).order_by(DraftEvent.id))
    return draft, list(events)


def pending_in(session: Session, conversation_id: int, *, by: int) -> Draft | None:
    """The draft that waits for release in this conversation. Raises `NotFound`, `NotAllowed`."""
    conversations.seen(session, conversation_id, by=by)
    return session.scalar(
        select(Draft).where(Draft.conversation_id == conversation_id, Draft.status == DraftStatus.PENDING)
    )


def remark(session: Session, draft: Draft) -> str | None:
    """What was said to a refusal beside its reason. Only the event has it: reports count refusals by reason alone."""
    note = session.scalar(
        select(DraftEvent.note)
        .where(DraftEvent.draft_id == draft.id, DraftEvent.action == 'rejected')
        .order_by(DraftEvent.id.desc())
        .limit(1)
    )
    return (note or '').removeprefix(draft.reason or '').removeprefix('：') or None


def conversation_of(session: Session, draft_id: int) -> int | None:
    """In which conversation it is; None if it is gone."""
    return session.scalar(select(Draft.conversation_id).where(Draft.id == draft_id))


def of_turn(session: Session, turn_id: int) -> Draft | None:
    """What was written for this turn, with its conversation and contact."""
    return session.scalar(
        select(Draft)
        .where(Draft.turn_id == turn_id)
        .options(joinedload(Draft.conversation).joinedload(Conversation.contact))
        .order_by(Draft.id.desc())
        .limit(1)
    )


def checked(text: str) -> str:
    text = text.replace('\r\n', '\n').strip()
    if not text:
        raise Invalid('content', '回复内容不能为空。')
    if len(text) > LONGEST:
        raise Invalid('content', f'回复内容太长（{len(text)} 字），最多 {LONGEST} 字。')
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid('content', '回复内容含有无法保存的字符，请重新输入。') from None
    return text


def log_event(
    session: Session,
    draft: Draft,
    action: str,
    *,
    by: int | None = None,
    content: str | None = None,
    note: str | None = None,
) -> None:
    session.add(
        DraftEvent(draft_id=draft.id, staff_id=by, action=action, version=draft.version, content=content, note=note)
    )
    urgency.changed(session, draft.conversation_id)
    signals.announce(session, signals.draft_changed, draft.id)
    approval_cards.follow(session, draft, action, by=by, note=note)
