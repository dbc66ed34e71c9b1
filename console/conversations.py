"""Chats with parents: who spoke last, who waits, who answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, func, select
from sqlalchemy.orm import Session, joinedload

from console import audit, signals, staff, urgency
from console.database import insert_many_once
from console.errors import NotFound
from models import (
    Channel,
    Contact,
    Conversation,
    ConversationStatus,
    Direction,
    Message,
    Role,
    SessionState,
    Staff,
    Student,
    StudentGuardian,
    utc_now,
)

LINE_IN_LIST = 120
LOOK_BACK = 30
"""Messages of ours among which a repeated order or report is looked for."""


Person = tuple[Channel, str, str]
"""Whom a conversation is with: the channel, our account in it ('' where it has but one), the external userid."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A row of the list."""

    conversation: Conversation
    contact: Contact
    student_name: str | None
    kinship: str | None
    assignee: str | None

    @property
    def title(self) -> str:
        return title_of(self.contact, self.student_name, self.kinship)


def title_of(contact: Contact, student_name: str | None, kinship: str | None) -> str:
    """王梦瑶 · 妈妈 where the student is known, else the contact's own name."""
    if student_name:
        return f'{student_name} · {kinship}' if kinship else student_name
    return contact.name or f'新客户 {contact.external_userid[:2]}…{contact.external_userid[-3:]}'


def add_message(session: Session, conversation: Conversation, **columns: Any) -> Message:
    """Append a message to a locked conversation."""
    now = utc_now()
    count(conversation, columns['direction'], columns['text'], now)
    message = Message(
        conversation_id=conversation.id, seq=conversation.last_seq, created_at=now, **{'sent_at': now} | columns
    )
    session.add(message)
    session.flush()
    signals.announce(session, signals.conversation_changed, conversation.id)
    return message


def answered(session: Session, conversation: Conversation) -> None:
    """We spoke last: nobody waits any more."""
    conversation.waiting_since = None
    conversation.unread = 0
    conversation.status = ConversationStatus.OPEN
    urgency.changed(session, conversation.id)
    signals.announce(session, signals.conversation_changed, conversation.id)


def answered_in_client(conversation: Conversation) -> bool:
    """Whether only a colleague can send here, in the WeCom client: WeCom lets no program write into such a chat."""
    return conversation.channel is Channel.CONTACT or (
        conversation.channel is Channel.KF and conversation.session_state == SessionState.SERVICER
    )


def recount(session: Session, conversation: Conversation) -> None:
    """Work out anew who waits since when, after a message of ours was taken back."""
    conversation.last_outbound_seq = (
        session.scalar(
            select(func.max(Message.seq)).where(
                Message.conversation_id == conversation.id, Message.direction == Direction.OUT
            )
        )
        or 0
    )
    last = session.scalar(
        select(Message).where(Message.conversation_id == conversation.id).order_by(Message.seq.desc()).limit(1)
    )
    first_waiting = session.scalar(
        select(func.min(Message.created_at)).where(
            Message.conversation_id == conversation.id,
            Message.direction == Direction.IN,
            Message.seq > conversation.last_outbound_seq,
        )
    )
    conversation.waiting_since = first_waiting
    conversation.status = ConversationStatus.WAITING if first_waiting else ConversationStatus.OPEN
    if last is not None:
        conversation.last_message_at = last.created_at
        conversation.last_message_text = ' '.join(last.text.split())[:LINE_IN_LIST]
    urgency.changed(session, conversation.id)
    signals.announce(session, signals.conversation_changed, conversation.id)


def locked(session: Session, conversation_id: int) -> Conversation:
    """The conversation, held until the transaction ends: whoever decides in it goes through here. Raises `NotFound`."""
    conversation = session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if conversation is None:
        raise NotFound('这个会话')
    return conversation


def seen(session: Session, conversation_id: int, *, by: int) -> Listed:
    """One conversation with contact and student, if `by` may know of it. Raises `NotFound`, `NotAllowed`."""
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    found = listed(session, Conversation.id == conversation_id, staff.sees_conversations(member), limit=1)
    if not found:
        raise NotFound('这个会话')
    return found[0]


