"""稍后提醒: a conversation that is out of sight until a time, or until the parent writes again."""

from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from console import audit, conversations, signals, staff
from console.calendar import SCHOOL_TIME, moment
from console.conversations import Listed
from console.errors import Invalid
from models import Conversation, utc_now

LONGEST = timedelta(days=365)
END_OF_WORK = time(18)
MORNING = time(9)


def snooze(session: Session, conversation_id: int, until: datetime, *, by: int) -> Conversation:
    """Put the conversation aside until then. Raises `NotAllowed`, `NotFound`, `Invalid`."""
    staff.require(session, by, staff.Action.TAKE_OVER)
    conversations.seen(session, conversation_id, by=by)
    if not utc_now() < until <= utc_now() + LONGEST:
        raise Invalid('until', '提醒时间须晚于现在，一年以内。')
    conversation = conversations.locked(session, conversation_id)
    return _set(session, conversation, until, by=by)


def wake(session: Session, conversation_id: int, *, by: int) -> Conversation:
    """Take it up again now. Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.TAKE_OVER)
    conversations.seen(session, conversation_id, by=by)
    return _set(session, conversations.locked(session, conversation_id), None, by=by)


def awake() -> ColumnElement[bool]:
    """Which conversations are not out of sight; a condition for a query that selects from `Conversation`."""
    return or_(Conversation.snoozed_until.is_(None), Conversation.snoozed_until <= utc_now())


def is_due(conversation: Conversation) -> bool:
    """Its time has come, and nobody has taken it up since."""
    return conversation.snoozed_until is not None and conversation.snoozed_until <= utc_now()


def due(session: Session, *, by: int, limit: int) -> list[Listed]:
    """What this member put aside and is to take up again now, the longest due first. Raises `NotAllowed`."""
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    mine = Conversation.snoozed_by_id == by, Conversation.snoozed_until <= utc_now()
    order = (Conversation.snoozed_until, Conversation.id)
    return conversations.listed(session, *mine, staff.sees_conversations(member), limit=limit, order=order)


def announce_due(session: Session, since: datetime, until: datetime) -> None:
    """Have open pages look again at what came due between two moments."""
    due = select(Conversation.id).where(Conversation.snoozed_until > since, Conversation.snoozed_until <= until)
    for conversation_id in session.scalars(due):
        signals.announce(session, signals.conversation_changed, conversation_id)


def offered(now: datetime) -> dict[str, datetime]:
    """What may be chosen with one click, in the school's hours; the end of the day only while it is still to come."""
    here = now + SCHOOL_TIME
    tonight = moment(here.date(), END_OF_WORK)
    morning = moment(here.date() + timedelta(days=1), MORNING)
    found = {'1 小时后': now + timedelta(hours=1)}
    if tonight > now + timedelta(minutes=5):
        found['今天下班前 18:00'] = tonight
    return found | {'明早 9:00': morning}


def word(until: datetime, now: datetime) -> str:
    """今天 18:00, 明天 09:00, 3 月 5 日 09:00, by the school's clock."""
    at, here = until + SCHOOL_TIME, now + SCHOOL_TIME
    days = (at.date() - here.date()).days
    day = {0: '今天', 1: '明天'}.get(days, f'{at.month} 月 {at.day} 日')
    return f'{day} {at:%H:%M}'


def _set(session: Session, conversation: Conversation, until: datetime | None, *, by: int) -> Conversation:
    conversation.snoozed_until, conversation.snoozed_by_id = until, by if until else None
    audit.record(
        session, 'snooze' if until else 'wake', 'conversation', conversation.id, by=by,
        until=until.isoformat() if until else None,
    )  # fmt: skip
    signals.announce(session, signals.conversation_changed, conversation.id)
    return conversation
