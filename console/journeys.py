"""The way of a parent's words through the system: arrived, kept, written to, reviewed, delivered. For testers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from console import auto_answers, knowledge, personal_numbers, staff
from console.errors import NotFound
from models import (
    UNFINISHED,
    Channel,
    Contact,
    Conversation,
    Delivery,
    Direction,
    Draft,
    DraftEvent,
    DraftStatus,
    EventStatus,
    Message,
    ReceivedEvent,
    Turn,
    TurnStatus,
)

RECENT = 10
ENTRIES = 5

Station = Literal['write', 'review', 'deliver', 'end']


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing the parent said. The last three are None where it came by no callback, as in a made-up past."""

    text: str
    kind: str
    msg_id: str | None
    heard_at: datetime
    event_id: int | None
    received_at: datetime | None
    sealed_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class Found:
    """A knowledge entry that the words find now. `cited`: the reply rests on it."""

    question: str
    score: float
    cited: bool


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was done about a draft: an action of `DraftEvent`, by whom (None: by the system), and the remark."""

    action: str
    who: str | None
    note: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Journey:
    """All about one turn. `text` is the reply as staff may read it."""

    turn: Turn
    lines: tuple[Line, ...]
    found: tuple[Found, ...]
    draft: Draft | None
    text: str | None
    edited: bool
    decision: Decision | None
    parts: tuple[Delivery, ...]

    @property
    def station(self) -> Station:
        """Where it is now; `end` also where it stopped on the way."""
        if self.parts:
            return 'deliver' if any(part.status in UNFINISHED for part in self.parts) else 'end'
        if self.draft is not None:
            return 'review' if self.draft.status is DraftStatus.PENDING else 'end'
        return 'write' if self.turn.status in (TurnStatus.WAITING, TurnStatus.WRITING) else 'end'

    @property
    def delivered(self) -> bool:
        return bool(self.parts) and all(part.wecom_msgid is not None for part in self.parts)

    @property
    def began_at(self) -> datetime:
        return min(line.received_at or line.heard_at for line in self.lines) if self.lines else self.turn.opened_at

    @property
    def total(self) -> timedelta | None:
        """From the first word to the last accepted part; None until then."""
        ends = [part.finished_at for part in self.parts if part.finished_at]
        return max(ends) - self.began_at if self.delivered and ends else None

    @property
    def human(self) -> timedelta | None:
        """How long a person took to decide; None if nobody has, or nobody was asked."""
        if self.draft is None or self.draft.decided_at is None:
            return None
        return self.draft.decided_at - self.draft.created_at


@dataclass(frozen=True, kw_only=True)
class Recent:
    """A turn to choose."""

    turn_id: int
    opened_at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Journeys:
    """`recent` is newest first; `shown` is the one asked for, or else the newest."""

    taken_over: bool
    recent: tuple[Recent, ...]
    shown: Journey | None


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is there of one message, however often it was pushed."""

    events: int
    quarantined: int
    messages: int


