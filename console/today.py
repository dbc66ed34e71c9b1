"""What is to be done now, and the day so far: the figures of the rail and of the dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, String, case, func, select
from sqlalchemy.orm import Session, joinedload

from console import (
    conversation_list,
    conversations,
    follow_ups,
    knowledge,
    notes,
    personal_numbers,
    policies,
    review_queue,
    snoozing,
    staff,
)
from console.conversation_list import Tab, Wanted
from console.conversations import Listed
from console.enrolments import FEW_LESSONS
from console.errors import ConsoleError
from console.follow_ups import Due
from console.reports_period import Period, as_text
from models import (
    UNDELIVERED,
    Alert,
    Contact,
    Conversation,
    ConversationStatus,
    Delivery,
    Direction,
    Draft,
    DraftStatus,
    Enrolment,
    KnowledgeEntry,
    Message,
    Staff,
    Student,
    StudentGuardian,
)

SHORT = 6
"""Rows of a short list."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many things want a person; 0 where the member may not know."""

    waiting: int
    drafts: int
    alerts: int
    named: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The day so far, from midnight where the school is; drafts are counted when they were decided.

    `hours`: messages in and out in each of the day's 24 hours.
    """

    hours: list[tuple[int, int]]
    untouched: int
    edited: int
    rejected: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of a short list: whom it is about, what was said, since when, and the draft that waits, if it is of one."""

    conversation_id: int
    title: str
    text: str
    at: datetime
    draft_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Ending:
    """A course that will soon be used up."""

    student_id: int
    student_name: str
    course: str
    lessons_left: int


@dataclass(frozen=True, kw_only=True)
class Today:
    """Short lists, and how long they really are."""

    named: list[Line]
    due: list[Line]
    waiting: list[Line]
    drafts: list[Line]
    failed: list[Line]
    failed_count: int
    ending: list[Ending]
    ending_count: int
    follow_ups: list[Due]
    follow_ups_count: int
    entries: list[KnowledgeEntry]  # that this member answers for and that run out soon
    entries_count: int
    figures: Figures
    reviews: bool  # whether this member may release drafts


def counts(session: Session, *, by: int) -> Counts:
    """Raises `NotAllowed`."""
    member = staff.require(session, by)
    waiting = select(func.count()).where(
        Conversation.status == ConversationStatus.WAITING, snoozing.awake(), staff.sees_conversations(member)
    )
    drafts = (
        select(func.count(Draft.id))
        .join(Conversation, Conversation.id == Draft.conversation_id)
        .where(Draft.status == DraftStatus.PENDING, staff.sees_conversations(member))
    )
    alerts = select(func.count()).select_from(Alert).where(Alert.closed_at.is_(None))
    return Counts(
        waiting=session.scalar(waiting) or 0,
        drafts=(session.scalar(drafts) or 0) if policies.may_review(session, member) else 0,
        alerts=(session.scalar(alerts) or 0) if staff.may(member.role, staff.Action.SEE_ALERTS) else 0,
        named=notes.count_naming(session, member),
    )


def counted(session: Session, asked: Sequence[int]) -> list[Counts | ConsoleError]:
    """The counts of each member who asks, or why there are none: what is hidden from nobody is counted once."""
    members = staff.by_ids(session, set(asked))
    leads = [one.id for one in members.values() if staff.sees_all_conversations(one)]
    found: dict[int, Counts | ConsoleError] = {}
    if leads:
        of_all, named = counts(session, by=leads[0]), notes.counts_naming(session, leads)
        found |= {lead: replace(of_all, named=named.get(lead, 0)) for lead in leads}
    for by in set(asked) - found.keys():
        try:
            found[by] = counts(session, by=by)
        except ConsoleError as refusal:
            found[by] = refusal
    return [found[by] for by in asked]


def look(session: Session, *, by: int) -> Today:
    """What this member should see first; lists they may not know of are empty. Raises `NotAllowed`."""
    member = staff.require(session, by)
    reviews = policies.may_review(session, member)
    waiting = conversation_list.page(session, by=by, wanted=Wanted(tab=Tab.WAITING), limit=SHORT)
    failed, failed_count = _failed(session, member)
    ending, ending_count = _ending(session, member)
    agreed, agreed_count = follow_ups.due(session, by=by, limit=SHORT)
    running_out, running_out_count = knowledge.ending_soon(session, by=by, limit=SHORT)
    return Today(
        named=[Line(**vars(one)) for one in notes.naming(session, by=by, limit=SHORT)],
        due=[_waiting_line(session, row) for row in snoozing.due(session, by=by, limit=SHORT)],
        waiting=[_waiting_line(session, row) for row in waiting],
        drafts=_drafts(session, by) if reviews else [],
        failed=failed,
        failed_count=failed_count,
        ending=ending,
        ending_count=ending_count,
        follow_ups=agreed,
        follow_ups_count=agreed_count,
        entries=running_out,
        entries_count=running_out_count,
        figures=_figures(session, member),
        reviews=reviews,
    )


