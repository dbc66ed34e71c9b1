"""One item of the review queue with all that the decision needs, and what is done where there is no draft."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from console import (
    conversations,
    draft_decisions,
    drafts,
    kf_outlook,
    media_files,
    personal_numbers,
    policies,
    replies,
    reservations,
    signals,
    staff,
    turns,
)
from console.errors import Conflict
from console.kf_outlook import Outlook
from console.media_files import Shown
from models import (
    ACTIVE_TURN,
    Author,
    Channel,
    Direction,
    Draft,
    DraftEvent,
    DraftStatus,
    Message,
    Turn,
    TurnStatus,
)

LINES_AROUND = 12
"""Messages of the conversation shown beside a draft."""


@dataclass(frozen=True, kw_only=True)
class Happened:
    """What was done to a draft; `times` edits in a row by one person are one. `action` as in `DraftEvent`."""

    at: datetime
    action: str
    who: str | None
    note: str | None
    content: str | None
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message of the conversation, as staff read it. `who` is None for the parent."""

    text: str
    at: datetime
    who: str | None


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An item of the queue with all that the decision needs. Texts are masked.

    Without a draft (`draft_id` None) none could be had, and a person answers.
    `said` is what the draft answers, `later` what the parent wrote since. `successor` is the draft that waits in the
    same conversation, `before` the text of the one this draft replaced. `writing`: another version is under way;
    `failure`: why the last attempt brought none. `outlook`: whether a reply would go out; `withheld`: why the school
    wants somebody else than this reader to release it. `edit_size`: signs changed before the release.
    """

    conversation_id: int
    draft_id: int | None
    title: str
    channel: Channel
    student_id: int | None
    since: datetime | None
    held_by: str | None
    said: list[str]
    later: list[str]
    lines: list[Line]
    version: int = 0
    status: DraftStatus | None = None
    writer: str = ''
    prompt_version: str | None = None
    duration_ms: int | None = None
    by_hand: bool = False
    needs_human: bool = False
    reason: str | None = None
    content: str = ''
    original: str = ''
    media: Shown | None = None  # what is sent in place of a text
    sources: tuple[dict[str, Any], ...] = ()
    checks: tuple[dict[str, Any], ...] = ()
    history: tuple[Happened, ...] = ()
    decided_by: str | None = None
    changed_by: str | None = None
    successor: int | None = None
    before: str | None = None
    writing: bool = False
    failure: str | None = None
    taken_over: bool = False
    outlook: Outlook = field(default_factory=Outlook)
    withheld: str = ''
    edit_size: int | None = None
    intent: str = ''

    @property
    def open(self) -> bool:
        """Whether there is still something to decide."""
        if self.draft_id is not None:
            return self.status is DraftStatus.PENDING
        return self.since is not None and self.successor is None and not self.taken_over

    @property
    def stale(self) -> bool:
        """Whether the parent wrote again since the draft was written."""
        return self.status is DraftStatus.SUPERSEDED and bool(self.later)


def opened(session: Session, draft_id: int, *, by: int) -> Opened:
    """One draft, whatever became of it. Raises `NotFound`, `NotAllowed`."""
    member = policies.reviewer(session, by)
    draft, events = drafts.seen(session, draft_id, by=by)
    names = staff.colleagues(session)
    masks = personal_numbers.masks(session, draft.conversation_id)
    edits = [event for event in events if event.action == 'edited']
    media = media_files.of_draft(session, draft)
    return _opened(
        session,
        draft.conversation_id,
        by=by,
        draft_id=draft.id,
        version=draft.version,
        status=draft.status,
        writer=draft.writer,
        prompt_version=draft.prompt_version,
        duration_ms=draft.duration_ms,
        by_hand=draft.author_id is not None,
        needs_human=draft.needs_human,
        reason=draft.reason,
        said=_said(session, draft, masks),
        later=_heard(session, draft.conversation_id, Message.seq > draft.basis_seq, masks=masks),
        content=personal_numbers.show(draft.content, masks),
        original=personal_numbers.show(draft.original_content, masks),
        media=media_files.shown(media) if media else None,
        sources=tuple(found | {'sentence': personal_numbers.show(found['sentence'], masks)} for found in draft.sources),
        checks=tuple(found | {'detail': personal_numbers.show(found['detail'], masks)} for found in draft.checks),
        history=_history(events, names, masks),
        decided_by=names.get(draft.decided_by_id) if draft.decided_by_id else None,
        changed_by=names.get(edits[-1].staff_id) if edits and edits[-1].staff_id else None,
        held_by=names.get(draft.held_by_id) if reservations.is_anothers(draft, by) and draft.held_by_id else None,
        before=_replaced(session, draft, masks),
        withheld=(policies.may_release(session, member, draft) or '') if draft.status is DraftStatus.PENDING else '',
        edit_size=draft.edit_size,
        intent=draft.intent or '',
    )


def unanswered(session: Session, conversation_id: int, *, by: int) -> Opened:
    """A conversation for which no draft could be had. Raises `NotFound`, `NotAllowed`."""
    policies.reviewer(session, by)
    masks = personal_numbers.masks(session, conversation_id)
    last_outbound_seq = conversations.seen(session, conversation_id, by=by).conversation.last_outbound_seq
    said = _heard(session, conversation_id, Message.seq > last_outbound_seq, masks=masks)
    return _opened(session, conversation_id, by=by, draft_id=None, said=said, later=[], held_by=None)


def reply(
    session: Session, conversation_id: int, text: str, *, by: int, undo: timedelta, confirm_reason: str | None = None
) -> Draft:
    """Answer where there is no draft: the colleague's own words, checked and released like any draft.

    Raises `NotAllowed`, `NotFound`, `Invalid`, and `DraftBlocked` as `approve` does; `Conflict` if a draft
    came meanwhile or the parent was answered.
    """
    policies.reviewer(session, by)
    conversation = conversations.locked(session, conversation_id)
    if _pending(session, conversation_id) is not None:
        raise Conflict('这个会话刚有了新的草稿，您的回复没有发送。请先看看新草稿。', 'closed')
    if conversation.waiting_since is None:
        raise Conflict('这个会话已有人回复，您的回复没有发送。', 'closed')
    draft = replies.propose(session, conversation_id, text, by=by)
    return draft_decisions.approve(
        session, draft.id, version=draft.version, by=by, undo=undo, confirm_reason=confirm_reason
    )


def redraft(session: Session, conversation_id: int, *, by: int) -> None:
    """Ask the writer once more where it failed. Nothing if it is at it already. Raises `NotAllowed`, `NotFound`."""
    policies.reviewer(session, by)
    conversations.seen(session, conversation_id, by=by)
    conversation = conversations.locked(session, conversation_id)
    if turns.active(session, conversation_id) is None and conversation.waiting_since is not None:
        turns.open_turn(session, conversation)
        signals.announce(session, signals.conversation_changed, conversation_id)


def _opened(session: Session, conversation_id: int, *, by: int, draft_id: int | None, **given: Any) -> Opened:
    listed = conversations.seen(session, conversation_id, by=by)
    conversation = listed.conversation
    turn = turns.latest(session, conversation_id)
    successor = _pending(session, conversation_id)
    return Opened(
        conversation_id=conversation_id,
        draft_id=draft_id,
        title=listed.title,
        channel=conversation.channel,
        student_id=listed.contact.student_id,
        since=conversation.waiting_since,
        lines=_lines(session, conversation_id, by=by),
        successor=successor if successor != draft_id else None,
        writing=turn is not None and turn.status in ACTIVE_TURN,
        failure=turn.last_error if turn is not None and turn.status is TurnStatus.FAILED else None,
        taken_over=conversation.taken_over,
        outlook=kf_outlook.of(session, conversation, as_file=given.get('media') is not None),
        **given,
    )


def _pending(session: Session, conversation_id: int) -> int | None:
    return session.scalar(
        select(Draft.id).where(Draft.conversation_id == conversation_id, Draft.status == DraftStatus.PENDING)
    )


def _replaced(session: Session, draft: Draft, masks: dict[str, str]) -> str | None:
    last = session.scalar(
        select(Draft)
        .where(Draft.conversation_id == draft.conversation_id, Draft.id < draft.id)
        .order_by(Draft.id.desc())
        .limit(1)
    )
    replaced = last is not None and last.status is DraftStatus.SUPERSEDED
    return personal_numbers.show(last.content, masks) if last is not None and replaced else None


def _said(session: Session, draft: Draft, masks: dict[str, str]) -> list[str]:
    first = session.scalar(select(Turn.first_seq).where(Turn.id == draft.turn_id)) if draft.turn_id else None
    if first is None:
        return [personal_numbers.show(draft.customer_message, masks)] if draft.customer_message else []
    return _heard(session, draft.conversation_id, Message.seq.between(first, draft.basis_seq), masks=masks)


def _heard(session: Session, conversation_id: int, which: ColumnElement[bool], *, masks: dict[str, str]) -> list[str]:
    found = session.scalars(
        select(Message.text)
        .where(Message.conversation_id == conversation_id, Message.direction == Direction.IN, which)
        .order_by(Message.sent_at, Message.seq)
        .limit(50)
    )
    return [personal_numbers.show(text, masks) for text in found]


def _lines(session: Session, conversation_id: int, *, by: int) -> list[Line]:
    names = staff.colleagues(session)
    masks = personal_numbers.masks(session, conversation_id)
    return [
        Line(
            text=personal_numbers.show(message.text, masks),
            at=message.sent_at,
            who=_who(message, names),
        )
        for message in conversations.messages(session, conversation_id, by=by, limit=LINES_AROUND)
    ]


def _who(message: Message, names: dict[int, str]) -> str | None:
    if message.direction is Direction.IN:
        return None
    return '系统' if message.author is Author.SYSTEM else names.get(message.staff_id or 0, '我们')


def _history(events: list[DraftEvent], names: dict[int, str], masks: dict[str, str]) -> tuple[Happened, ...]:
    merged: list[tuple[DraftEvent, int]] = []
    for event in events:
        last, times = merged[-1] if merged else (None, 0)
        if last and event.action == last.action == 'edited' and event.staff_id == last.staff_id:
            merged[-1] = (event, times + 1)
        else:
            merged.append((event, 1))
    return tuple(
        Happened(
            at=event.at,
            action=event.action,
            who=names.get(event.staff_id) if event.staff_id else None,
            note=personal_numbers.show(event.note, masks) if event.note else None,
            content=personal_numbers.show(event.content, masks) if event.content else None,
            times=times,
        )
        for event, times in merged
    )
