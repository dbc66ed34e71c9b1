"""Keep what WeCom tells us, once each; then understand it: contact, conversation, message, turn."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, bindparam, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, aliased

from console import alerts, approval_presses, customers, drafts, hearing, kf_accounts, signals, turns
from console.database import insert_many_once, insert_once
from console.wecom.events import WeComEvent
from models import Channel, EventStatus, ReceivedEvent, utc_now

log = logging.getLogger(__name__)

MOST_AT_ONCE = 16
FEW_AT_ONCE = 3
"""While callbacks wait for their commit: a batch is what they wait behind."""
MOST_ATTEMPTS = 3

REMEMBERED = timedelta(days=30)
"""How long what was understood, or dropped, can still be opened."""
MOST_FORGOTTEN = 200

_NEEDED = (
    ReceivedEvent.id,
    ReceivedEvent.corp_id,
    ReceivedEvent.gate,
    ReceivedEvent.sealed,
    ReceivedEvent.sent_at,
    ReceivedEvent.attempts,
)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A genuine callback, not yet understood. `fresh`: WeCom's time stamp is within the window."""

    corp_id: str
    cipher_hash: str
    dedup_key: str
    gate: str
    sealed: str
    sent_at: datetime
    fresh: bool


_WAITING = (
    select(*_NEEDED)
    .where(ReceivedEvent.status == EventStatus.NEW)
    .order_by(ReceivedEvent.id)
    .limit(bindparam('limit', type_=Integer))
)
_OLDER = aliased(ReceivedEvent)
_HELD_BACK = (
    select(_OLDER.id)
    .where(_OLDER.gate == ReceivedEvent.gate, _OLDER.id < ReceivedEvent.id, _OLDER.status == EventStatus.NEW)
    .exists()
)
_WAITING_SHARED = _WAITING.where(~_HELD_BACK).with_for_update(skip_locked=True)
"""Where several servers share the work, a sender's next event must wait for the one another holds."""

Opener = Callable[[str, str], tuple[Channel, WeComEvent]]
"""(corp_id, sealed) -> which channel it belongs to, and what it says. Raises if our keys no longer open it."""


def store(session: Session, arrivals: Sequence[Arrival]) -> None:
    """Keep each arrival unless we have it already: the same bytes, or the same message encrypted anew."""
    now = utc_now()
    insert_many_once(session, ReceivedEvent, [_row(arrival, now) for arrival in arrivals if arrival.fresh])
    stale = insert_once(session, ReceivedEvent, [_row(arrival, now) for arrival in arrivals if not arrival.fresh])
    signals.announce(session, signals.event_stored, 0)
    if stale:
        alerts.raise_alert(
            session,
            'quarantine',
            '收到了时间戳与本机相差超过 5 分钟的企业微信消息，已隔离，没有自动处理。请检查服务器时钟。',
        )


def understand(session: Session, open_event: Opener, pace: turns.Pace, *, limit: int = MOST_AT_ONCE) -> int:
    """Turn up to `limit` stored events into messages, oldest first, those of one sender in order; how many.

    What cannot be understood is tried three times and then parked for a person, and holds up only its own sender.
    """
    waiting = _WAITING if session.get_bind().dialect.name == 'sqlite' else _WAITING_SHARED
    events = session.execute(waiting, {'limit': limit}).all()
    try:
        with session.begin_nested():
            _digest(session, events, open_event, pace)
    except OperationalError:  # the database's trouble, held against no event
        raise
    except Exception:  # one of them is bad: find out which, and do not let it stop the others
        log.warning('of %d events at least one could not be understood; trying one by one', len(events), exc_info=True)
        _digest_one_by_one(session, events, open_event, pace)
    return len(events)


def release(session: Session, event_id: int) -> bool:
    """A person decided that a quarantined or parked event is to be understood after all; False: it was neither."""
    signals.announce(session, signals.event_stored, 1)
    return _decide(session, event_id, status=EventStatus.NEW, attempts=0)


def drop(session: Session, event_id: int) -> bool:
    """A person decided that nobody needs a quarantined or parked event; False: it was neither."""
    return _decide(session, event_id, status=EventStatus.DROPPED)


