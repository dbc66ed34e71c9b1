"""The parent's turn: lines sent in quick succession become one piece of work for the writer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from console import leases, signals, urgency
from models import (
    ACTIVE_TURN,
    Channel,
    Contact,
    Conversation,
    Direction,
    KfAccount,
    Message,
    Turn,
    TurnStatus,
    utc_now,
)

LEASE = timedelta(seconds=90)
"""Longer than the writer's total deadline of 60 s, so that a lease lost means a process lost."""

READ_FIRST = timedelta(seconds=30)
"""How long a turn waits at most for the rest of what its 微信客服 account holds."""

JUST_RUNG = timedelta(seconds=2)
"""A doorbell may ring, here or at another server, after the clock was looked at and before the row is: it counts."""


MOST_LINES, MOST_LETTERS = 30, 8_000
"""The last ones of a turn are answered: who writes all night must not cost more with every message."""

MOST_A_DAY = 200
"""Turns of one conversation that are written to within 24 hours; whoever writes more often is for a person."""


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


def heard(session: Session, talks: Sequence[Conversation], pace: Pace) -> None:
    """Parents said more in these locked conversations: wait a little longer, or begin anew where one was written to."""
    now = utc_now()
    wanted = [conversation for conversation in talks if not conversation.taken_over]
    running = {turn.conversation_id: turn for turn in _active(session, [conversation.id for conversation in wanted])}
    fresh = []
    for conversation in wanted:
        turn = running.get(conversation.id)
        if turn is not None and turn.status is TurnStatus.WAITING:
            turn.basis_seq = conversation.last_inbound_seq
            turn.due_at = max(turn.due_at, min(now + pace.quiet, turn.opened_at + pace.longest))
            turn.instruction = None
            continue
        if turn is not None:
            turn.status = TurnStatus.SUPERSEDED
        fresh.append(conversation)
    session.flush()
    if fresh:
        session.execute(_NEW, [_columns(conversation, due_in=pace.quiet) for conversation in fresh])
    for conversation in wanted:
        signals.announce(session, signals.turn_opened, conversation.id)


def open_turn(
    session: Session, conversation: Conversation, *, due_in: timedelta = timedelta(0), instruction: str | None = None
) -> Turn:
    """Ask for a reply to all the parent said since we last spoke. The conversation must be locked."""
    turn = Turn(**_columns(conversation, due_in=due_in), instruction=instruction)
    session.add(turn)
    session.flush()
    urgency.changed(session, conversation.id)
    signals.announce(session, signals.turn_opened, conversation.id)
    return turn


def active(session: Session, conversation_id: int) -> Turn | None:
    """The turn that waits or is being written to, locked."""
    return next(iter(_active(session, [conversation_id])), None)


def give_up_active(session: Session, conversation_id: int) -> None:
    """Someone answered another way: whoever is writing need not finish."""
    session.execute(
        update(Turn)
        .where(Turn.conversation_id == conversation_id, Turn.status.in_(ACTIVE_TURN))
        .values(status=TurnStatus.SUPERSEDED)
    )


_UNREAD = (
    select(KfAccount.id)
    .join(Contact, (Contact.account == KfAccount.open_kfid) & (Contact.channel == Channel.KF))
    .join(Conversation, Conversation.contact_id == Contact.id)
    .where(
        Conversation.id == Turn.conversation_id, KfAccount.active.is_(True), KfAccount.pull_at <= leases.moment('soon')
    )
    .exists()
)
_READ_TO_THE_END = or_(~_UNREAD, Turn.due_at < leases.moment('patience_ends'))


def claim_next(session: Session) -> Claim | None:
    """Take the turn that is due longest, for a lease. None if none is due.

    While an account is being read, what its customers said may not be all yet.
    """
    now = utc_now()
    turn = leases.claim(
        session,
        Turn,
        ready=TurnStatus.WAITING,
        running=TurnStatus.WRITING,
        lease=LEASE,
        gate=_READ_TO_THE_END,
        soon=now + JUST_RUNG,
        patience_ends=now - READ_FIRST,
    )
    if turn is None:
        return None
    return Claim(turn_id=turn.id, token=turn.lease_token, conversation_id=turn.conversation_id)


