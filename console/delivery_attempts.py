"""What an attempt at sending came to: accepted, tried again later, given up."""

import random
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import alerts, conversations, deliveries, kf_sessions, kf_window, media_uploads, signals
from console.delivery_claims import Claim, held
from console.rests import rest
from models import Channel, Delivery, DeliveryStatus, Draft, DraftStatus, utc_now

MEDIA_GONE = 40007

PAUSES = [timedelta(seconds=s) for s in (2, 10, 60, 300, 900, 1800, 3600, 3600)]
"""After the first, second … failed attempt. Nine attempts in all."""


class Verdict(StrEnum):
    """What an attempt came to."""

    ACCEPTED = 'accepted'
    RETRY = 'retry'  # the channel is busy or out of reach
    PAUSE = 'pause'  # not this message's fault: rate, configuration, credentials; does not count as an attempt
    REFUSED = 'refused'  # for good


@dataclass(frozen=True, kw_only=True)
class Outcome:
    verdict: Verdict
    wecom_msgid: str | None = None
    errcode: int | None = None
    text: str | None = None  # for the person at the screen: why, and what to do
    pause: timedelta | None = None
    maybe_sent: bool = False  # the request may have arrived although no answer came
    session: tuple[int, str | None] | None = None  # kf: who answers, as WeCom said on the way
    most_attempts: int | None = None  # fewer than usual, where WeCom asks for it
    limited: bool = False  # too many calls: how long the channel rests depends on how long it has been so


def record(session: Session, claim: Claim, outcome: Outcome) -> bool:
    """Write down what an attempt came to; False if the claim is no longer ours and nothing was written."""
    conversation = conversations.locked(session, claim.conversation_id) if claim.channel == Channel.KF else None
    row = held(session, claim)
    if row is None:
        return False
    if conversation is not None and outcome.session is not None:
        kf_sessions.learned(session, conversation, *outcome.session)
    row.lease_until = None
    row.lost_leases = 0
    row.errcode = outcome.errcode
    row.last_error = outcome.text
    row.maybe_sent = row.maybe_sent or outcome.maybe_sent
    match outcome.verdict:
        case Verdict.ACCEPTED:
            row.status, row.wecom_msgid, row.finished_at = DeliveryStatus.ACCEPTED, outcome.wecom_msgid, utc_now()
            if conversation is not None:
                kf_window.used(conversation, row)
            if outcome.text:
                alerts.raise_alert(session, 'sent_before', outcome.text)
            _accepted(session, row)
        case Verdict.REFUSED:
            if outcome.errcode == MEDIA_GONE and row.media_file_id is not None:
                media_uploads.forget_upload(session, row.media_file_id)
            if conversation is not None:
                kf_window.refused(conversation, outcome.errcode)
            if outcome.session is not None:
                row.last_error = kf_sessions.not_ours(session, *outcome.session)
            deliveries.give_up(session, row, DeliveryStatus.DEAD)
        case Verdict.RETRY | Verdict.PAUSE:
            _wait(session, row, outcome)
    signals.announce(session, signals.conversation_changed, row.conversation_id)
    return True


def _wait(session: Session, row: Delivery, outcome: Outcome) -> None:
    pause = outcome.pause
    if outcome.verdict is Verdict.PAUSE:
        row.attempts -= 1
        if not row.maybe_sent:
            row.first_attempt_at = None  # as good as never tried, however long the rest is
        alerts.raise_alert(session, f'channel:{row.channel}', outcome.text or '消息通道暂停。')
        if outcome.limited:
            pause = rest(utc_now(), alerts.open_since(session, f'channel:{row.channel}'))
    pause = pause or PAUSES[min(row.attempts, len(PAUSES)) - 1] * random.uniform(0.5, 1.0)  # noqa: S311
    if deliveries.too_late(row, utc_now() + pause) or row.attempts >= (outcome.most_attempts or len(PAUSES) + 1):
        deliveries.give_up(session, row, DeliveryStatus.UNCERTAIN if row.maybe_sent else DeliveryStatus.DEAD)
        return
    row.status, row.due_at = DeliveryStatus.READY, utc_now() + pause


def _accepted(session: Session, row: Delivery) -> None:
    alerts.clear(session, f'channel:{row.channel}')
    draft = session.get(Draft, row.draft_id, with_for_update=True) if row.draft_id else None
    others = select(Delivery.id).where(Delivery.message_id == row.message_id, Delivery.id != row.id)
    # The one accepted last need not be the last: one that bounced may have been sent again, or wait for a person.
    if draft is None or session.scalar(others.where(Delivery.status != DeliveryStatus.ACCEPTED).limit(1)) is not None:
        signals.announce(session, signals.delivery_queued, row.conversation_id)
        return
    draft.status = DraftStatus.SENT
    deliveries.log_event(session, draft, 'sent')
