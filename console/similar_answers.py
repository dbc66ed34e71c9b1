"""How colleagues answered when other parents asked the same."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import personal_numbers, staff
from console.staff import Action
from console.writing.likeness import most_alike
from models import Channel, Conversation, Draft, DraftStatus

LOOKED_AT = 500
"""The newest answers are looked at, so that the cost does not grow with the years."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A question of another conversation and what was sent; personal numbers are masked."""

    conversation_id: int
    question: str
    answer: str
    at: datetime


def to(session: Session, question: str, *, by: int, beside: int, limit: int = 3) -> list[Answered]:
    """Sent answers to questions like this one, in conversations that the member may see, the most alike first.

    None from the conversation `beside`, and none that was only played beside one that was not. Of the same answer
    given often only the newest. Raises `NotAllowed`.
    """
    member = staff.require(session, by, Action.SEE_CONVERSATIONS)
    played = session.scalar(select(Conversation.channel).where(Conversation.id == beside)) is Channel.SIMULATE
    of_its_kind = Conversation.channel == Channel.SIMULATE if played else Conversation.channel != Channel.SIMULATE
    sent = session.execute(
        select(Draft.id, Draft.conversation_id, Draft.customer_message, Draft.content, Draft.created_at)
        .join(Conversation, Conversation.id == Draft.conversation_id)
        .where(
            *(Draft.status == DraftStatus.SENT, Draft.conversation_id != beside, Draft.content != ''),
            *(of_its_kind, staff.sees_conversations(member)),
        )
        .order_by(Draft.id.desc())
        .limit(LOOKED_AT)
    ).all()
    newest = list({row.content: row for row in reversed(sent)}.values())[::-1]
    found = [newest[place] for place in most_alike(question, [row.customer_message for row in newest], limit=limit)]
    masks = personal_numbers.masks_of(session, [row.conversation_id for row in found])
    return [
        Answered(
            conversation_id=row.conversation_id,
            question=personal_numbers.show(row.customer_message, masks.get(row.conversation_id, {})),
            answer=personal_numbers.show(row.content, masks.get(row.conversation_id, {})),
            at=row.created_at,
        )
        for row in found
    ]
