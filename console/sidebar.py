"""What the pane beside a chat needs: whose chat it is, what is known of the family, and the reply that is offered.

Which customer the chat is with, the page only claims. Here it is decided what this member may know of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from console import (
    contact_matching,
    conversations,
    drafts,
    follow_ups,
    guardians,
    hearing,
    knowledge,
    next_steps,
    offers,
    personal_numbers,
    replies,
    scripts,
    signals,
    staff,
    students,
    tags,
    turns,
)
from console.calendar import today
from console.contacts import Customer
from console.errors import Conflict, ConsoleError, Invalid, NotFound
from console.offers import Offer
from console.students import Record
from models import (
    ACTIVE_TURN,
    Channel,
    Contact,
    Conversation,
    Direction,
    Draft,
    EntryStatus,
    FollowUp,
    Guardian,
    Message,
    Staff,
    Student,
    StudentGuardian,
    Tag,
    Turn,
    TurnStatus,
    utc_now,
)

Entry = Literal['single_chat_tools', 'single_kf_tools', 'contact_profile', 'group_chat_tools', 'normal']

LONGEST_WORDS = 2000
NOTES_SHOWN = 20
PHRASES_SHOWN = 12
LINES_SHOWN = 10


class NotYours(ConsoleError):
    """One answer for customers of others and for nobody's: it does not tell which ids exist."""

    http_status = 403
    reason = 'not_yours'

    def __init__(self) -> None:
        super().__init__('这位客户不在您名下，或者还没有同步到控制台。需要的话，请主管把会话或学员分配给您。')


@dataclass(frozen=True, kw_only=True)
class Pane:
    """All that is shown. `hidden`: a student is linked of whom this reader may not know. `stage`: what the AI is at.

    `children` are by id the students of the same guardian, if there are several. `hears`: the parent's words come in
    by themselves; elsewhere somebody pastes them.
    """

    contact: Contact
    conversation: Conversation | None
    title: str
    record: Record | None
    hidden: bool
    children: dict[int, str]
    tags: list[Tag]
    all_tags: list[Tag]
    said: list[str]
    offer: Offer | None
    stage: Literal['', 'waiting', 'writing']
    failure: str | None
    hears: bool
    next_step: str | None

    @property
    def customer(self) -> Customer:
        return Customer(contact=self.contact, member_name='', tags=self.tags)


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """Words to be put into a reply. `script_id` None: an answer of the knowledge base."""

    script_id: int | None
    title: str
    words: str


def phrases(session: Session, contact_id: int, words: str, *, by: int) -> list[Phrase]:
    """Scripts that hold these words, names filled in, the most used first; then approved answers that speak of them.

    Without words, the first there are. Raises `NotAllowed`, `NotYours`.
    """
    _, conversation = chat(session, contact_id, by=by)
    names = scripts.names_in(session, conversation.id, by=by) if conversation is not None else {}
    found = [
        Phrase(script_id=one.id, title=one.title, words=scripts.filled(one.text, names))
        for one in scripts.find(session, words, by=by, limit=PHRASES_SHOWN)
    ]
    if words.strip():
        hits = knowledge.search(session, words, limit=PHRASES_SHOWN)
        return found + [Phrase(script_id=None, title=one.question, words=one.answer) for one in hits]
    entries = knowledge.page(session, by=by, status=EntryStatus.APPROVED, limit=PHRASES_SHOWN)
    return found + [Phrase(script_id=None, title=one.question, words=one.answer) for one in entries]


def find(session: Session, claimed: str, *, entry: str, by: int, simulated: bool = False) -> int:
    """The contact the page says it is open beside, if `by` may know of them. Raises `NotAllowed`, `NotYours`."""
    action = staff.Action.SIMULATE if simulated else staff.Action.SEE_CONVERSATIONS
    member = staff.require(session, by, action)
    where = [Contact.external_userid == claimed, _seen_by(member)]
    where.append(Contact.channel == Channel.SIMULATE if simulated else Contact.channel != Channel.SIMULATE)
    if entry == 'single_kf_tools' and not simulated:
        where.append(Contact.channel == Channel.KF)
    if entry == 'single_chat_tools' and not simulated:
        where += [Contact.channel == Channel.CONTACT, _account_of(member)]
    found = session.execute(
        select(Contact.id)
        .outerjoin(Conversation, Conversation.contact_id == Contact.id)
        .where(*where)
        .order_by(
            (func.lower(Contact.account) == (member.wecom_userid or '').lower()).desc(),
            (func.coalesce(Conversation.servicer, '') == (member.wecom_userid or '-')).desc(),
            Conversation.last_message_at.desc(),
            Contact.id.desc(),
        )
        .limit(1)
    ).scalar()
    if found is None:
        raise NotYours
    return found


