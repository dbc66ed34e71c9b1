"""By when a reviewer is wanted: how long the parent waits, how grave it is, and when we may no longer answer.

A moment that does not move with the clock, so that an index gives the queue in order. See decision 0017.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, event, select
from sqlalchemy.orm import Session

from console import kf_window
from console.writing import intents
from models import Channel, Conversation, ConversationStatus, Draft, DraftStatus, Turn, TurnStatus

ALLOWANCES = {
    'complaint': timedelta(minutes=2),
    'refund': timedelta(minutes=5),
    'promise': timedelta(minutes=10),
    'minor': timedelta(minutes=10),
    'money': timedelta(minutes=15),
    'thin': timedelta(minutes=20),
    'none': timedelta(minutes=30),
}
"""Risks of a draft, the gravest first, and how long a parent may wait for it before those of longer allowance pass."""

UNANSWERED = timedelta(minutes=5)
"""Where no draft could be had, the parent has nobody yet."""

MARGIN = timedelta(hours=2)
"""So long before 微信客服 closes its window a reply should be out."""

_RISKS = {
    'complaint': 'complaint',
    'refund': 'refund',
    'promise': 'promise',
    'pupil': 'minor',
    'phone': 'minor',
    'amount': 'money',
}


def assess(draft: Draft) -> None:
    """Set what the parent wants, and the gravest about the reply: by its checks, or that it rests on nothing."""
    draft.intent = intents.of(draft.customer_message)
    found = {_RISKS.get(check['kind'], 'thin') for check in draft.checks}
    if draft.needs_human or any(source['kind'] == 'none' for source in draft.sources):
        found.add('thin')
    draft.risk = next((risk for risk in ALLOWANCES if risk in found), 'none')


def changed(session: Session, *conversation_ids: int) -> None:
    """Something was decided, said or tried here: `review_by` is worked out anew before the transaction commits.

    The conversation is locked then at the latest; who holds a turn or a draft of it locks it first.
    """
    session.info.setdefault(_KEY, set()).update(conversation_ids)


_KEY = 'whose urgency changed'
_TRUTH = (
    select(
        Conversation,
        Draft.id.label('draft_id'),
        Draft.risk,
        Draft.created_at,
        select(Turn.status)
        .where(Turn.conversation_id == Conversation.id)
        .order_by(Turn.id.desc())
        .limit(1)
        .scalar_subquery()
        .label('turn'),
    )
    .outerjoin(Draft, (Draft.conversation_id == Conversation.id) & (Draft.status == DraftStatus.PENDING))
    .where(Conversation.id.in_(bindparam('talks', expanding=True)))
    .order_by(Conversation.id)
    .with_for_update(of=Conversation)
    .execution_options(populate_existing=True)
)


@event.listens_for(Session, 'before_commit')
def _settle(session: Session) -> None:
    talks = session.info.pop(_KEY, None)
    if not talks:
        return
    for row in session.execute(_TRUTH, {'talks': list(talks)}).all():
        row.Conversation.review_by = _review_by(row)


def _review_by(row: Any) -> datetime | None:
    conversation: Conversation = row.Conversation
    wanted: datetime
    if row.draft_id is not None:
        wanted = (conversation.waiting_since or row.created_at) + ALLOWANCES[row.risk]
    elif (
        conversation.status is ConversationStatus.WAITING
        and not conversation.taken_over
        and row.turn is TurnStatus.FAILED
        and conversation.waiting_since is not None
    ):
        wanted = conversation.waiting_since + UNANSWERED
    else:
        return None
    if conversation.channel is Channel.KF and conversation.customer_spoke_at is not None:
        return min(wanted, conversation.customer_spoke_at + kf_window.OPEN_FOR - MARGIN)
    return wanted
