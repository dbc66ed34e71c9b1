"""What became of a parent's words: understood, and answered by a draft, or not and why."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from console import drafts, turns
from models import Channel, Contact, Conversation, Draft, Message, Student, TurnStatus


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A message that was understood. `draft` answers it; `trouble` says in words why none will."""

    message: Message
    contact: Contact
    student_name: str | None
    draft: Draft | None = None
    trouble: str | None = None

    @property
    def final(self) -> bool:
        return self.draft is not None or self.trouble is not None


def of_message(session: Session, channel: Channel, external_userid: str, external_id: str) -> Outcome | None:
    """Of the message with WeCom's id `external_id`; None while it is not understood yet."""
    found = session.execute(
        select(Conversation, Message)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(Message, Message.conversation_id == Conversation.id)
        .where(
            Contact.channel == channel,
            Contact.external_userid == external_userid,
            Message.external_id == external_id,
        )
        .options(joinedload(Conversation.contact))
    ).first()
    if found is None:
        return None
    conversation, message = found
    student = session.get(Student, conversation.contact.student_id) if conversation.contact.student_id else None
    draft, trouble = _answer(session, conversation, message)
    return Outcome(
        message=message,
        contact=conversation.contact,
        student_name=student.name if student else None,
        draft=draft,
        trouble=trouble,
    )


def _answer(session: Session, conversation: Conversation, message: Message) -> tuple[Draft | None, str | None]:
    turn = turns.covering(session, conversation.id, message.seq)
    if turn is None:
        return None, '会话已由人工接管，AI 不起草回复。'
    match turn.status:
        case TurnStatus.DONE:
            return drafts.of_turn(session, turn.id), None
        case TurnStatus.FAILED:
            return None, turn.last_error or 'AI 没有写出回复，请人工回复。'
        case TurnStatus.SUPERSEDED:
            return None, '已有同事回复或接管，AI 不再起草。'
    return None, None
