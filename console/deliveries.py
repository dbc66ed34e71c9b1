"""What was released and is to be sent: claimed, tried, accepted, tried again, given up.

A part is sent only after the one before it was accepted, and nothing of a conversation overtakes what is older.
The request is frozen at the first claim and repeated byte for byte, so that WeCom itself can tell a repetition.
"""

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from console import (
    alerts,
    audit,
    conversations,
    kf_sessions,
    kf_window,
    leases,
    media_files,
    personal_numbers,
    signals,
    staff,
)
from console.crypto import CannotOpen, cipher
from console.errors import Conflict, ConsoleError, NotFound
from console.media_files import Upload
from console.rests import rest
from models import (
    UNFINISHED,
    Channel,
    Contact,
    Conversation,
    Delivery,
    DeliveryStatus,
    Draft,
    DraftEvent,
    DraftStatus,
    MediaFile,
    Message,
    utc_now,
)

LEASE = timedelta(seconds=60)
"""Longer than the longest WeCom call (20 s), so that a lease lost means a process lost."""

UPLOAD_LEASE = timedelta(minutes=5)
"""For a part whose file must be handed to WeCom first: 20 MB on a slow line."""

MEDIA_GONE = 40007

PAUSES = [timedelta(seconds=s) for s in (2, 10, 60, 300, 900, 1800, 3600, 3600)]
"""After the first, second … failed attempt. Nine attempts in all."""

GIVE_UP_AFTER = timedelta(hours=3, minutes=30)
"""WeCom's duplicate check looks back four hours at most; a chat reply is worth little after that anyway."""

MOST_TO_ONE_MEMBER = ((timedelta(minutes=1), 25), (timedelta(hours=1), 900))
"""WeCom drops what a member gets above 30 a minute or 1000 an hour without a word (path/90312): we stay below.
Counted in the database, so that a restart forgets nothing and several servers count together."""

COUNTED = (Channel.APP, Channel.SIMULATE)

TOO_LATE = '发送中断太久，无法判断家长是否已收到，没有自动重发。请先向家长确认。'
CANNOT_OPEN = '这条消息无法解密，没有发送。请联系管理员检查 FIELD_ENCRYPTION_KEYS，然后重新发送。'


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


def queue(
    session: Session,
    conversation: Conversation,
    message: Message,
    parts: list[str],
    *,
    draft: Draft | None,
    due_in: timedelta,
    media: MediaFile | None = None,
) -> list[Delivery]:
    """Put a message's parts on their way, the first no earlier than `due_in` from now; or a file, called by one part.

    Raises `Invalid` where the channel would not take them all.
    """
    kf_window.require_room(session, conversation, len(parts))
    rows = []
    for number, text in enumerate(parts, 1):
        client_id = new_id(number)
        rows.append(
            Delivery(
                conversation_id=conversation.id,
                message_id=message.id,
                draft_id=draft.id if draft else None,
                channel=conversation.channel,
                part=number,
                parts=len(parts),
                client_id=client_id,
                kind=media.kind if media else 'text',
                media_file_id=media.id if media else None,
                text_sealed=cipher().seal(text, f'delivery:{client_id}'),
                due_at=utc_now() + due_in,
            )
        )
    session.add_all(rows)
    session.flush()
    signals.announce(session, signals.delivery_queued, conversation.id)
    return rows


def claim_next(session: Session, freeze: Freeze) -> Claim | None:
    """Take the part that is due longest and that nothing older of its conversation holds back; None: there is none.

    What its member cannot take yet is put off, which is no attempt; what no request can be made of has failed, and
    what WeCom may have had so long ago that it would not tell a repetition waits for a person.
    """
    older = aliased(Delivery)
    gate = ~(
        select(older.id)
        .where(
            older.conversation_id == Delivery.conversation_id,
            older.id < Delivery.id,
            older.status.in_(UNFINISHED),
        )
        .exists()
    )
    while True:
        row = leases.claim(
            session, Delivery, ready=DeliveryStatus.READY, running=DeliveryStatus.SENDING, lease=LEASE, gate=gate
        )
        if row is None:
            return None
        if row.channel in COUNTED and (wait := _too_many(session, row)):
            row.status, row.due_at, row.lease_until = DeliveryStatus.READY, utc_now() + wait, None
            row.attempts -= 1
            session.flush()
            continue
        # Whoever held it may have vanished after the call, once there was a request to send.
        row.maybe_sent = row.maybe_sent or (row.lost_leases > 0 and row.request_sealed is not None)
        if _untellable(row, utc_now()):
            row.last_error = TOO_LATE
            give_up(session, row, DeliveryStatus.UNCERTAIN)
            session.flush()
            continue
        contact = session.scalars(
            select(Contact)
            .join(Conversation, Conversation.contact_id == Contact.id)
            .where(Conversation.id == row.conversation_id)
        ).one()
        if why := kf_window.why_not(session, row):
            row.last_error = why
            give_up(session, row, DeliveryStatus.DEAD)
            session.flush()
            continue
        try:
            upload = _to_upload(session, row)
            request = b'' if upload else _request(session, row, contact, freeze)
        except (ConsoleError, CannotOpen) as fault:
            row.last_error = str(fault) if isinstance(fault, ConsoleError) else CANNOT_OPEN
            give_up(session, row, DeliveryStatus.DEAD)
            session.flush()
            continue
        return _claimed(session, row, contact, request, upload)


