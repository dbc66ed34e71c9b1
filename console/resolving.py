"""已解决: nothing more is to be said for now; a new message opens the conversation again by itself."""

from sqlalchemy.orm import Session

from console import audit, conversations, drafts, signals, staff, turns, urgency
from models import Conversation, ConversationStatus


def resolve(session: Session, conversation_id: int, *, by: int) -> Conversation:
    """Nobody waits here any more, and what was to be released is not sent. Raises `NotAllowed`, `NotFound`."""
    member = staff.require(session, by, staff.Action.TAKE_OVER)
    conversations.seen(session, conversation_id, by=by)
    conversation = conversations.locked(session, conversation_id)
    turns.give_up_active(session, conversation_id)
    drafts.supersede_pending(session, [conversation_id], note=f'{member.name}将会话标为已解决', by=by)
    conversation.status = ConversationStatus.RESOLVED
    conversation.waiting_since = conversation.snoozed_until = conversation.snoozed_by_id = None
    conversation.unread = 0
    urgency.changed(session, conversation_id)
    audit.record(session, 'resolve', 'conversation', conversation_id, by=by)
    signals.announce(session, signals.conversation_changed, conversation_id)
    return conversation


def reopen(session: Session, conversation_id: int, *, by: int) -> Conversation:
    """There is more to be said after all. Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.TAKE_OVER)
    conversations.seen(session, conversation_id, by=by)
    conversation = conversations.locked(session, conversation_id)
    conversations.recount(session, conversation)
    audit.record(session, 'reopen', 'conversation', conversation_id, by=by)
    return conversation