def lines(session: Session, conversation_id: int, first_seq: int, basis_seq: int) -> list[Message]:
    """What the parent said between these, oldest first; of very much, the last `MOST_LINES` or `MOST_LETTERS`."""
    latest_first = session.scalars(
        select(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.seq.between(first_seq, basis_seq),
            Message.direction == Direction.IN,
        )
        .order_by(Message.seq.desc())
        .limit(MOST_LINES)
    )
    found: list[Message] = []
    letters = 0
    for line in latest_first:
        letters += len(line.text)
        if found and letters > MOST_LETTERS:
            break
        found.append(line)
    return sorted(found, key=lambda line: (line.sent_at, line.seq))


def written_out(session: Session, claim: Claim) -> bool:
    """Whether this conversation had its replies for the day. What a supervisor remarked on is written all the same."""
    turn = session.get_one(Turn, claim.turn_id)
    before = (
        select(Turn.opened_at)
        .where(Turn.conversation_id == turn.conversation_id, Turn.id < turn.id, Turn.attempts > 0)
        .order_by(Turn.id.desc())
        .offset(MOST_A_DAY - 1)
        .limit(1)
    )
    opened = session.scalar(before) if turn.instruction is None else None
    return opened is not None and opened > utc_now() - timedelta(days=1)


def wait_anew(session: Session) -> None:
    """The console was away: what parents said meanwhile is read before anything they said earlier is answered."""
    now = utc_now()
    session.execute(update(Turn).where(Turn.status == TurnStatus.WAITING, Turn.due_at < now).values(due_at=now))


def fail(session: Session, claim: Claim, reason: str) -> bool:
    """No draft could be had: a person answers. False if the claim is no longer ours."""
    session.execute(select(Conversation.id).where(Conversation.id == claim.conversation_id).with_for_update())
    turn = held(session, claim)
    if turn is None:
        return False
    turn.status = TurnStatus.FAILED
    turn.last_error = reason
    urgency.changed(session, turn.conversation_id)
    signals.announce(session, signals.conversation_changed, turn.conversation_id)
    return True


def put_back(session: Session, claim: Claim) -> None:
    """The server is stopping: let another one write. Not a failure."""
    turn = held(session, claim)
    if turn is not None:
        turn.status, turn.lease_until, turn.attempts = TurnStatus.WAITING, None, turn.attempts - 1


def held(session: Session, claim: Claim) -> Turn | None:
    """The claimed turn, locked, or None: the lease was lost, or the parent went on."""
    return leases.held(session, Turn, claim.turn_id, token=claim.token, running=TurnStatus.WRITING)


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
    lost = leases.park_rows(session, Turn, running=TurnStatus.WRITING, parked=TurnStatus.FAILED)
    urgency.changed(session, *(turn.conversation_id for turn in lost))
    for turn in lost:
        signals.announce(session, signals.conversation_changed, turn.conversation_id)
    return len(lost)


def _columns(conversation: Conversation, *, due_in: timedelta) -> dict[str, Any]:
    """A turn of all the parent said since we last spoke."""
    return {
        'conversation_id': conversation.id,
        'first_seq': min(conversation.last_outbound_seq + 1, conversation.last_inbound_seq),
        'basis_seq': conversation.last_inbound_seq,
        'due_at': utc_now() + due_in,
    }


# Written once: on the way of every message, putting a statement together costs as much as running it.
_NEW = insert(Turn)
_ACTIVE_IN = (
    select(Turn)
    .where(Turn.conversation_id.in_(bindparam('talks', expanding=True)), Turn.status.in_(ACTIVE_TURN))
    .order_by(Turn.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)


def _active(session: Session, conversation_ids: Iterable[int]) -> Sequence[Turn]:
    return session.scalars(_ACTIVE_IN, {'talks': list(conversation_ids)}).all()
