"""What a writer is told: the parent's turn, what came before, the student's record, the school's knowledge."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from console import follow_ups, knowledge, knowledge_shelf, policies, prompts, rosters, staff, terms, turns
from console.calendar import SCHOOL_TIME
from console.writing.context import Context, CourseFacts, Rulebook, Said, StudentFacts
from models import (
    Author,
    Contact,
    Conversation,
    Draft,
    Enrolment,
    Guardian,
    Message,
    Student,
    StudentGuardian,
    Turn,
    utc_now,
)

LINES_BEFORE = 20
ENTRIES = 5

school: str = '晨光教育'
"""Name of the school; set once by run.py."""


def for_turn(session: Session, turn_id: int) -> Context:
    """For a turn that is to be written to, with the knowledge found for it."""
    turn = session.get_one(Turn, turn_id)
    conversation = session.get_one(Conversation, turn.conversation_id)
    return _context(session, conversation, turn.first_seq, turn.basis_seq, instruction=turn.instruction)


def for_conversation(session: Session, conversation: Conversation) -> Context:
    """For whatever the parent said since we last spoke."""
    first = conversation.last_outbound_seq + 1
    return _context(session, conversation, first, conversation.last_inbound_seq)


def for_draft(session: Session, draft: Draft) -> Context:
    """As it was for the writer of this draft: what its sources name is known, too, if it may still be said."""
    first = session.scalar(select(Turn.first_seq).where(Turn.id == draft.turn_id)) or draft.basis_seq
    conversation = session.get_one(Conversation, draft.conversation_id)
    named = [int(found['ref']) for found in draft.sources if found['kind'] == 'knowledge' and found.get('ref')]
    return _context(session, conversation, first, draft.basis_seq, named=named)


def for_question(session: Session, question: str, contact: Contact | None) -> Context:
    """For a question that belongs to no message. Whether who asks may see the contact was asked before."""
    now = utc_now() + SCHOOL_TIME
    return Context(
        school=school,
        turn=(Said(who='parent', text=question, at=now),),
        student=_student(session, contact) if contact else None,
        knowledge=tuple(knowledge.search(session, question, limit=ENTRIES)),
        roster=rosters.of_school(session),
        now=now,
        **_manner(session),
    )


def for_trial(session: Session, question: str, *, by: int) -> Context:
    """For a question that somebody tries the knowledge with. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    return for_question(session, question, None)


def for_case(session: Session, question: str, student: StudentFacts | None, rulebook: Rulebook) -> Context:
    """For a question kept to try these rules on, with what the school knows today."""
    now = utc_now() + SCHOOL_TIME
    return Context(
        school=school,
        turn=(Said(who='parent', text=question, at=now),),
        student=student,
        knowledge=tuple(knowledge.search(session, question, limit=ENTRIES)),
        roster=rosters.of_school(session),
        now=now,
        **(_manner(session) | {'rulebook': rulebook}),
    )


def _manner(session: Session) -> dict[str, Any]:
    """How the school wants replies written, and the words it has of its own."""
    rules = policies.current(session)
    return {
        'rulebook': prompts.current(session),
        'tone': rules.tone,
        'language': rules.language,
        'vocabulary': terms.vocabulary(session),
    }


def _context(
    session: Session,
    conversation: Conversation,
    first_seq: int,
    basis_seq: int,
    *,
    instruction: str | None = None,
    named: list[int] | None = None,
) -> Context:
    lines = turns.lines(session, conversation.id, first_seq, basis_seq)
    oldest = min((line.seq for line in lines), default=first_seq)
    before = session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation.id, Message.seq < oldest)
        .order_by(Message.seq.desc())
        .limit(LINES_BEFORE)
    ).all()
    turn = tuple(_said(line) for line in lines)
    found = knowledge.search(session, '\n'.join(said.text for said in turn), limit=ENTRIES) if turn else []
    known = {entry.id for entry in found}
    found += [entry for entry in knowledge_shelf.valid_among(session, named or []) if entry.id not in known]
    contact = session.get_one(Contact, conversation.contact_id)
    return Context(
        school=school,
        turn=turn,
        history=tuple(_said(line) for line in reversed(before)),
        student=_student(session, contact),
        knowledge=tuple(found),
        instruction=instruction,
        roster=rosters.of_school(session),
        now=utc_now() + SCHOOL_TIME,
        **_manner(session),
    )


def _said(message: Message) -> Said:
    who = {Author.PARENT: 'parent', Author.AI: 'ai'}.get(message.author, 'staff')
    return Said(who=who, text=message.text, at=message.sent_at + SCHOOL_TIME)  # type: ignore[arg-type]


def _student(session: Session, contact: Contact) -> StudentFacts | None:
    student = (
        session.scalar(
            select(Student).where(Student.id == contact.student_id).options(selectinload(Student.enrolments))
        )
        if contact.student_id
        else None
    )
    if student is None:
        return None
    guardian = session.execute(
        select(Guardian.name, StudentGuardian.kinship)
        .join(StudentGuardian, StudentGuardian.guardian_id == Guardian.id)
        .where(StudentGuardian.student_id == student.id)
        .order_by((Guardian.id == contact.guardian_id).desc(), StudentGuardian.position)
        .limit(1)
    ).first()
    return StudentFacts(
        student_name=student.name,
        guardian_name=guardian.name if guardian else None,
        relationship=guardian.kinship if guardian else None,
        grade=student.grade,
        courses=tuple(_course(enrolment) for enrolment in student.enrolments),
        stage=student.stage,
        notes='\n'.join(filter(None, [*follow_ups.last_lines(session, student.id), student.notes])) or None,
    )


def _course(enrolment: Enrolment) -> CourseFacts:
    return CourseFacts(
        course=enrolment.course,
        teacher=enrolment.teacher,
        class_time=enrolment.class_time,
        lessons_left=enrolment.lessons_left,
        lessons_total=enrolment.lessons_total,
        valid_until=enrolment.valid_until,
    )
