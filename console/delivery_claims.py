"""Parts taken for sending: which is next, and its request, frozen once and repeated byte for byte."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from console import deliveries, kf_window, leases, media_uploads, signals
from console.crypto import CannotOpen, cipher
from console.delivery_throttle import too_many
from console.errors import ConsoleError
from console.media_uploads import Upload
from models import (
    UNFINISHED,
    Contact,
    Conversation,
    Delivery,
    DeliveryStatus,
    Draft,
    DraftStatus,
    MediaFile,
    utc_now,
)

LEASE = timedelta(seconds=60)
"""Longer than the longest WeCom call (20 s), so that a lease lost means a process lost."""

UPLOAD_LEASE = timedelta(minutes=5)
"""For a part whose file must be handed to WeCom first: 20 MB on a slow line."""

TOO_LATE = '发送中断太久，无法判断家长是否已收到，没有自动重发。请先向家长确认。'
CANNOT_OPEN = '这条消息无法解密，没有发送。请联系管理员检查 FIELD_ENCRYPTION_KEYS，然后重新发送。'


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A part taken for sending. Finish it under its token."""

    delivery_id: int
    token: int
    conversation_id: int
    channel: str
    to_user: str
    account: str  # of ours, through which the contact is reached; see `Contact.account`
    kind: str
    client_id: str
    repeat: bool  # an attempt before this one may have arrived
    attempt: int  # from 1
    request: bytes
    last: bool
    upload: Upload | None = None  # to be done first: there is no request before, see `uploaded`


Freeze = Callable[[Delivery, Contact, str], bytes]
"""Makes the channel's request for a part, its contact and its text, or WeCom's name of its file. Called once a part."""


_OLDER = aliased(Delivery)
_GATE = ~(
    select(_OLDER.id)
    .where(
        _OLDER.conversation_id == Delivery.conversation_id,
        _OLDER.id < Delivery.id,
        _OLDER.status.in_(UNFINISHED),
    )
    .exists()
)


def claim_next(session: Session, freeze: Freeze) -> Claim | None:
    """Take the part that is due longest and that nothing older of its conversation holds back; None: there is none.

    What its member cannot take yet is put off, which is no attempt; what no request can be made of has failed, and
    what WeCom may have had so long ago that it would not tell a repetition waits for a person.
    """
    while True:
        row = leases.claim(
            session, Delivery, ready=DeliveryStatus.READY, running=DeliveryStatus.SENDING, lease=LEASE, gate=_GATE
        )
        if row is None:
            return None
        if wait := too_many(session, row):
            row.status, row.due_at, row.lease_until = DeliveryStatus.READY, utc_now() + wait, None
            row.attempts -= 1
            session.flush()
            continue
        # Whoever held it may have vanished after the call, once there was a request to send.
        row.maybe_sent = row.maybe_sent or (row.lost_leases > 0 and row.request_sealed is not None)
        if deliveries.untellable(row, utc_now()):
            row.last_error = TOO_LATE
            deliveries.give_up(session, row, DeliveryStatus.UNCERTAIN)
            session.flush()
            continue
        contact = session.scalars(
            select(Contact)
            .join(Conversation, Conversation.contact_id == Contact.id)
            .where(Conversation.id == row.conversation_id)
        ).one()
        if why := kf_window.why_not(session, row):
            row.last_error = why
            deliveries.give_up(session, row, DeliveryStatus.DEAD)
            session.flush()
            continue
        try:
            upload = _to_upload(session, row)
            request = b'' if upload else _request(session, row, contact, freeze)
        except (ConsoleError, CannotOpen) as fault:
            row.last_error = str(fault) if isinstance(fault, ConsoleError) else CANNOT_OPEN
            deliveries.give_up(session, row, DeliveryStatus.DEAD)
            session.flush()
            continue
        return _claimed(session, row, contact, request, upload)


def uploaded(session: Session, claim: Claim, media_id: str, freeze: Freeze) -> Claim | None:
    """The file of a claim is with WeCom: the claim with its request, now frozen. None if it is no longer ours."""
    row = held(session, claim)
    if row is None or claim.upload is None:
        return None
    media_uploads.note_upload(session, claim.upload.media_file_id, media_id)
    contact = session.scalars(
        select(Contact)
        .join(Conversation, Conversation.contact_id == Contact.id)
        .where(Conversation.id == row.conversation_id)
    ).one()
    row.lease_until = utc_now() + LEASE
    return replace(claim, request=_request(session, row, contact, freeze), upload=None)


def _to_upload(session: Session, row: Delivery) -> Upload | None:
    if row.media_file_id is None or row.request_sealed is not None:
        return None
    upload = media_uploads.to_upload(session, row.media_file_id)
    if upload is not None:
        row.lease_until = utc_now() + UPLOAD_LEASE
    return upload


def _request(session: Session, row: Delivery, contact: Contact, freeze: Freeze) -> bytes:
    if row.request_sealed is not None:
        row.first_attempt_at = row.first_attempt_at or utc_now()
        return cipher().open(row.request_sealed, f'delivery_request:{row.client_id}').encode()
    if row.media_file_id is not None:
        content = session.get_one(MediaFile, row.media_file_id).uploaded_id or ''
    else:
        content = cipher().open(row.text_sealed, f'delivery:{row.client_id}')
    request = freeze(row, contact, content)
    row.request_sealed = cipher().seal(request.decode(), f'delivery_request:{row.client_id}')
    row.first_attempt_at = utc_now()
    return request


def _claimed(session: Session, row: Delivery, contact: Contact, request: bytes, upload: Upload | None) -> Claim:
    draft = session.get(Draft, row.draft_id, with_for_update=True) if row.draft_id else None
    if draft is not None and draft.status is DraftStatus.APPROVED:
        draft.status = DraftStatus.SENDING
        deliveries.log_event(session, draft, 'sending')
    signals.announce(session, signals.conversation_changed, row.conversation_id)
    return Claim(
        delivery_id=row.id,
        token=row.lease_token,
        conversation_id=row.conversation_id,
        channel=row.channel,
        to_user=contact.external_userid,
        account=contact.account,
        kind=row.kind,
        client_id=row.client_id,
        repeat=row.maybe_sent,
        attempt=row.attempts,
        request=request,
        last=row.part == row.parts,
        upload=upload,
    )


def held(session: Session, claim: Claim) -> Delivery | None:
    """The part, locked, if the claim on it still holds."""
    return leases.held(session, Delivery, claim.delivery_id, token=claim.token, running=DeliveryStatus.SENDING)
