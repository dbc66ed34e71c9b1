"""已解决: nothing more is to be said for now; a new message opens the conversation again by itself."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import audit, conversations, draft_decisions, drafts, signals, staff, turns, urgency
from models import Conversation, ConversationStatus, Draft, DraftEvent, DraftStatus

_NOTE = '将会话标为已解决'


def resolve(session: Session, conversation_id: int, *, by: int) -> Conversation:
    """Nobody waits here any more, and what was to be released is not sent. Raises `NotAllowed`, `NotFound`."""
    member = staff.require(session, by, staff.Action.TAKE_OVER)
    conversations.seen(session, conversation_id, by=by)
    conversation = conversations.locked(session, conversation_id)
    turns.give_up_active(session, conversation_id)
    drafts.supersede_pending(session, [conversation_id], note=f'{member.name}{_NOTE}', by=by)
    conversation.status = ConversationStatus.RESOLVED
    conversation.waiting_since = conversation.snoozed_until = conversation.snoozed_by_id = None
    conversation.unread = 0
    urgency.changed(session, conversation_id)
    audit.record(session, 'resolve', 'conversation', conversation_id, by=by)
    signals.announce(session, signals.conversation_changed, conversation_id)
    return conversation


def reopen(session: Session, conversation_id: int, *, by: int) -> Conversation:
    """There is more to be said after all; the draft that `resolve` put aside waits again. Raises as `resolve` does."""
    staff.require(session, by, staff.Action.TAKE_OVER)
    conversations.seen(session, conversation_id, by=by)
    conversation = conversations.locked(session, conversation_id)
    conversations.recount(session, conversation)
    if (draft := _put_aside(session, conversation)) is not None:
        draft_decisions.reopen(session, draft, conversation, by=by)
    audit.record(session, 'reopen', 'conversation', conversation_id, by=by)
    return conversation


def _put_aside(session: Session, conversation: Conversation) -> Draft | None:
    """The latest draft, if it was `resolve` that put it aside and neither side said anything since."""
    draft = session.scalar(
        select(Draft)
        .where(Draft.conversation_id == conversation.id)
        .order_by(Draft.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if draft is None or draft.status is not DraftStatus.SUPERSEDED:
        return None
    event = session.scalars(
        select(DraftEvent).where(DraftEvent.draft_id == draft.id).order_by(DraftEvent.id.desc()).limit(1)
    ).one()
    resolved = (event.note or '').endswith(_NOTE) and conversation.last_message_at <= event.at
    return draft if resolved and draft.basis_seq == conversation.last_inbound_seq else None