def chat(session: Session, contact_id: int, *, by: int) -> tuple[Contact, Conversation | None]:
    """The contact and what was said with them so far, asked anew for every deed. Raises `NotAllowed`, `NotYours`."""
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    row = session.execute(
        select(Contact, Conversation)
        .outerjoin(Conversation, Conversation.contact_id == Contact.id)
        .where(Contact.id == contact_id, _seen_by(member))
    ).first()
    if row is None:
        raise NotYours
    return row[0], row[1]


def talk(session: Session, contact_id: int, *, by: int) -> Conversation:
    """The conversation, locked; made if nothing was said yet, in the hands of the colleague whose chat it is."""
    contact, _ = chat(session, contact_id, by=by)
    conversation = conversations.ensure(session, contact.channel, contact.external_userid, account=contact.account)
    if contact.channel is Channel.CONTACT and conversation.assignee_id is None:
        owner = staff.by_wecom_userid(session, contact.account)
        conversation.assignee_id = owner.id if owner is not None and owner.active else by
    return conversation


def pane(session: Session, contact_id: int, *, by: int) -> Pane:
    """Raises `NotAllowed`, `NotYours`."""
    contact, conversation = chat(session, contact_id, by=by)
    member = staff.require(session, by)
    record, hidden = students.of_contact(session, contact, by=by)
    masks = personal_numbers.masks(session, conversation.id) if conversation else {}
    turn = turns.latest(session, conversation.id) if conversation else None
    kinship = next((one.kinship for one in record.guardians if one.id == contact.guardian_id), None) if record else None
    return Pane(
        contact=contact,
        conversation=conversation,
        title=conversations.title_of(contact, record.student.name if record else None, kinship),
        record=record,
        hidden=hidden,
        children=_children(session, contact, member),
        tags=tags.of_contacts(session, [contact.id]).get(contact.id, []),
        all_tags=tags.everything(session) if contact.channel is Channel.CONTACT else [],
        said=[personal_numbers.show(line, masks) for line in _unanswered(session, conversation)],
        offer=offers.of_conversation(session, conversation, masks) if conversation else None,
        stage=_stage(turn),
        failure=turn.last_error if turn is not None and turn.status is TurnStatus.FAILED else None,
        hears=contact.channel is not Channel.CONTACT,
        next_step=_next_step(session, record),
    )


def pasted(session: Session, contact_id: int, words: str, *, by: int) -> Turn:
    """What the parent wrote in a chat that only the colleague can read, put in by her: kept as said, and written to.

    Raises `NotAllowed`, `NotYours`, `Invalid`, `Conflict` where the words come in by themselves.
    """
    staff.require(session, by, staff.Action.PROPOSE_REPLY)
    words = _checked(words)
    conversation = talk(session, contact_id, by=by)
    if conversation.channel is not Channel.CONTACT:
        raise Conflict('这个会话的消息会自动进来，不需要粘贴。', 'hears')
    contact = session.get_one(Contact, contact_id)
    heard = hearing.Heard(
        channel=contact.channel,
        account=contact.account,
        external_userid=contact.external_userid,
        external_id=None,
        kind='text',
        text=words,
        sent_at=utc_now(),
        fields={'pasted_by': by},
    )
    hearing.hear(session, [heard])
    turns.give_up_active(session, conversation.id)
    drafts.supersede_pending(session, [conversation.id], note='家长又发来了新消息', by=by)
    session.flush()
    return turns.open_turn(session, conversation)


def another(session: Session, contact_id: int, *, remark: str, by: int) -> Turn:
    """Have the AI write once more. What is offered stays until then. Raises `NotAllowed`, `NotYours`, `Conflict`."""
    staff.require(session, by, staff.Action.PROPOSE_REPLY)
    conversation = talk(session, contact_id, by=by)
    pending = drafts.pending_in(session, conversation.id, by=by)
    if not conversation.last_inbound_seq:
        raise Conflict('还没有家长的话，先粘贴或输入家长的问题。', 'nothing_said')
    if pending is not None and pending.author_id is not None:
        raise Conflict('您提交的回复正在等待审核，不能换一个。', 'handed_in')
    turns.give_up_active(session, conversation.id)
    session.flush()
    if pending is not None:
        drafts.log_event(session, pending, 'regenerate', by=by, note=remark.strip()[:500] or None)
    turn = turns.open_turn(session, conversation, instruction=remark.strip()[:500] or None)
    signals.announce(session, signals.conversation_changed, conversation.id)
    return turn


