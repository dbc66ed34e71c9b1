"""Conversations as a colleague reads them: the list, and one of them opened with all that belongs to it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from console import conversations, deliveries, drafts, media_files, personal_numbers, staff, students, turns
from console.conversations import Listed
from console.errors import NotFound
from console.media_files import Shown
from console.students import Record
from models import ConversationStatus, Delivery, Draft, Message, Staff, Turn


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of the list. `text` is the last thing said, with numbers masked."""

    conversation_id: int
    title: str
    text: str
    at: datetime
    waiting_since: datetime | None
    unread: int
    assignee: str | None
    taken_over: bool


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One conversation. `parts` are the deliveries of each message of ours, `media` the files of those that have one,
    `draft_media` the one that the draft would send.

    `names` are all who ever worked here. `record` is None where no student is linked; `hidden` says that one is, of
    whom this reader may not know.
    """

    listed: Listed
    messages: list[Message]
    older: bool
    parts: dict[int, list[Delivery]]
    media: dict[int, Shown]
    masks: dict[str, str]
    draft: Draft | None
    draft_media: Shown | None
    turn: Turn | None
    names: dict[int, str]
    colleagues: list[Staff]
    record: Record | None
    hidden: bool

    def shown(self, text: str) -> str:
        return personal_numbers.show(text, self.masks)


def lines(
    session: Session,
    *,
    by: int,
    status: ConversationStatus | None = None,
    mine: bool = False,
    search: str = '',
    limit: int = 50,
) -> tuple[list[Line], bool]:
    """Up to `limit` rows in the order of `conversations.page`, and whether there are more. Raises `NotAllowed`."""
    found = conversations.page(session, by=by, status=status, mine=mine, search=search.strip(), limit=limit + 1)
    masks = personal_numbers.masks_of(session, [row.conversation.id for row in found[:limit]])
    names = staff.colleagues(session)
    return [_line(row, names, masks.get(row.conversation.id, {})) for row in found[:limit]], len(found) > limit


def opened(session: Session, conversation_id: int, *, by: int, limit: int = 50) -> Opened:
    """The conversation with its newest `limit` messages. Raises `NotFound`, `NotAllowed`."""
    listed = conversations.seen(session, conversation_id, by=by)
    messages = conversations.messages(session, conversation_id, by=by, limit=limit + 1)
    newest = messages[-limit:]
    record, hidden = _record(session, listed, by=by)
    draft = drafts.pending_in(session, conversation_id, by=by)
    draft_media = media_files.of_draft(session, draft) if draft is not None else None
    return Opened(
        listed=listed,
        messages=newest,
        older=len(messages) > limit,
        parts=deliveries.of_messages(session, [message.id for message in newest]),
        media=media_files.of_messages(session, [message.id for message in newest if message.kind in media_files.KINDS]),
        masks=personal_numbers.masks(session, conversation_id),
        draft=draft,
        draft_media=media_files.shown(draft_media) if draft_media is not None else None,
        turn=turns.latest(session, conversation_id),
        names=staff.colleagues(session),
        colleagues=staff.at_the_desk(session),
        record=record,
        hidden=hidden,
    )


def _record(session: Session, listed: Listed, *, by: int) -> tuple[Record | None, bool]:
    if listed.contact.student_id is None:
        return None, False
    if not staff.may(staff.require(session, by).role, staff.Action.SEE_STUDENTS):
        return None, True
    try:
        return students.record(session, listed.contact.student_id, by=by), False
    except NotFound:
        return None, True


def _line(row: Listed, names: dict[int, str], masks: dict[str, str]) -> Line:
    conversation = row.conversation
    return Line(
        conversation_id=conversation.id,
        title=row.title,
        text=personal_numbers.show(conversation.last_message_text, masks),
        at=conversation.last_message_at,
        waiting_since=conversation.waiting_since,
        unread=conversation.unread,
        assignee=names.get(conversation.assignee_id) if conversation.assignee_id else None,
        taken_over=conversation.taken_over,
    )
