"""What a person decides about a draft: changed, released, refused, taken back, written anew."""

from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from console import (
    conversations,
    deliveries,
    dossiers,
    drafts,
    kf_outlook,
    knowledge_shelf,
    media_files,
    personal_numbers,
    policies,
    scripts,
    signals,
    staff,
    turns,
    urgency,
)
from console.errors import Conflict, Invalid, NotAllowed, NotFound
from console.writing import edits
from console.writing.checks import check_text
from console.writing.context import Check
from console.writing.evidence import trace
from models import (
    Author,
    Conversation,
    Direction,
    Draft,
    DraftStatus,
    Staff,
    Turn,
    utc_now,
)


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
        raise drafts.DraftBlocked(blocks)
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
    drafts.log_event(session, draft, action, by=by, content=draft.content, note=reason or None)
    return draft


def _release_to_colleague(session: Session, draft: Draft, *, by: int, reason: str) -> Draft:
    """Nothing is sent: the colleague whose chat it is may send it now. The parent waits until she has."""
    draft.status = DraftStatus.APPROVED
    draft.decided_by_id, draft.decided_at, draft.reason = by, utc_now(), reason or None
    turns.give_up_active(session, draft.conversation_id)
    drafts.log_event(session, draft, 'approved', by=by, content=draft.content, note=reason or None)
    signals.announce(session, signals.conversation_changed, draft.conversation_id)
    return draft


def sent_by_colleague(session: Session, draft: Draft, text: str, *, by: int) -> None:
    """It left in the WeCom client, as `text`: a release of her own where she needed none."""
    if text != draft.content:
        draft.content = text
        draft.version += 1
        drafts.log_event(session, draft, 'edited', by=by, content=text)
    if draft.status is DraftStatus.PENDING:
        draft.status = DraftStatus.APPROVED
        draft.decided_by_id, draft.decided_at = by, utc_now()
        drafts.log_event(session, draft, 'approved', by=by, content=text)
    draft.status = DraftStatus.SENDING
    draft.status = DraftStatus.SENT
    drafts.log_event(session, draft, 'sent', by=by, note='已由客户端发送')


def reject(session: Session, draft_id: int, *, version: int, by: int, reason: str, note: str | None = None) -> Draft:
    """Refuse a draft; the parent keeps waiting for a person. Raises as `edit` does."""
    draft = _open_draft(session, draft_id, version=version, by=by)
    if not reason.strip():
        raise Invalid('reason', '请选择或填写退回的理由。')
    draft.status = DraftStatus.REJECTED
    draft.decided_by_id, draft.decided_at, draft.reason = by, utc_now(), reason.strip()[:200]
    draft.version += 1
    drafts.log_event(session, draft, 'rejected', by=by, note='：'.join(filter(None, (draft.reason, note))))
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
        raise Conflict(f'草稿 #{draft_id} {drafts.WORDS[draft.status]}，不能再撤回。', 'closed')
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
    drafts.log_event(session, draft, 'superseded' if late else 'undone', by=by, note=note)


def regenerate(session: Session, draft_id: int, *, version: int, by: int, instruction: str | None = None) -> Turn:
    """Ask the writer for another version. The present one stays until it is there. Raises as `edit` does."""
    draft = _open_draft(session, draft_id, version=version, by=by)
    turns.give_up_active(session, draft.conversation_id)
    session.flush()
    remark = (instruction or '').strip()[:500] or None
    drafts.log_event(session, draft, 'regenerate', by=by, note=remark)
    return turns.open_turn(session, draft.conversation, instruction=remark)


def _open_draft(session: Session, draft_id: int, *, version: int, by: int) -> Draft:
    member = policies.reviewer(session, by)
    draft = _locked(session, draft_id)
    if draft.status is DraftStatus.SUPERSEDED and draft.conversation.last_inbound_seq > draft.basis_seq:
        raise drafts.DraftStale(draft_id)
    if draft.status is not DraftStatus.PENDING:
        decider = session.get(Staff, draft.decided_by_id) if draft.decided_by_id else None
        raise drafts.DraftClosed(draft, decider.name if decider and decider.id != member.id else None)
    if draft.basis_seq != draft.conversation.last_inbound_seq:
        raise drafts.DraftStale(draft_id)
    if draft.version != version:
        raise drafts.DraftChanged(draft)
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
    content = personal_numbers.unmask(drafts.checked(content), personal_numbers.masks(session, draft.conversation_id))
    if content == draft.content:
        return
    if media_files.of_draft(session, draft):
        raise Invalid('content', '这是一份要发送的文件，不能改成文字。请退回它，再另写回复。')
    draft.content = content
    draft.version += 1
    _check(session, draft)
    drafts.log_event(session, draft, 'edited', by=by, content=content)


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
