"""Taking back what was sent through the app: asked first, done by WeCom, then written down."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import audit, conversations, search_index, signals, staff
from console.errors import Conflict, NotFound
from models import UNFINISHED, Channel, Delivery, DeliveryStatus, Direction, Message, utc_now

WITHIN = timedelta(hours=24)
CHANNELS = (Channel.APP, Channel.SIMULATE)


@dataclass(frozen=True, kw_only=True)
class Recall:
    """What WeCom is to take back: a message's parts, the last first."""

    message_id: int
    channel: Channel
    msgids: tuple[str, ...]


def offered(message: Message, parts: list[Delivery], *, by: int, alone: bool) -> bool:
    """Whether the page offers it; `alone`: the member may send without a release."""
    return (
        message.direction is Direction.OUT
        and message.recalled_at is None
        and (alone or message.staff_id == by)
        and _possible(parts)
        and message.created_at > utc_now() - WITHIN
    )


def begin(session: Session, message_id: int, *, by: int) -> Recall:
    """Check and put on record that `by` takes it back. Call WeCom next, outside of the transaction, then `done`.

    Raises `NotAllowed`, `NotFound`, `Conflict` for what is not with the parent, or is back already.
    """
    staff.require(session, by, staff.Action.PROPOSE_REPLY)
    message = session.scalar(select(Message).where(Message.id == message_id, Message.direction == Direction.OUT))
    if message is None:
        raise NotFound('这条消息')
    conversations.seen(session, message.conversation_id, by=by)
    if message.staff_id != by:
        staff.require(session, by, staff.Action.SEND_ALONE)
    if message.recalled_at is not None:
        raise Conflict('这条消息已经撤回。', 'closed')
    parts = list(
        session.scalars(select(Delivery).where(Delivery.message_id == message_id).order_by(Delivery.part.desc()))
    )
    if not _possible(parts):
        raise Conflict('这条消息没有送到企业微信，或还在发送，不能撤回。', 'closed')
    audit.record(session, 'recall', 'message', message_id, by=by)
    return Recall(
        message_id=message_id,
        channel=parts[0].channel,
        msgids=tuple(part.wecom_msgid for part in parts if part.wecom_msgid),
    )


def done(session: Session, recall: Recall, *, by: int) -> None:
    """WeCom took it back."""
    message = session.get_one(Message, recall.message_id)
    conversation = conversations.locked(session, message.conversation_id)
    message.recalled_at = utc_now()
    session.flush()  # whoever holds the message to put it into the index does so before it leaves
    search_index.leave_out(session, [message.id])
    if message.seq == conversation.last_seq:
        conversation.last_message_text = '[已撤回]'
    audit.record(session, 'recalled', 'message', message.id, by=by)
    signals.announce(session, signals.conversation_changed, conversation.id)


def _possible(parts: list[Delivery]) -> bool:
    return (
        any(part.status is DeliveryStatus.ACCEPTED and part.wecom_msgid for part in parts)
        and all(part.status not in UNFINISHED for part in parts)
        and parts[0].channel in CHANNELS
    )