def messages(
    session: Session, conversation_id: int, *, by: int, limit: int = 50, before: int | None = None
) -> list[Message]:
    """The newest `limit` messages below seq `before`, oldest first. Raises `NotFound`, `NotAllowed`."""
    seen(session, conversation_id, by=by)
    query = select(Message).where(Message.conversation_id == conversation_id).order_by(Message.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(Message.seq < before)
    return list(reversed(session.scalars(query).all()))


def latest_sent(session: Session, conversation_id: int) -> list[Message]:
    """Our own, the newest first, as far back as one that is told of again is looked for."""
    return list(
        session.scalars(
            select(Message)
            .where(Message.conversation_id == conversation_id, Message.direction == Direction.OUT)
            .order_by(Message.seq.desc())
            .limit(LOOK_BACK)
        )
    )


def find(session: Session, external_userid: str, *, by: int) -> Listed:
    """The conversation with this person, the most recently used channel first, a played parent's last.

    Raises `NotFound`, `NotAllowed`.
    """
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    found = listed(
        session,
        Contact.external_userid == external_userid,
        staff.sees_conversations(member),
        limit=1,
        order=(Conversation.channel == Channel.SIMULATE, Conversation.last_message_at.desc()),
    )
    if not found:
        raise NotFound('这个会话')
    return found[0]


def of_student(session: Session, student_id: int, *, by: int) -> list[Listed]:
    """The conversations about this student that `by` may know of, newest first. Raises `NotAllowed`."""
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    return listed(
        session,
        Contact.student_id == student_id,
        staff.sees_conversations(member),
        limit=50,
        order=(Conversation.last_message_at.desc(),),
    )


def mark_read(session: Session, conversation_id: int, *, by: int) -> None:
    seen(session, conversation_id, by=by)
    conversation = locked(session, conversation_id)
    if conversation.unread:
        conversation.unread = 0
        signals.announce(session, signals.conversation_changed, conversation_id)


def assign(session: Session, conversation_id: int, assignee_id: int | None, *, by: int) -> Conversation:
    """Give the conversation to a member, or to nobody. Raises `NotFound`, `NotAllowed`."""
    seen(session, conversation_id, by=by)
    staff.require(session, by, staff.Action.TAKE_OVER)
    if assignee_id is not None:
        assignee = session.get(Staff, assignee_id)
        if assignee is None or not assignee.active or assignee.role is Role.TESTER:
            raise NotFound('这位同事')
    conversation = locked(session, conversation_id)
    audit.record(
        session, 'assign', 'conversation', conversation_id, by=by, before=conversation.assignee_id, after=assignee_id
    )
    conversation.assignee_id = assignee_id
    signals.announce(session, signals.conversation_changed, conversation_id)
    return conversation


def ensure(session: Session, channel: Channel, external_userid: str, *, account: str = '') -> Conversation:
    """The conversation with this person, locked; made if there is none."""
    person = channel, account, external_userid
    return with_people(session, [person])[person]


def with_people(session: Session, people: Iterable[Person]) -> dict[Person, Conversation]:
    """Each person's conversation, locked in the order of ids; contacts and conversations are made where missing."""
    wanted = set(people)
    talks = _locked_with(session, wanted)
    if missing := wanted - talks.keys():
        now = utc_now()
        insert_many_once(
            session,
            Contact,
            [
                {'channel': channel, 'account': account, 'external_userid': userid, 'created_at': now}
                for channel, account, userid in sorted(missing)
            ],
        )
        contacts = _contacts(session, missing)
        insert_many_once(session, Conversation, [_empty(id_, person[0]) for person, id_ in sorted(contacts.items())])
        talks |= _locked_with(session, missing)
    return talks


def count(conversation: Conversation, direction: Direction, text: str, now: datetime) -> None:
    """What the conversation's own row says about its newest message."""
    conversation.last_seq += 1
    conversation.last_message_at = now
    conversation.last_message_text = ' '.join(text.split())[:LINE_IN_LIST]
    if direction is Direction.OUT:
        conversation.last_outbound_seq = conversation.last_seq
        return
    conversation.last_inbound_seq = conversation.last_seq
    conversation.unread += 1
    conversation.waiting_since = conversation.waiting_since or now
    conversation.status = ConversationStatus.WAITING
    conversation.snoozed_until = conversation.snoozed_by_id = None


# Written once: on the way of every message, putting a statement together costs as much as running it.
_THEIR_IDS: BindParameter[str] = bindparam('userids', expanding=True)
_CONTACTS = select(Contact.channel, Contact.account, Contact.external_userid, Contact.id).where(
    Contact.external_userid.in_(_THEIR_IDS)
)
_LOCKED_WITH = (
    select(Contact.channel, Contact.account, Contact.external_userid, Conversation)
    .join(Conversation, Conversation.contact_id == Contact.id)
    .where(Contact.external_userid.in_(_THEIR_IDS))
    .order_by(Conversation.id)
    .with_for_update(of=Conversation)
    .execution_options(populate_existing=True)
)


def _contacts(session: Session, people: set[Person]) -> dict[Person, int]:
    rows = session.execute(_CONTACTS, {'userids': list({userid for _, _, userid in people})})
    return {person: id_ for *key, id_ in rows if (person := tuple(key)) in people}


def _locked_with(session: Session, people: set[Person]) -> dict[Person, Conversation]:
    rows = session.execute(_LOCKED_WITH, {'userids': list({userid for _, _, userid in people})})
    return {person: talk for *key, talk in rows if (person := tuple(key)) in people}


def _empty(contact_id: int, channel: Channel) -> dict[str, Any]:
    return {
        'contact_id': contact_id,
        'channel': channel,
        'status': ConversationStatus.OPEN,
        'taken_over': False,
        'unread': 0,
        'last_seq': 0,
        'last_inbound_seq': 0,
        'last_outbound_seq': 0,
        'last_message_at': utc_now(),
        'last_message_text': '',
        'sent_since': 0,
    }


def listed(session: Session, *conditions: Any, limit: int, order: tuple[Any, ...] = ()) -> list[Listed]:
    """Those that meet the conditions, which may speak of `Contact` and `Student` too. Rights are the caller's."""
    rows = session.execute(
        select(Conversation, Student.name, StudentGuardian.kinship, Staff.name)
        .join(Contact, Contact.id == Conversation.contact_id)
        .outerjoin(Student, Student.id == Contact.student_id)
        .outerjoin(
            StudentGuardian,
            (StudentGuardian.student_id == Contact.student_id) & (StudentGuardian.guardian_id == Contact.guardian_id),
        )
        .outerjoin(Staff, Staff.id == Conversation.assignee_id)
        .where(*conditions)
        .options(joinedload(Conversation.contact))
        .order_by(*order)
        .limit(limit)
    ).all()
    return [
        Listed(
            conversation=conversation,
            contact=conversation.contact,
            student_name=student,
            kinship=kinship,
            assignee=assignee,
        )
        for conversation, student, kinship, assignee in rows
    ]
