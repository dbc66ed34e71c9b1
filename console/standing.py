"""How the work stands: what waits, and how long it has been waiting."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.metrics import OLDEST_SECONDS, WAITING
from models import (
    Delivery,
    DeliveryStatus,
    Draft,
    DraftStatus,
    EventStatus,
    ReceivedEvent,
    Turn,
    TurnStatus,
    utc_now,
)

KINDS = {
    'event': (ReceivedEvent.received_at, ReceivedEvent.status == EventStatus.NEW),
    'turn': (Turn.opened_at, Turn.status == TurnStatus.WAITING),
    'draft': (Draft.created_at, Draft.status == DraftStatus.PENDING),
    'delivery': (Delivery.created_at, Delivery.status == DeliveryStatus.READY),
}


def measure(session: Session) -> None:
    """Bring the gauges up to date."""
    now = utc_now()
    for kind, (since, waits) in KINDS.items():
        count, oldest = session.execute(select(func.count(), func.min(since)).where(waits)).one()
        WAITING.labels(kind=kind).set(count)
        OLDEST_SECONDS.labels(kind=kind).set((now - oldest).total_seconds() if oldest else 0)