def of_conversation(session: Session, conversation_id: int, *, by: int, turn_id: int | None = None) -> Journeys:
    """The latest turns of a simulated conversation, and the way of one of them. Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.SIMULATE)
    conversation = session.get(Conversation, conversation_id)
    if conversation is None or conversation.channel is not Channel.SIMULATE:
        raise NotFound('这个会话')
    masks = personal_numbers.masks(session, conversation_id)
    turns = session.scalars(
        select(Turn).where(Turn.conversation_id == conversation_id).order_by(Turn.id.desc()).limit(RECENT)
    ).all()
    spoken = {turn.id: _messages(session, turn) for turn in turns}
    chosen = next((turn for turn in turns if turn.id == turn_id), turns[0] if turns else None)
    return Journeys(
        taken_over=conversation.taken_over,
        recent=tuple(
            Recent(
                turn_id=turn.id,
                opened_at=turn.opened_at,
                text=personal_numbers.show(' / '.join(message.text for message in spoken[turn.id]), masks),
            )
            for turn in turns
        ),
        shown=_journey(session, chosen, spoken[chosen.id], masks) if chosen else None,
    )


def kept(session: Session, msg_id: str, *, gate: str, userid: str, by: int) -> Kept:
    """How often a message is there. `gate` is that of its sender, see `ReceivedEvent`. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SIMULATE)
    mine = (ReceivedEvent.gate == gate, ReceivedEvent.dedup_key.endswith(f':{msg_id}', autoescape=True))
    statuses = session.scalars(select(ReceivedEvent.status).where(*mine)).all()
    messages = session.scalar(
        select(func.count())
        .select_from(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(Contact.channel == Channel.SIMULATE, Contact.external_userid == userid, Message.external_id == msg_id)
    )
    return Kept(events=len(statuses), quarantined=statuses.count(EventStatus.QUARANTINED), messages=messages or 0)


def _journey(session: Session, turn: Turn, messages: list[Message], masks: dict[str, str]) -> Journey:
    draft = session.scalar(
        select(Draft)
        .where(
            Draft.conversation_id == turn.conversation_id,
            or_(Draft.turn_id == turn.id, Draft.turn_id.is_(None) & (Draft.basis_seq == turn.basis_seq)),
        )
        .order_by(Draft.id.desc())
        .limit(1)
    )
    return Journey(
        turn=turn,
        lines=_lines(session, messages, masks),
        found=_found(session, messages, draft),
        draft=draft,
        text=personal_numbers.show(draft.content, masks) if draft else None,
        edited=draft is not None and draft.content != draft.original_content,
        decision=_decision(session, draft) if draft else None,
        parts=_parts(session, turn, draft),
    )


def _messages(session: Session, turn: Turn) -> list[Message]:
    return list(
        session.scalars(
            select(Message)
            .where(
                Message.conversation_id == turn.conversation_id,
                Message.seq.between(turn.first_seq, turn.basis_seq),
                Message.direction == Direction.IN,
            )
            .order_by(Message.seq)
        )
    )


def _lines(session: Session, messages: list[Message], masks: dict[str, str]) -> tuple[Line, ...]:
    keys = {_dedup_key(message): message.id for message in messages}
    events = {
        keys[event.dedup_key]: event
        for event in session.scalars(select(ReceivedEvent).where(ReceivedEvent.dedup_key.in_(keys)))
    }
    return tuple(_line(message, events.get(message.id), masks) for message in messages)


def _line(message: Message, event: ReceivedEvent | None, masks: dict[str, str]) -> Line:
    return Line(
        text=personal_numbers.show(message.text, masks),
        kind=message.kind,
        msg_id=message.external_id,
        heard_at=message.created_at,
        event_id=event.id if event else None,
        received_at=event.received_at if event else None,
        sealed_bytes=len(event.sealed) if event else None,
    )


def _dedup_key(message: Message) -> str:
    # NOTE: as callbacks/wechat.py and console/wecom/events.py make it for a message with an id.
    return f'{message.fields.get("ToUserName")}:msg:{message.fields.get("AgentID", "")}:{message.external_id}'


def _found(session: Session, messages: list[Message], draft: Draft | None) -> tuple[Found, ...]:
    cited = {source.get('ref') for source in draft.sources if source['kind'] == 'knowledge'} if draft else set()
    hits = knowledge.search(session, '\n'.join(message.text for message in messages), limit=ENTRIES)
    return tuple(Found(question=hit.question, score=hit.score, cited=str(hit.id) in cited) for hit in hits)


def _decision(session: Session, draft: Draft) -> Decision | None:
    actions = ('approved', auto_answers.ACTION, 'rejected', 'superseded', 'expired')
    event = session.scalar(
        select(DraftEvent)
        .where(DraftEvent.draft_id == draft.id, DraftEvent.action.in_(actions))
        .order_by(DraftEvent.id.desc())
        .limit(1)
    )
    if event is None or draft.status is DraftStatus.PENDING:  # what was undone is no decision
        return None
    who = staff.colleagues(session).get(event.staff_id) if event.staff_id else None
    return Decision(action=event.action, who=who, note=event.note, at=event.at)


def _parts(session: Session, turn: Turn, draft: Draft | None) -> tuple[Delivery, ...]:
    """Of the draft, or of a colleague's own words in its place."""
    if draft is not None and (parts := _parts_where(session, Delivery.draft_id == draft.id)):
        return parts
    next_turn = (
        select(func.min(Turn.first_seq))
        .where(Turn.conversation_id == turn.conversation_id, Turn.first_seq > turn.basis_seq)
        .scalar_subquery()
    )
    reply = session.scalar(
        select(Message.id)
        .where(
            Message.conversation_id == turn.conversation_id,
            Message.direction == Direction.OUT,
            Message.seq > turn.basis_seq,
            or_(next_turn.is_(None), Message.seq < next_turn),
        )
        .order_by(Message.seq)
        .limit(1)
    )
    return _parts_where(session, Delivery.message_id == reply, Delivery.draft_id.is_(None)) if reply else ()


def _parts_where(session: Session, *conditions: object) -> tuple[Delivery, ...]:
    return tuple(session.scalars(select(Delivery).where(*conditions).order_by(Delivery.part)))  # type: ignore[arg-type]
