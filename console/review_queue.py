"""What waits for a decision, the longest first: pending drafts, and parents for whom none could be written."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from console import conversations, personal_numbers, staff
from models import (
    Channel,
    Contact,
    Conversation,
    ConversationStatus,
    Draft,
    DraftStatus,
    Staff,
    Student,
    StudentGuardian,
    Turn,
    TurnStatus,
    utc_now,
)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A row of the queue: a pending draft, or (`draft_id` None) a parent for whom none could be written.

    `checks` are the kinds and levels found in the draft. `held_by` names another person who is looking at it.
    """

    conversation_id: int
    draft_id: int | None
    turn_id: int | None
    title: str
    question: str
    since: datetime
    channel: Channel
    checks: tuple[tuple[str, str], ...] = ()
    needs_human: bool = False
    by_hand: bool = False
    held_by: str | None = None

    @property
    def key(self) -> tuple[str, int | None]:
        return ('draft', self.draft_id) if self.draft_id is not None else ('turn', self.turn_id)


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A page of the queue, the longest waiting first, and how many there are in all."""

    rows: list[Waiting]
    total: int


_holder = aliased(Staff)
_since = func.coalesce(Conversation.waiting_since, Draft.created_at)


def queue(session: Session, *, by: int, limit: int = 50, after: tuple[datetime, int] | None = None) -> Queue:
    """What waits, oldest first. `after` is (since, conversation_id) of the last row of the page before.

    Raises `NotAllowed`.
    """
    member = staff.require(session, by, staff.Action.REVIEW)
    query = _rows(member)
    if after is not None:
        since, conversation_id = after
        query = query.where(or_(_since > since, and_(_since == since, Conversation.id > conversation_id)))
    found = session.execute(query.order_by(_since, Conversation.id).limit(limit)).all()
    total = session.scalar(select(func.count()).select_from(_rows(member).order_by(None).subquery())) or 0
    return Queue(rows=[_waiting(session, row, by) for row in found], total=total)


def _rows(member: Staff) -> Select[Any]:
    latest = select(func.max(Turn.id)).where(Turn.conversation_id == Conversation.id).correlate(Conversation)
    pending = select(Draft.conversation_id).where(Draft.status == DraftStatus.PENDING)
    failed = (
        select(Conversation.id)
        .join(Turn, Turn.id == latest.scalar_subquery())
        .where(
            Conversation.status == ConversationStatus.WAITING,
            Conversation.taken_over.is_(False),
            Turn.status == TurnStatus.FAILED,
        )
    )
    return (
        select(
            Conversation,
            Contact,
            Draft,
            latest.scalar_subquery().label('turn_id'),
            Student.name.label('student_name'),
            StudentGuardian.kinship,
            _holder.name.label('holder'),
            _since.label('since'),
        )
        .join(Contact, Contact.id == Conversation.contact_id)
        .outerjoin(Draft, and_(Draft.conversation_id == Conversation.id, Draft.status == DraftStatus.PENDING))
        .outerjoin(_holder, _holder.id == Draft.held_by_id)
        .outerjoin(Student, Student.id == Contact.student_id)
        .outerjoin(
            StudentGuardian,
            and_(
                StudentGuardian.student_id == Contact.student_id,
                StudentGuardian.guardian_id == Contact.guardian_id,
            ),
        )
        .where(Conversation.id.in_(pending.union(failed)), staff.sees_conversations(member))
    )


def _waiting(session: Session, row: Any, by: int) -> Waiting:
    conversation: Conversation = row.Conversation
    draft: Draft | None = row.Draft
    question = draft.customer_message if draft else conversation.last_message_text
    if '⟦' in question:
        question = personal_numbers.show(question, personal_numbers.masks(session, conversation.id))
    found = {(check['kind'], check['level']): None for check in draft.checks} if draft else {}
    return Waiting(
        conversation_id=conversation.id,
        draft_id=draft.id if draft else None,
        turn_id=None if draft else row.turn_id,
        title=conversations.title_of(row.Contact, row.student_name, row.kinship),
        question=(question.strip().splitlines() or [''])[0][: conversations.LINE_IN_LIST],
        since=row.since,
        channel=conversation.channel,
        checks=tuple(found),
        needs_human=draft.needs_human if draft else False,
        by_hand=draft.author_id is not None if draft else False,
        held_by=row.holder if draft and held_by_another(draft, by) else None,
    )


def held_by_another(draft: Draft, by: int) -> bool:
    """Whether somebody else than `by` opened it within the last minutes."""
    return draft.held_by_id not in (None, by) and draft.held_until is not None and draft.held_until > utc_now()