def _waiting_line(session: Session, row: Listed) -> Line:
    conversation = row.conversation
    return Line(
        conversation_id=conversation.id,
        title=row.title,
        text=_shown(session, conversation.id, conversation.last_message_text),
        at=conversation.waiting_since or conversation.last_message_at,
    )


def _drafts(session: Session, by: int) -> list[Line]:
    rows = review_queue.queue(session, by=by, limit=SHORT).rows
    return [
        Line(
            conversation_id=row.conversation_id,
            title=row.title,
            text=row.question,
            at=row.since,
            draft_id=row.draft_id,
        )
        for row in rows
    ]


def _failed(session: Session, member: Staff) -> tuple[list[Line], int]:
    mine = (Delivery.status.in_(UNDELIVERED), staff.sees_conversations(member))
    joined = select(Delivery, Conversation, Message.text).join(
        Conversation, Conversation.id == Delivery.conversation_id
    )
    rows = session.execute(
        joined.join(Message, Message.id == Delivery.message_id)
        .where(*mine)
        .options(joinedload(Conversation.contact))
        .order_by(Delivery.id.desc())
        .limit(SHORT)
    ).all()
    total = session.scalar(
        select(func.count(Delivery.id)).join(Conversation, Conversation.id == Delivery.conversation_id).where(*mine)
    )
    lines = [
        Line(
            conversation_id=conversation.id,
            title=_title(session, conversation.contact),
            text=_shown(session, conversation.id, text),
            at=delivery.finished_at or delivery.created_at,
        )
        for delivery, conversation, text in rows
    ]
    return lines, total or 0


def _ending(session: Session, member: Staff) -> tuple[list[Ending], int]:
    left: ColumnElement[int] = Enrolment.lessons_total - Enrolment.lessons_used
    few = (Enrolment.lessons_total > 0, left <= FEW_LESSONS, staff.sees_students(member))
    rows = session.execute(
        select(Student.id, Student.name, Enrolment.course, left)
        .join(Enrolment, Enrolment.student_id == Student.id)
        .where(*few)
        .order_by(left, Student.name, Enrolment.id)
        .limit(SHORT)
    ).all()
    total = session.scalar(
        select(func.count(Enrolment.id)).join(Student, Student.id == Enrolment.student_id).where(*few)
    )
    found = [
        Ending(student_id=student_id, student_name=name, course=course, lessons_left=max(0, lessons))
        for student_id, name, course, lessons in rows
    ]
    return found, total or 0


def _figures(session: Session, member: Staff) -> Figures:
    midnight = Period.latest(1).span.start
    mine = staff.sees_conversations(member)
    hour = func.substr(as_text(Message.created_at), 12, 2, type_=String)
    said = session.execute(
        select(hour, Message.direction, func.count())
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.created_at >= midnight, mine)
        .group_by(hour, Message.direction)
    )
    spoken = {(int(at), direction): number for at, direction, number in said}
    first = midnight.hour  # in UTC, as the hours that were read
    rejected = Draft.status == DraftStatus.REJECTED
    as_written = Draft.content == Draft.original_content
    decided = session.execute(
        select(
            func.sum(case((~rejected & as_written, 1), else_=0)),
            func.sum(case((~rejected & ~as_written, 1), else_=0)),
            func.sum(case((rejected, 1), else_=0)),
        )
        .join(Conversation, Conversation.id == Draft.conversation_id)
        .where(Draft.decided_at >= midnight, Draft.status != DraftStatus.PENDING, mine)
    ).one()
    untouched, edited, refused = (number or 0 for number in decided)
    hours = [
        (spoken.get((at % 24, Direction.IN), 0), spoken.get((at % 24, Direction.OUT), 0))
        for at in range(first, first + 24)
    ]
    return Figures(hours=hours, untouched=untouched, edited=edited, rejected=refused)


def _title(session: Session, contact: Contact) -> str:
    known = session.execute(
        select(Student.name, StudentGuardian.kinship)
        .outerjoin(
            StudentGuardian,
            (StudentGuardian.student_id == Student.id) & (StudentGuardian.guardian_id == contact.guardian_id),
        )
        .where(Student.id == contact.student_id)
    ).first()
    return conversations.title_of(contact, *(known or (None, None)))


def _shown(session: Session, conversation_id: int, text: str) -> str:
    return personal_numbers.show(text, personal_numbers.masks(session, conversation_id)) if '⟦' in text else text