def forget(session: Session) -> int:
    """Empty the oldest events that nobody needs any more, a few at a time; how many. Their keys stay: none comes twice.

    Whether the oldest are old enough is asked of them alone, so that it costs the same however many there are.
    """
    forgotten = 0
    for status in (EventStatus.DONE, EventStatus.DROPPED):
        oldest = (
            select(ReceivedEvent.id, ReceivedEvent.received_at)
            # NOTE: with ==, PostgreSQL expects to meet one soon along the primary key, and reads past all it forgot.
            .where(ReceivedEvent.status.between(status, status))
            .order_by(ReceivedEvent.status, ReceivedEvent.id)
            .limit(MOST_FORGOTTEN)
            .subquery()
        )
        old = session.scalars(select(oldest.c.id).where(oldest.c.received_at < utc_now() - REMEMBERED)).all()
        if old:
            _set(session, old, status=EventStatus.FORGOTTEN, sealed='')
        forgotten += len(old)
    return forgotten


def _decide(session: Session, event_id: int, **columns: Any) -> bool:
    stuck = ReceivedEvent.status.in_((EventStatus.QUARANTINED, EventStatus.PARKED))
    done = session.execute(update(ReceivedEvent).where(ReceivedEvent.id == event_id, stuck).values(**columns))
    signals.announce(session, signals.alert_changed, 0)
    return bool(done.rowcount)  # type: ignore[attr-defined]


_HAPPENED: dict[str, Callable[[Session, str, WeComEvent], None]] = {
    'kf_msg_or_event': kf_accounts.rung,
    'kf_account_auth_change': kf_accounts.auth_changed,
    'change_external_contact': customers.heard,
    'change_external_tag': customers.heard,
    'template_card_event': approval_presses.pressed,
}
"""What an event, by WeCom's name for it, leads to in the company it came from. The others are kept and do nothing."""


def _digest(session: Session, events: Sequence[Any], open_event: Opener, pace: turns.Pace) -> None:
    opened = []
    for event in events:
        channel, said = open_event(event.corp_id, event.sealed)
        if said.kind == 'event' and said.name in _HAPPENED:
            _HAPPENED[said.name](session, event.corp_id, said)
        opened.append(_heard(event, channel, said))
    changed = hearing.hear(session, [one for one in opened if one is not None])
    drafts.supersede_pending(session, [conversation.id for conversation in changed], note='家长又发来了新消息')
    turns.heard(session, changed, pace)
    _set(session, [event.id for event in events], status=EventStatus.DONE)


def _digest_one_by_one(session: Session, events: Sequence[Any], open_event: Opener, pace: turns.Pace) -> None:
    blocked: set[str] = set()
    for event in events:
        if event.gate in blocked:
            continue
        try:
            with session.begin_nested():
                _digest(session, [event], open_event, pace)
        except OperationalError:
            raise
        except Exception as fault:  # whatever it is, it is this event's
            blocked.add(event.gate)
            _remember_fault(session, event, fault)


def _heard(event: Any, channel: Channel, said: WeComEvent) -> hearing.Heard | None:
    if said.kind == 'event' or said.sender is None:
        return None
    msg_id = said.fields.get('MsgId')
    return hearing.Heard(
        channel=channel,
        external_userid=said.sender,
        external_id=msg_id if isinstance(msg_id, str) and msg_id else None,
        kind=said.kind,
        text=said.text,
        sent_at=said.created_at or event.sent_at,
        media_id=said.media_id,
        corp_id=event.corp_id,
        fields={key: value for key, value in said.fields.items() if key not in ('Content', 'MsgId')},
    )


def _remember_fault(session: Session, event: Any, fault: Exception) -> None:
    parked = event.attempts + 1 >= MOST_ATTEMPTS
    _set(
        session,
        [event.id],
        attempts=event.attempts + 1,
        last_error=type(fault).__name__,
        status=EventStatus.PARKED if parked else EventStatus.NEW,
    )
    if parked:
        alerts.raise_alert(session, 'parked_event', '有企业微信消息无法识别，已搁置。请联系技术人员查看“消息故障”。')


def _set(session: Session, event_ids: Sequence[int], **columns: Any) -> None:
    session.connection().execute(
        update(ReceivedEvent.__table__).where(ReceivedEvent.id.in_(event_ids)).values(**columns)  # type: ignore[arg-type]
    )


def _row(arrival: Arrival, now: datetime) -> dict[str, Any]:
    return {
        'corp_id': arrival.corp_id,
        'cipher_hash': arrival.cipher_hash,
        'dedup_key': arrival.dedup_key,
        'gate': arrival.gate,
        'sealed': arrival.sealed,
        'status': EventStatus.NEW if arrival.fresh else EventStatus.QUARANTINED,
        'attempts': 0,
        'sent_at': arrival.sent_at,
        'received_at': now,
    }
