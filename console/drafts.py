"""The life of a draft: proposed by a writer, decided by a person, sent by the worker."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, joinedload

from console import (
    approval_cards,
    conversations,
    deliveries,
    dossiers,
    kf_outlook,
    knowledge_shelf,
    media_files,
    personal_numbers,
    policies,
    scripts,
    signals,
    staff,
    turns,
    unknown_questions,
    urgency,
)
from console.errors import Conflict, ConsoleError, Invalid, NotAllowed, NotFound
from console.writing import edits
from console.writing.checks import check_text
from console.writing.context import Check, Proposal
from console.writing.evidence import trace
from models import (
    Author,
    Conversation,
    Delivery,
    Direction,
    Draft,
    DraftEvent,
    DraftStatus,
    Message,
    Staff,
    Turn,
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
    draft = Draft(
        conversation_id=conversation.id,
        turn_id=turn.id,
        channel=conversation.channel,
        status=DraftStatus.PENDING,
        basis_seq=turn.basis_seq,
        customer_message=_lines(session, turn),
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


def edit(session: Session, draft_id: int, *, version: int, by: int, content: str) -> Draft:
    """Change the text. The version goes up, so that nobody approves what they no longer see.

    Raises `NotAllowed`, `NotFound`, `Invalid`, `DraftClosed`, `DraftStale`, `DraftChanged`.
    """
    draft = _open_draft(session, draft_id, version=version, by=by)
    _set_content(session, draft, content, by=by)
    return draft


def approve(
    session: Session,
    draft_id: int,
    *,
    version: int,
    by: int,
    undo: timedelta,
    content: str | None = None,
    confirm_reason: str | None = None,
) -> Draft:
    """Release a draft for sending, with the approver's edits if any. It can be taken back for `undo`.

    Raises `NotAllowed`, `NotFound`, `Invalid`, `DraftClosed`, `DraftStale`, `DraftChanged`, `NotReleasable` where the
    school wants somebody else to, and `DraftBlocked` unless `confirm_reason` says why open checks do not matter.
    """
    draft = _open_draft(session, draft_id, version=version, by=by)
    if content is not None:
        _set_content(session, draft, content, by=by)
    scripts.checked_filled(draft.content)
    if _rests_on_what_changed(session, draft):
        _check(session, draft)
    policies.require_release(session, session.get_one(Staff, by), draft)
    blocks = [check for check in (Check(**found) for found in draft.checks) if check.level == 'block']
    reason = (confirm_reason or '').strip()
    if blocks and not reason:
        raise DraftBlocked(blocks)
    return release(session, draft, draft.conversation, by=by, undo=undo, reason=reason)


def release(
    session: Session,
    draft: Draft,
    conversation: Conversation,
    *,
    by: int | None,
    undo: timedelta,
    reason: str = '',
    action: str = 'approved',
) -> Draft:
    """Put a locked pending draft on its way. Who may is for the caller to know; `by` None: the AI alone.

    Raises `Invalid`, `Conflict` where the channel would not take it.
    """
    media = media_files.released(session, draft)
    if why := kf_outlook.closed_to_us(session, conversation, as_file=media is not None):
        raise Conflict(why, 'session')
    draft.edit_size = edits.size(draft.original_content, draft.content)
    if by is not None and media is None and conversations.answered_in_client(conversation):
        return _release_to_colleague(session, draft, by=by, reason=reason)
    message = conversations.add_message(
        session,
        conversation,
        direction=Direction.OUT,
        author=Author.STAFF if draft.author_id else Author.AI,
        staff_id=by,
        kind=media.kind if media else 'text',
        text=draft.content,
    )
    parts = [draft.content] if media else deliveries.parts_of(session, conversation, draft.content)
    if media:
        media_files.attach(media, message)
    deliveries.queue(session, conversation, message, parts, draft=draft, due_in=undo, media=media)
    draft.status = DraftStatus.APPROVED
    draft.decided_by_id, draft.decided_at, draft.reason = by, utc_now(), reason or None
    turns.give_up_active(session, conversation.id)
    conversations.answered(session, conversation)
    log_event(session, draft, action, by=by, content=draft.content, note=reason or None)
    return draft


def _release_to_colleague(session: Session, draft: Draft, *, by: int, reason: str) -> Draft:
    """Nothing is sent: the colleague whose chat it is may send it now. The parent waits until she has."""
    draft.status = DraftStatus.APPROVED
    draft.decided_by_id, draft.decided_at, draft.reason = by, utc_now(), reason or None
    turns.give_up_active(session, draft.conversation_id)
    log_event(session, draft, 'approved', by=by, content=draft.content, note=reason or None)
    signals.announce(session, signals.conversation_changed, draft.conversation_id)
    return draft


def waits_for_colleague(session: Session, draft: Draft) -> bool:
    """Whether it is released and a colleague is to send it in the WeCom client."""
    queued = select(Delivery.id).where(Delivery.draft_id == draft.id).limit(1)
    return draft.status is DraftStatus.APPROVED and session.scalar(queued) is None


def sent_by_colleague(session: Session, draft: Draft, text: str, *, by: int) -> None:
    """It left in the WeCom client, as `text`: a release of her own where she needed none."""
    if text != draft.content:
        draft.content = text
        draft.version += 1
        log_event(session, draft, 'edited', by=by, content=text)
    if draft.status is DraftStatus.PENDING:
        draft.status = DraftStatus.APPROVED
        draft.decided_by_id, draft.decided_at = by, utc_now()
        log_event(session, draft, 'approved', by=by, content=text)
    draft.status = DraftStatus.SENDING
    draft.status = DraftStatus.SENT
    log_event(session, draft, 'sent', by=by, note='已由客户端发送')


def reject(session: Session, draft_id: int, *, version: int, by: int, reason: str, note: str | None = None) -> Draft:
    """Refuse a draft; the parent keeps waiting for a person. Raises as `edit` does."""
    draft = _open_draft(session, draft_id, version=version, by=by)
    if not reason.strip():
        raise Invalid('reason', '请选择或填写退回的理由。')
    draft.status = DraftStatus.REJECTED
    draft.decided_by_id, draft.decided_at, draft.reason = by, utc_now(), reason.strip()[:200]
    draft.version += 1
    log_event(session, draft, 'rejected', by=by, note='：'.join(filter(None, (draft.reason, note))))
    signals.announce(session, signals.conversation_changed, draft.conversation_id)
    return draft


def undo(session: Session, draft_id: int, *, by: int) -> Draft:
    """Take back an approval the sender has not begun, or a rejection.

    Raises `NotAllowed`, `NotFound`, `Conflict` when it is too late.
    """
    member = policies.reviewer(session, by)
    draft = _locked(session, draft_id)
    if not staff.may(member.role, staff.Action.REVIEW) and draft.decided_by_id != by:
        raise NotAllowed('撤回他人的决定')
    approved = draft.status is DraftStatus.APPROVED
    if not approved and draft.status is not DraftStatus.REJECTED:
        raise Conflict(f'草稿 #{draft_id} {WORDS[draft.status]}，不能再撤回。', 'closed')
    if draft.basis_seq != draft.conversation.last_inbound_seq:
        raise Conflict('家长已发来新消息，不能再撤回。', 'stale')
    other = session.scalar(
        select(Draft.id).where(Draft.conversation_id == draft.conversation_id, Draft.status == DraftStatus.PENDING)
    )
    if other is not None:
        raise Conflict('这个会话已有新的草稿，不能再撤回。', 'closed')
    if approved and not deliveries.take_back(session, draft):
        raise Conflict(f'草稿 #{draft_id} 已交给企业微信发送，不能再撤回。', 'closed')
    reopen(session, draft, draft.conversation, by=by)
    return draft


def reopen(session: Session, draft: Draft, conversation: Conversation, *, by: int, note: str | None = None) -> None:
    """A locked draft whose release or refusal was undone waits for a person; out of date, if she cannot decide it."""
    other = select(Draft.id).where(Draft.conversation_id == conversation.id, Draft.status == DraftStatus.PENDING)
    late = draft.basis_seq != conversation.last_inbound_seq or session.scalar(other) is not None
    draft.status = DraftStatus.SUPERSEDED if late else DraftStatus.PENDING
    draft.version += 1
    draft.decided_by_id = draft.decided_at = draft.edit_size = None
    draft.reason = note if late else None
    conversations.recount(session, conversation)
    log_event(session, draft, 'superseded' if late else 'undone', by=by, note=note)


def regenerate(session: Session, draft_id: int, *, version: int, by: int, instruction: str | None = None) -> Turn:
    """Ask the writer for another version. The present one stays until it is there. Raises as `edit` does."""
    draft = _open_draft(session, draft_id, version=version, by=by)
    turns.give_up_active(session, draft.conversation_id)
    session.flush()
    remark = (instruction or '').strip()[:500] or None
    log_event(session, draft, 'regenerate', by=by, note=remark)
    return turns.open_turn(session, draft.conversation, instruction=remark)


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


def _open_draft(session: Session, draft_id: int, *, version: int, by: int) -> Draft:
    member = policies.reviewer(session, by)
    draft = _locked(session, draft_id)
    if draft.status is DraftStatus.SUPERSEDED and draft.conversation.last_inbound_seq > draft.basis_seq:
        raise DraftStale(draft_id)
    if draft.status is not DraftStatus.PENDING:
        decider = session.get(Staff, draft.decided_by_id) if draft.decided_by_id else None
        raise DraftClosed(draft, decider.name if decider and decider.id != member.id else None)
    if draft.basis_seq != draft.conversation.last_inbound_seq:
        raise DraftStale(draft_id)
    if draft.version != version:
        raise DraftChanged(draft)
    if not staff.may(member.role, staff.Action.REVIEW):
        policies.require_release(session, member, draft)
    return draft


def _locked(session: Session, draft_id: int) -> Draft:
    """The draft with its conversation, the conversation locked first: everyone takes them in this order."""
    conversation_id = session.scalar(select(Draft.conversation_id).where(Draft.id == draft_id))
    if conversation_id is None:
        raise NotFound('这份草稿')
    conversations.locked(session, conversation_id)
    return session.scalars(
        select(Draft)
        .where(Draft.id == draft_id)
        .with_for_update(of=Draft)
        .options(joinedload(Draft.conversation).joinedload(Conversation.contact))
        .execution_options(populate_existing=True)
    ).one()


def _set_content(session: Session, draft: Draft, content: str, *, by: int) -> None:
    content = personal_numbers.unmask(checked(content), personal_numbers.masks(session, draft.conversation_id))
    if content == draft.content:
        return
    if media_files.of_draft(session, draft):
        raise Invalid('content', '这是一份要发送的文件，不能改成文字。请退回它，再另写回复。')
    draft.content = content
    draft.version += 1
    _check(session, draft)
    log_event(session, draft, 'edited', by=by, content=content)


def _check(session: Session, draft: Draft) -> None:
    """Hold the text against what is known now."""
    context = dossiers.for_draft(session, draft)
    draft.sources = [asdict(source) for source in trace(draft.content, context)]
    draft.checks = [asdict(check) for check in check_text(draft.content, context)]
    urgency.assess(draft)


def _rests_on_what_changed(session: Session, draft: Draft) -> bool:
    """Whether a knowledge entry behind it was changed since, or may no longer be said today."""
    cited = {
        int(found['ref']): found['version']
        for found in draft.sources
        if found['kind'] == 'knowledge' and found.get('version')
    }
    still = {entry.id: entry.version for entry in knowledge_shelf.valid_among(session, list(cited))}
    return still != cited


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
    return text.replace('\x00', '')


def _lines(session: Session, turn: Turn) -> str:
    return '\n'.join(
        session.scalars(
            select(Message.text)
            .where(
                Message.conversation_id == turn.conversation_id,
                Message.seq.between(turn.first_seq, turn.basis_seq),
                Message.direction == Direction.IN,
            )
            .order_by(Message.sent_at, Message.seq)
        )
    )


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
