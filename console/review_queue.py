"""What waits for a decision, the most urgent first: pending drafts, and parents for whom none could be written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased, contains_eager, load_only

from console import bulk_release, conversations, kf_window, personal_numbers, policies, reservations, staff, urgency
from console.kf_window import Window
from console.writing import intents
from models import (
    Channel,
    Contact,
    Conversation,
    Draft,
    DraftStatus,
    Staff,
    Student,
    StudentGuardian,
    Turn,
    utc_now,
)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What of the queue is shown; an empty one shows all. `agent`: given to her, or about a student of hers.

    `mine`: given to the reader, or held by her.
    """

    channel: Channel | None = None
    intent: str = ''
    risk: str = ''
    agent: int | None = None
    mine: bool = False

    @classmethod
    def read(cls, words: Mapping[str, Any]) -> 'Filters':
        """From an address or a saved view; what is not known there is left out."""
        channel, intent, risk, agent = (str(words.get(name) or '') for name in ('channel', 'intent', 'risk', 'agent'))
        return cls(
            channel=Channel(channel) if channel in set(Channel) else None,
            intent=intent if intent in intents.NAMES else '',
            risk=risk if risk in urgency.ALLOWANCES else '',
            agent=int(agent) if agent.isascii() and agent.isdigit() and len(agent) < 10 else None,
            mine=str(words.get('mine') or '') == '1',
        )

    @property
    def words(self) -> dict[str, str]:
        """The reverse of `read`: only what is set."""
        found = {
            'channel': self.channel or '',
            'intent': self.intent,
            'risk': self.risk,
            'agent': str(self.agent or ''),
            'mine': '1' if self.mine else '',
        }
        return {name: str(value) for name, value in found.items() if value}


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A row of the queue: a pending draft, or (`draft_id` None) a parent for whom none could be written.

    `review_by` is its place, see `urgency`. `checks` are the kinds and levels found in the draft. `plain` drafts may be
    released many at once. `held_by` names another person who has it open. `window` only where there is one.
    """

    conversation_id: int
    draft_id: int | None
    turn_id: int | None
    title: str
    question: str
    since: datetime
    review_by: datetime
    channel: Channel
    intent: str = ''
    risk: str = 'none'
    checks: tuple[tuple[str, str], ...] = ()
    plain: bool = False
    by_hand: bool = False
    held_by: str | None = None
    window: Window | None = None

    @property
    def key(self) -> tuple[str, int | None]:
        return ('draft', self.draft_id) if self.draft_id is not None else ('turn', self.turn_id)

    @property
    def place(self) -> tuple[datetime, int]:
        return self.review_by, self.conversation_id


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A page of the queue, the most urgent first, and how many there are in all."""

    rows: list[Waiting]
    total: int


NO_FILTERS = Filters()
_holder = aliased(Staff)


def queue(
    session: Session,
    *,
    by: int,
    filters: Filters = NO_FILTERS,
    limit: int = 50,
    after: tuple[datetime, int] | None = None,
) -> Queue:
    """What waits, the most urgent first. `after` is the `place` of the last row of the page before.

    Raises `NotAllowed`.
    """
    member = policies.reviewer(session, by)
    wanted = _wanted(member, filters)
    total = session.scalar(select(func.count()).select_from(Conversation).where(*wanted)) or 0
    if after is not None:
        wanted.append(tuple_(Conversation.review_by, Conversation.id) > tuple_(*after))
    order = Conversation.review_by, Conversation.id
    page = select(Conversation.id).where(*wanted).order_by(*order).limit(limit)
    found = session.execute(_rows().where(Conversation.id.in_(page)).order_by(*order)).all()
    talks = [row.Conversation.id for row in found if '⟦' in _question(row)]
    masks = personal_numbers.masks_of(session, talks) if talks else {}
    return Queue(rows=[_waiting(row, by, masks.get(row.Conversation.id, {})) for row in found], total=total)


def _wanted(member: Staff, filters: Filters) -> list[ColumnElement[bool]]:
    found = [Conversation.review_by.is_not(None), staff.sees_conversations(member)]
    if filters.channel is not None:
        found.append(Conversation.channel == filters.channel)
    if filters.intent:
        found.append(_with_draft(Draft.intent == filters.intent))
    if filters.risk:
        found.append(_with_draft(Draft.risk == filters.risk))
    if filters.agent is not None:
        theirs = select(Contact.id).join(Student, Student.id == Contact.student_id)
        found.append(
            or_(
                Conversation.assignee_id == filters.agent,
                Conversation.contact_id.in_(theirs.where(Student.owner_id == filters.agent)),
            )
        )
    if filters.mine:
        held = _with_draft(Draft.held_by_id == member.id, Draft.held_until > utc_now())
        found.append(or_(Conversation.assignee_id == member.id, held))
    return found


def _with_draft(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    return Conversation.id.in_(select(Draft.conversation_id).where(Draft.status == DraftStatus.PENDING, *which))


def _rows() -> Select[Any]:
    latest = select(func.max(Turn.id)).where(Turn.conversation_id == Conversation.id).correlate(Conversation)
    return (
        select(
            Conversation,
            Draft,
            latest.scalar_subquery().label('turn_id'),
            Student.name.label('student_name'),
            StudentGuardian.kinship,
            _holder.name.label('holder'),
        )
        .outerjoin(Draft, and_(Draft.conversation_id == Conversation.id, Draft.status == DraftStatus.PENDING))
        .join(Contact, Contact.id == Conversation.contact_id)
        .outerjoin(_holder, _holder.id == Draft.held_by_id)
        .outerjoin(Student, Student.id == Contact.student_id)
        .outerjoin(
            StudentGuardian,
            and_(
                StudentGuardian.student_id == Contact.student_id,
                StudentGuardian.guardian_id == Contact.guardian_id,
            ),
        )
        .options(
            contains_eager(Conversation.contact),
            load_only(
                Draft.intent,
                Draft.risk,
                Draft.checks,
                Draft.sources,
                Draft.needs_human,
                Draft.author_id,
                Draft.customer_message,
                Draft.held_by_id,
                Draft.held_until,
                Draft.created_at,
            ),
        )
    )


def _question(row: Any) -> str:
    words: str = row.Draft.customer_message if row.Draft else row.Conversation.last_message_text
    return words


def _waiting(row: Any, by: int, masks: dict[str, str]) -> Waiting:
    conversation: Conversation = row.Conversation
    draft: Draft | None = row.Draft
    question = personal_numbers.show(_question(row), masks).strip().splitlines() or ['']
    since = conversation.waiting_since or (draft.created_at if draft else conversation.last_message_at)
    given: dict[str, Any] = {}
    if draft is not None:
        given = {
            'intent': draft.intent or '',
            'risk': draft.risk,
            'checks': tuple({(check['kind'], check['level']): None for check in draft.checks}),
            'plain': bulk_release.is_plain(draft),
            'by_hand': draft.author_id is not None,
            'held_by': row.holder if reservations.is_anothers(draft, by) else None,
        }
    return Waiting(
        conversation_id=conversation.id,
        draft_id=draft.id if draft else None,
        turn_id=None if draft else row.turn_id,
        title=conversations.title_of(conversation.contact, row.student_name, row.kinship),
        question=question[0][: conversations.LINE_IN_LIST],
        since=since,
        review_by=conversation.review_by or since,
        channel=conversation.channel,
        window=kf_window.of(conversation) if conversation.channel is Channel.KF else None,
        **given,
    )
