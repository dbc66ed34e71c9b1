"""A conversation opened, with all that belongs to it."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console import (
    conversations,
    deliveries,
    drafts,
    media_files,
    notes,
    offers,
    personal_numbers,
    policies,
    signals,
    snoozing,
    staff,
    students,
    turns,
)
from console.calendar import moment
from console.conversations import Listed
from console.media_files import Shown
from console.offers import Offer
from console.students import Record
from models import Conversation, ConversationStatus, Delivery, Draft, Message, Note, Staff, Turn


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One conversation. `parts` are the deliveries of each message of ours, `media` the files of those that have one,
    `draft_media` the one that the draft would send; `refused` a colleague's own reply that was not released, and that
    nothing has come after; `older` and `later`: there are messages beyond those here.

    `names` are all who ever worked here. `record` is None where no student is linked; `hidden` says that one is, of
    whom this reader may not know. `named`: a note that she has not seen names her.
    """

    listed: Listed
    messages: list[Message]
    notes: list[Note]
    older: bool
    later: bool
    parts: dict[int, list[Delivery]]
    media: dict[int, Shown]
    masks: dict[str, str]
    draft: Draft | None
    refused: Offer | None
    refusal: str | None  # why this reader may not release it
    quiet: bool  # these are quiet hours
    draft_media: Shown | None
    turn: Turn | None
    names: dict[int, str]
    colleagues: list[Staff]
    record: Record | None
    hidden: bool
    named: bool

    def shown(self, text: str) -> str:
        return personal_numbers.show(text, self.masks)


def opened(session: Session, conversation_id: int, *, by: int, limit: int = 50, before: int | None = None) -> Opened:
    """The conversation with its newest `limit` messages, or with those below seq `before`.

    Raises `NotFound`, `NotAllowed`.
    """
    listed = conversations.seen(session, conversation_id, by=by)
    found = conversations.messages(session, conversation_id, by=by, limit=limit + 1, before=before)
    messages = found[-limit:]
    ids = [message.id for message in messages]
    record, hidden = students.of_contact(session, listed.contact, by=by)
    masks = personal_numbers.masks(session, conversation_id)
    draft = drafts.pending_in(session, conversation_id, by=by)
    refused = _refused(session, listed.conversation, masks) if draft is None else None
    draft_media = media_files.of_draft(session, draft) if draft is not None else None
    since = messages[0].seq if len(found) > limit else 0
    return Opened(
        listed=listed,
        messages=messages,
        notes=[
            note
            for note in notes.of(session, conversation_id, since_seq=since)
            if before is None or note.after_seq < before
        ],
        older=len(found) > limit,
        later=before is not None and before <= listed.conversation.last_seq,
        parts=deliveries.of_messages(session, ids),
        media=media_files.of_messages(
            session, [message.id for message in messages if message.kind in media_files.KINDS]
        ),
        masks=masks,
        draft=draft,
        refused=refused,
        refusal=policies.may_release(session, staff.require(session, by), draft) if draft is not None else None,
        quiet=policies.current(session).quiet(),
        draft_media=media_files.shown(draft_media) if draft_media is not None else None,
        turn=turns.latest(session, conversation_id),
        names=staff.colleagues(session),
        colleagues=staff.at_the_desk(session),
        record=record,
        hidden=hidden,
        named=conversation_id in notes.conversations_naming(session, by=by),
    )


def _refused(session: Session, conversation: Conversation, masks: dict[str, str]) -> Offer | None:
    if conversation.status is ConversationStatus.RESOLVED:
        return None  # nothing is to be said now
    offer = offers.of_conversation(session, conversation, masks)
    return offer if offer is not None and offer.standing == 'refused' and offer.author_id is not None else None


def attend(session: Session, conversation_id: int, *, by: int) -> None:
    """`by` has it before her: it is read, what named her there is seen, and a reminder that came due is done with."""
    conversations.mark_read(session, conversation_id, by=by)
    notes.look(session, conversation_id, by=by)
    conversation = conversations.locked(session, conversation_id)
    if snoozing.is_due(conversation):
        conversation.snoozed_until = conversation.snoozed_by_id = None
        signals.announce(session, signals.conversation_changed, conversation_id)


def wants_attention(opened: Opened) -> bool:
    """Whether `attend` would change anything."""
    conversation = opened.listed.conversation
    return bool(conversation.unread) or opened.named or snoozing.is_due(conversation)


def first_since(session: Session, conversation_id: int, day: date, *, by: int) -> int | None:
    """The seq of the first message on this day of the school's, or after it. Raises `NotFound`, `NotAllowed`."""
    conversations.seen(session, conversation_id, by=by)
    return session.scalar(
        select(func.min(Message.seq)).where(
            Message.conversation_id == conversation_id, Message.created_at >= moment(day)
        )
    )
