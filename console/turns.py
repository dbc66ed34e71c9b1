"""The parent's turn: lines sent in quick succession become one piece of work for the writer."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console import conversations, leases, signals
from models import ACTIVE_TURN, Conversation, Message, Turn, TurnStatus, utc_now

LEASE = timedelta(seconds=90)
"""Longer than the writer's total deadline of 60 s, so that a lease lost means a process lost."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long silence must last for a turn to be over, and how long a turn may last at most."""

    quiet: timedelta
    longest: timedelta


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A turn taken for writing. Finish it under its token."""

    turn_id: int
    token: int
    conversation_id: int


def heard(session: Session, conversation: Conversation, message: Message, pace: Pace) -> None:
    """The parent said one more thing: wait a little longer, or begin anew if the writer was at it already."""
    if conversation.taken_over:
        return
    now = utc_now()
    turn = active(session, conversation.id)
    if turn is not None and turn.status is TurnStatus.WAITING:
        turn.basis_seq = message.seq
        turn.due_at = max(turn.due_at, min(now + pace.quiet, turn.opened_at + pace.longest))
        turn.instruction = None
    else:
        if turn is not None:
            turn.status = TurnStatus.SUPERSEDED
            session.flush()
        turn = open_turn(session, conversation, due_in=pace.quiet)
    signals.announce(session, signals.turn_opened, turn.id)


def open_turn(
    session: Session, conversation: Conversation, *, due_in: timedelta = timedelta(0), instruction: str | None = None
) -> Turn:
    """Ask for a reply to all the parent said since we last spoke. The conversation must be locked."""
    first = conversations.last_outbound_seq(session, conversation.id) + 1
    turn = Turn(
        conversation_id=conversation.id,
        first_seq=min(first, conversation.last_inbound_seq),
        basis_seq=conversation.last_inbound_seq,
        due_at=utc_now() + due_in,
        instruction=instruction,
    )
    session.add(turn)
    session.flush()
    signals.announce(session, signals.turn_opened, turn.id)
    return turn


def active(session: Session, conversation_id: int) -> Turn | None:
    return session.scalar(
        select(Turn)
        .where(Turn.conversation_id == conversation_id, Turn.status.in_(ACTIVE_TURN))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def give_up_active(session: Session, conversation_id: int) -> None:
    """Someone answered another way: whoever is writing need not finish."""
    session.execute(
        update(Turn)
        .where(Turn.conversation_id == conversation_id, Turn.status.in_(ACTIVE_TURN))
        .values(status=TurnStatus.SUPERSEDED)
    )


def claim_next(session: Session) -> Claim | None:
    """Take the turn that is due longest, for a lease. None if none is due."""
    turn = leases.claim(session, Turn, ready=TurnStatus.WAITING, running=TurnStatus.WRITING, lease=LEASE)
    if turn is None:
        return None
    return Claim(turn_id=turn.id, token=turn.lease_token, conversation_id=turn.conversation_id)


def fail(session: Session, claim: Claim, reason: str) -> bool:
    """No draft could be had: a person answers. False if the claim is no longer ours."""
    turn = held(session, claim)
    if turn is None:
        return False
    turn.status = TurnStatus.FAILED
    turn.last_error = reason
    signals.announce(session, signals.conversation_changed, turn.conversation_id)
    return True


def put_back(session: Session, claim: Claim) -> None:
    """The server is stopping: let another one write. Not a failure."""
    turn = held(session, claim)
    if turn is not None:
        turn.status, turn.lease_until, turn.attempts = TurnStatus.WAITING, None, turn.attempts - 1


def held(session: Session, claim: Claim) -> Turn | None:
    """The claimed turn, locked, or None: the lease was lost, or the parent went on."""
    return session.scalar(
        select(Turn)
        .where(Turn.id == claim.turn_id, Turn.lease_token == claim.token, Turn.status == TurnStatus.WRITING)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def latest(session: Session, conversation_id: int) -> Turn | None:
    return session.scalar(select(Turn).where(Turn.conversation_id == conversation_id).order_by(Turn.id.desc()).limit(1))


def get(session: Session, turn_id: int) -> Turn:
    return session.get_one(Turn, turn_id, populate_existing=True)


def covering(session: Session, conversation_id: int, seq: int) -> Turn | None:
    """The latest turn that answers this line of the parent's."""
    return session.scalar(
        select(Turn)
        .where(Turn.conversation_id == conversation_id, Turn.first_seq <= seq, Turn.basis_seq >= seq)
        .order_by(Turn.id.desc())
        .limit(1)
    )


def park_lost(session: Session) -> int:
    """Turns whose lease was lost three times become failures a person sees; how many."""
    return leases.park(session, Turn, running=TurnStatus.WRITING, parked=TurnStatus.FAILED)