def hand_in(session: Session, contact_id: int, text: str, *, by: int) -> Draft:
    """Offer this text for release. Raises as `replies.propose` does, and `NotYours`."""
    staff.require(session, by, staff.Action.PROPOSE_REPLY)
    return replies.propose(session, talk(session, contact_id, by=by).id, text, by=by)


def link(session: Session, contact_id: int, student_id: int, *, by: int) -> None:
    """This parent belongs to this student's family; among siblings, the one that is spoken of now.

    Raises `NotAllowed`, `NotYours`, `NotFound`.
    """
    member = staff.require(session, by, staff.Action.EDIT_STUDENTS)
    contact, _ = chat(session, contact_id, by=by)
    if session.scalar(select(Student.id).where(Student.id == student_id, staff.sees_students(member))) is None:
        raise NotFound('这位学员')
    contact_matching.link(session, session.get_one(Contact, contact.id, with_for_update=True), student_id, by=by)


def follow_up(
    session: Session, contact_id: int, words: str, *, way: str = '微信', next_on: date | None = None, by: int
) -> None:
    """Note down what came of the talk, with the student. Raises `NotAllowed`, `NotYours`, `Invalid`."""
    contact, _ = chat(session, contact_id, by=by)
    if contact.student_id is None:
        raise Conflict('请先关联学员，跟进记录记在学员名下。', 'no_student')
    follow_ups.note(session, contact.student_id, words, way=way, next_on=next_on, by=by)


def followed_up(session: Session, contact_id: int, *, by: int) -> list[FollowUp]:
    """What was noted with this parent's student, the newest first. Raises `NotAllowed`, `NotYours`, `NotFound`."""
    contact, _ = chat(session, contact_id, by=by)
    return follow_ups.of_student(session, contact.student_id, by=by, limit=NOTES_SHOWN) if contact.student_id else []


def _next_step(session: Session, record: Record | None) -> str | None:
    """What was agreed goes before what the record itself suggests."""
    agreed = follow_ups.open_one(session, record.student.id) if record is not None else None
    if agreed is not None and agreed.next_on is not None and agreed.next_on <= today():
        return f'{agreed.next_on:%m-%d} 该跟进：{agreed.text[:40]}'
    return next_steps.of_record(record)


def _checked(words: str) -> str:
    words = words.strip()
    if not words or len(words) > LONGEST_WORDS:
        raise Invalid('words', f'请粘贴或输入家长的话，最多 {LONGEST_WORDS} 字。')
    return words


def _account_of(member: Staff) -> ColumnElement[bool]:
    return func.lower(Contact.account) == (member.wecom_userid or '-').lower()


def _seen_by(member: Staff) -> ColumnElement[bool]:
    """For a query from `Contact` that left joins `Conversation`."""
    return or_(staff.sees_contacts(member), and_(Conversation.id.is_not(None), staff.sees_conversations(member)))


def _children(session: Session, contact: Contact, member: Staff) -> dict[int, str]:
    """Students who have the same guardian, or one with the same phone number. Empty unless there are several."""
    if contact.guardian_id is None or not staff.may(member.role, staff.Action.SEE_STUDENTS):
        return {}
    rows = session.execute(
        select(Student.id, Student.name)
        .join(StudentGuardian, StudentGuardian.student_id == Student.id)
        .join(Guardian, Guardian.id == StudentGuardian.guardian_id)
        .where(guardians.same_person(session, contact.guardian_id), staff.sees_students(member))
        .order_by(Student.id)
        .distinct()
    )
    found = {row.id: row.name for row in rows}
    return found if len(found) > 1 else {}


def _unanswered(session: Session, conversation: Conversation | None) -> Sequence[str]:
    if conversation is None:
        return ()
    lines = session.scalars(
        select(Message.text)
        .where(
            Message.conversation_id == conversation.id,
            Message.direction == Direction.IN,
            Message.seq > conversation.last_outbound_seq,
        )
        .order_by(Message.seq.desc())
        .limit(LINES_SHOWN)
    ).all()
    return lines[::-1]


def _stage(turn: Turn | None) -> Literal['', 'waiting', 'writing']:
    if turn is None or turn.status not in ACTIVE_TURN:
        return ''
    return 'writing' if turn.status is TurnStatus.WRITING else 'waiting'