def uploaded(session: Session, claim: Claim, media_id: str, freeze: Freeze) -> Claim | None:
    """The file of a claim is with WeCom: the claim with its request, now frozen. None if it is no longer ours."""
    row = _held(session, claim)
    if row is None or claim.upload is None:
        return None
    media_files.note_upload(session, claim.upload.media_file_id, media_id)
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
    upload = media_files.to_upload(session, row.media_file_id)
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
        _log(session, draft, 'sending')
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


def _too_many(session: Session, row: Delivery) -> timedelta | None:
    """How long this conversation must be left alone, if at all."""
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


def record_outcome(session: Session, claim: Claim, outcome: Outcome) -> bool:
    """Write down what an attempt came to; False if the claim is no longer ours and nothing was written."""
    conversation = conversations.locked(session, claim.conversation_id) if claim.channel == Channel.KF else None
    row = _held(session, claim)
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
                media_files.forget_upload(session, row.media_file_id)
            if conversation is not None:
                kf_window.refused(conversation, outcome.errcode)
            if outcome.session is not None:
                row.last_error = kf_sessions.not_ours(session, *outcome.session)
            give_up(session, row, DeliveryStatus.DEAD)
        case Verdict.RETRY | Verdict.PAUSE:
            _wait(session, row, outcome)
    signals.announce(session, signals.conversation_changed, row.conversation_id)
    return True


