"""What was released and is to be sent: put on its way, taken back, given up, sent again by a person.

A part is sent only after the one before it was accepted, and nothing of a conversation overtakes what is older.
The request is frozen at the first claim and repeated byte for byte, so that WeCom itself can tell a repetition.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from console import (
    alerts,
    audit,
    kf_window,
    leases,
    media_files,
    personal_numbers,
    signals,
    staff,
)
from console.crypto import cipher
from console.errors import Conflict, NotFound
from models import (
    UNDELIVERED,
    UNFINISHED,
    Channel,
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

GIVE_UP_AFTER = timedelta(hours=3, minutes=30)
"""WeCom's duplicate check looks back four hours at most; a chat reply is worth little after that anyway."""


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


CODE_LIVES = timedelta(seconds=20)
"""WeCom's codes for one message on an occasion: a welcome, a farewell (path/95122, path/92137)."""


def usable(code: object, *, given_at: datetime) -> str | None:
    """WeCom's code for one message on an occasion, if there is one and it still lives."""
    return code if isinstance(code, str) and code and utc_now() - given_at < CODE_LIVES else None


def queue_on_event(
    session: Session, conversation: Conversation, message: Message, *, kind: str, client_id: str, request: bytes
) -> Delivery:
    """Put a message on its way that an event allows by a code: its request is frozen from the beginning."""
    row = Delivery(
        conversation_id=conversation.id,
        message_id=message.id,
        channel=conversation.channel,
        part=1,
        parts=1,
        kind=kind,
        client_id=client_id,
        text_sealed=cipher().seal(message.text, f'delivery:{client_id}'),
        request_sealed=cipher().seal(request.decode(), f'delivery_request:{client_id}'),
    )
    session.add(row)
    session.flush()
    signals.announce(session, signals.delivery_queued, conversation.id)
    return row


def take_back(session: Session, draft: Draft) -> bool:
    """Undo a release: remove its message and parts, if the sender has none of them yet."""
    return _take_back(session, Delivery.draft_id == draft.id)


def take_back_message(session: Session, message: Message) -> bool:
    """As `take_back`, for a message that nobody had to release; one that was a draft is undone there."""
    of_message = Delivery.message_id == message.id
    first = session.execute(select(Delivery.draft_id).where(of_message).limit(1)).first()
    return first is not None and first.draft_id is None and _take_back(session, of_message)


def _take_back(session: Session, which: ColumnElement[bool]) -> bool:
    rows = list(session.scalars(select(Delivery).where(which).with_for_update()))
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
    if any(row.kind in kf_window.ON_EVENT for row in failed):
        raise Conflict('欢迎语和结束语只能在当时自动发送，不能重发。请直接回复客户。', 'closed')
    now = utc_now()
    if any(untellable(row, now) for row in failed):
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
        log_event(session, draft, 'retried', by=by)
    audit.record(session, 'retry', 'message', message_id, by=by)
    signals.announce(session, signals.delivery_queued, rows[0].conversation_id)
    signals.announce(session, signals.conversation_changed, rows[0].conversation_id)


def drop(session: Session, message_id: int) -> None:
    """A person decided that what failed of this message is not to be sent. Raises `Conflict` if nothing has failed."""
    rows = session.scalars(
        select(Delivery)
        .where(
            Delivery.message_id == message_id,
            Delivery.status.in_(UNDELIVERED),
        )
        .order_by(Delivery.part)
        .with_for_update()
    ).all()
    if not rows:
        raise Conflict('这条消息没有失败的部分。', 'closed')
    for row in rows:
        if row.status is DeliveryStatus.BOUNCED:
            _rename(row)
        row.status, row.finished_at = DeliveryStatus.CANCELLED, utc_now()
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
                Delivery.status.in_(UNDELIVERED),
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
    from console.message_parts import cut

    return cut(personal_numbers.restore(session, conversation.id, text))


def too_late(row: Delivery, moment: datetime) -> bool:
    """Whether WeCom might take a repetition at `moment` for a new message."""
    return row.first_attempt_at is not None and moment - row.first_attempt_at > GIVE_UP_AFTER


def untellable(row: Delivery, now: datetime) -> bool:
    """Whether WeCom may have it and would show it twice. 微信客服 knows our ids, however old."""
    return row.maybe_sent and row.channel is not Channel.KF and too_late(row, now)


def new_id(part: int) -> str:
    """At most 32 of [0-9a-z_], random so that a restored backup repeats none."""
    return f'{secrets.token_hex(13)}_p{part}'


def _rename(row: Delivery) -> None:
    text = cipher().open(row.text_sealed, f'delivery:{row.client_id}')
    row.client_id = new_id(row.part)
    row.text_sealed = cipher().seal(text, f'delivery:{row.client_id}')
    row.wecom_msgid = row.fail_type = row.request_sealed = row.first_attempt_at = None
    row.maybe_sent = False  # what was said of the old one: it did not arrive


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
        log_event(session, draft, 'failed', note=row.last_error)
    alerts.raise_alert(session, 'delivery_failed', '有消息发送失败，请到会话中查看原因并处理。')
    signals.announce(session, signals.delivery_queued, row.conversation_id)
    signals.announce(session, signals.conversation_changed, row.conversation_id)


def log_event(session: Session, draft: Draft, action: str, *, by: int | None = None, note: str | None = None) -> None:
    """Put on record what became of the draft that a part sends."""
    session.add(
        DraftEvent(draft_id=draft.id, staff_id=by, action=action, version=draft.version, content=None, note=note)
    )
    signals.announce(session, signals.draft_changed, draft.id)
