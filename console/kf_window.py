"""When a 微信客服 customer may be written to: five messages within 48 hours of her last word.

See developer.work.weixin.qq.com/document/path/94677, read 2026-11-24. WeCom's own count decides; ours only says
beforehand what would be refused.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.errors import Invalid
from models import UNFINISHED, Channel, Conversation, Delivery, DeliveryStatus, utc_now

MOST = 5
OPEN_FOR = timedelta(hours=48)
ON_EVENT = ('welcome', 'closing')
"""Kinds of delivery that WeCom allows by a code, whatever the count."""

COUNT_IS_FULL = 95001
SECOND = timedelta(seconds=1)
"""WeCom's times have no fractions."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """How many messages may still go out, and until when. `ends_at` None: the customer has not spoken yet."""

    left: int
    ends_at: datetime | None

    @property
    def open(self) -> bool:
        return self.left > 0 and self.ends_at is not None and self.ends_at > utc_now()

    @property
    def why_closed(self) -> str:
        """What is in the way and what opens it again, for the person at the screen; empty while it is open."""
        if self.ends_at is None:
            return '客户还没有发言，微信客服不允许主动发送。请等客户发来消息。'
        if self.ends_at <= utc_now():
            return '客户上次发言已超过 48 小时，微信客服不允许发送。请等客户再发消息后重发。'
        if self.left <= 0:
            return f'客户上次发言后已回复满 {MOST} 条，微信客服不允许再发。请等客户再发消息后重发。'
        return ''


def of(conversation: Conversation, *, queued: int = 0) -> Window:
    """The window of a 微信客服 conversation; `queued` parts are on their way and not counted yet."""
    spoke_at = conversation.customer_spoke_at
    return Window(
        left=max(0, MOST - conversation.sent_since - queued), ends_at=spoke_at + OPEN_FOR if spoke_at else None
    )


def room(session: Session, conversation: Conversation) -> Window:
    """The window of a 微信客服 conversation, less what is on its way."""
    return of(conversation, queued=_queued(session, conversation.id))


def too_many(parts: int, left: int) -> str:
    """Why a reply of so many parts is not taken, for the person at the screen."""
    return (
        f'这条回复要分成 {parts} 条发送，但客户下次发言前只剩 {left} 条可用'
        f'（微信客服规定每次发言后最多回复 {MOST} 条）。请缩短内容，或等客户再发消息。'
    )


def require_room(session: Session, conversation: Conversation, parts: int) -> None:
    """Raise `Invalid` for the field content if a reply of so many parts would not all be taken. Other channels pass."""
    if conversation.channel is not Channel.KF:
        return
    window = room(session, conversation)
    if window.why_closed:
        raise Invalid('content', window.why_closed)
    if parts > window.left:
        raise Invalid('content', too_many(parts, window.left))


def why_not(session: Session, row: Delivery) -> str:
    """Why WeCom would refuse a part that was never tried, else empty; a repetition is for WeCom to judge."""
    if row.channel is not Channel.KF or row.kind in ON_EVENT or row.maybe_sent:
        return ''
    return of(session.get_one(Conversation, row.conversation_id, populate_existing=True)).why_closed


def used(conversation: Conversation, row: Delivery) -> None:
    """WeCom took this part."""
    if row.kind not in ON_EVENT:
        conversation.sent_since += 1


def refused(conversation: Conversation, errcode: int | None) -> None:
    """WeCom's count is the true one."""
    if errcode == COUNT_IS_FULL:
        conversation.sent_since = MOST


def spoke(session: Session, conversation: Conversation, at: datetime) -> None:
    """The customer spoke, by WeCom's clock: the window opens anew, less what already went out since."""
    if conversation.customer_spoke_at is not None and at < conversation.customer_spoke_at:
        return
    conversation.customer_spoke_at = at
    conversation.sent_since = (
        session.scalar(
            select(func.count()).where(
                Delivery.conversation_id == conversation.id,
                Delivery.status == DeliveryStatus.ACCEPTED,
                Delivery.kind.not_in(ON_EVENT),
                Delivery.finished_at > at + SECOND,
            )
        )
        or 0
    )


def _queued(session: Session, conversation_id: int) -> int:
    on_their_way = select(func.count()).where(
        Delivery.conversation_id == conversation_id,
        Delivery.status.in_(UNFINISHED),
        Delivery.kind.not_in(ON_EVENT),
    )
    return session.scalar(on_their_way) or 0