def _held(session: Session, claim: Claim) -> Delivery | None:
    """The part, locked, if the claim on it still holds."""
    return session.scalar(
        select(Delivery)
        .where(
            Delivery.id == claim.delivery_id,
            Delivery.lease_token == claim.token,
            Delivery.status == DeliveryStatus.SENDING,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def take_back(session: Session, draft: Draft) -> bool:
    """Undo a release: remove its parts, if the sender has none of them yet."""
    rows = list(session.scalars(select(Delivery).where(Delivery.draft_id == draft.id).with_for_update()))
    if any(row.status is not DeliveryStatus.READY or row.first_attempt_at is not None for row in rows):
        return False
    for row in rows:
        session.delete(row)
    session.flush()
    for message_id in {row.message_id for row in rows}:
        media_files.part_from(session, message_id)
        session.delete(session.get_one(Message, message_id))
    session.flush()
    return True


def retry(session: Session, message_id: int, *, by: int) -> None:
    """Send again what failed, with the same identity: what WeCom has already, it will not show twice.

    Only what WeCom took and then did not deliver gets a new one, or it would be taken for delivered.

    Raises `NotAllowed`, `NotFound`, `Conflict` if there is nothing to send again or a repetition could not be told.
    """
    staff.require(session, by, staff.Action.SEND_ALONE)
    rows = list(
        session.scalars(
            select(Delivery).where(Delivery.message_id == message_id).order_by(Delivery.part).with_for_update()
        )
    )
    if not rows:
        raise NotFound('这条消息')
    failed = [row for row in rows if row.status not in (*UNFINISHED, DeliveryStatus.ACCEPTED)]
    if not failed:
        raise Conflict('这条消息没有失败的部分，不需要重发。', 'closed')
    now = utc_now()
    if any(_untellable(row, now) for row in failed):
        raise Conflict('已无法判断家长是否收到过这条消息，重发可能重复。请先向家长确认，再写一条新消息。', 'uncertain')
    for row in failed:
        if row.status is DeliveryStatus.BOUNCED:
            _rename(row)
        row.status, row.due_at, row.attempts, row.last_error, row.errcode = DeliveryStatus.READY, now, 0, None, None
        row.finished_at, row.lost_leases = None, 0
        if not row.maybe_sent:
            row.first_attempt_at, row.request_sealed = None, None
    draft = session.get(Draft, rows[0].draft_id, with_for_update=True) if rows[0].draft_id else None
    if draft is not None and draft.status is DraftStatus.FAILED:
        draft.status = DraftStatus.APPROVED
        _log(session, draft, 'retried', by=by)
    audit.record(session, 'retry', 'message', message_id, by=by)
    signals.announce(session, signals.delivery_queued, rows[0].conversation_id)
    signals.announce(session, signals.conversation_changed, rows[0].conversation_id)


def of_messages(session: Session, message_ids: list[int]) -> dict[int, list[Delivery]]:
    """The parts of each message, in order."""
    found: dict[int, list[Delivery]] = {}
    rows = session.scalars(
        select(Delivery).where(Delivery.message_id.in_(message_ids)).order_by(Delivery.message_id, Delivery.part)
    )
    for row in rows:
        found.setdefault(row.message_id, []).append(row)
    return found


def failed(session: Session, *, by: int, limit: int = 50) -> list[Delivery]:
    """Parts that a person must look at, newest first. Raises `NotAllowed`."""
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    return list(
        session.scalars(
            select(Delivery)
            .join(Conversation, Conversation.id == Delivery.conversation_id)
            .where(
                Delivery.status.in_((DeliveryStatus.DEAD, DeliveryStatus.UNCERTAIN, DeliveryStatus.BOUNCED)),
                staff.sees_conversations(member),
            )
            .order_by(Delivery.id.desc())
            .limit(limit)
        )
    )


def park_lost(session: Session) -> int:
    """Parts whose sender vanished three times wait for a person; how many."""
    rows = leases.park_rows(session, Delivery, running=DeliveryStatus.SENDING, parked=DeliveryStatus.UNCERTAIN)
    for row in rows:
        row.maybe_sent = True
        give_up(session, row, DeliveryStatus.UNCERTAIN)
    return len(rows)


def parts_of(session: Session, conversation: Conversation, text: str) -> list[str]:
    """`text` with the parent's own numbers put back, cut into parts the channel takes whole."""
    from console.wecom.text import parts

    return parts(personal_numbers.restore(session, conversation.id, text))


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
    if _too_late(row, utc_now() + pause) or row.attempts >= (outcome.most_attempts or len(PAUSES) + 1):
        give_up(session, row, DeliveryStatus.UNCERTAIN if row.maybe_sent else DeliveryStatus.DEAD)
        return
    row.status, row.due_at = DeliveryStatus.READY, utc_now() + pause


def _too_late(row: Delivery, moment: datetime) -> bool:
    """Whether WeCom might take a repetition at `moment` for a new message."""
    return row.first_attempt_at is not None and moment - row.first_attempt_at > GIVE_UP_AFTER


def _untellable(row: Delivery, now: datetime) -> bool:
    """Whether WeCom may have it and would show it twice. 微信客服 knows our ids, however old."""
    return row.maybe_sent and row.channel is not Channel.KF and _too_late(row, now)


def new_id(part: int) -> str:
    """At most 32 of [0-9a-z_], random so that a restored backup repeats none."""
    return f'{secrets.token_hex(13)}_p{part}'


def _rename(row: Delivery) -> None:
    text = cipher().open(row.text_sealed, f'delivery:{row.client_id}')
    row.client_id = new_id(row.part)
    row.text_sealed = cipher().seal(text, f'delivery:{row.client_id}')
    row.wecom_msgid = row.fail_type = None


def _accepted(session: Session, row: Delivery) -> None:
    alerts.clear(session, f'channel:{row.channel}')
    draft = session.get(Draft, row.draft_id, with_for_update=True) if row.draft_id else None
    if draft is None or row.part != row.parts:
        signals.announce(session, signals.delivery_queued, row.conversation_id)
        return
    draft.status = DraftStatus.SENT
    _log(session, draft, 'sent')


def give_up(session: Session, row: Delivery, status: DeliveryStatus) -> None:
    """This part will not be sent, nor what follows it in the same message: half an answer is worse than none."""
    row.status, row.finished_at = status, utc_now()
    session.execute(
        update(Delivery)
        .where(Delivery.message_id == row.message_id, Delivery.part > row.part, Delivery.status == DeliveryStatus.READY)
        .values(status=DeliveryStatus.CANCELLED, finished_at=utc_now())
    )
    draft = session.get(Draft, row.draft_id, with_for_update=True) if row.draft_id else None
    if draft is not None and draft.status in (DraftStatus.APPROVED, DraftStatus.SENDING, DraftStatus.SENT):
        draft.status = DraftStatus.FAILED
        draft.reason = row.last_error
        _log(session, draft, 'failed', note=row.last_error)
    alerts.raise_alert(session, 'delivery_failed', '有消息发送失败，请到会话中查看原因并处理。')
    signals.announce(session, signals.delivery_queued, row.conversation_id)
    signals.announce(session, signals.conversation_changed, row.conversation_id)


def _log(session: Session, draft: Draft, action: str, *, by: int | None = None, note: str | None = None) -> None:
    session.add(
        DraftEvent(draft_id=draft.id, staff_id=by, action=action, version=draft.version, content=None, note=note)
    )
    signals.announce(session, signals.draft_changed, draft.id)
