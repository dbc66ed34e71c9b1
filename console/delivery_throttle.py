"""How much one member is sent: WeCom drops what is too much without a word."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Channel, Delivery, DeliveryStatus, utc_now

MOST_TO_ONE_MEMBER = ((timedelta(minutes=1), 25), (timedelta(hours=1), 900))
"""WeCom drops what a member gets above 30 a minute or 1000 an hour without a word (path/90312): we stay below.
Counted in the database, so that a restart forgets nothing and several servers count together."""

COUNTED = (Channel.APP, Channel.SIMULATE)


def too_many(session: Session, row: Delivery) -> timedelta | None:
    """How long the conversation of this part must be left alone, if at all."""
    if row.channel not in COUNTED:
        return None
    now = utc_now()
    waits = []
    for window, most in MOST_TO_ONE_MEMBER:
        # The gate lets out one part at a time, so those accepted are in the order of their ids.
        at = session.scalar(
            select(Delivery.finished_at)
            .where(Delivery.conversation_id == row.conversation_id, Delivery.status == DeliveryStatus.ACCEPTED)
            .order_by(Delivery.id.desc())
            .offset(most - 1)
            .limit(1)
        )
        if at is not None and at + window > now:
            waits.append(at + window - now)
    return max(waits, default=None)
