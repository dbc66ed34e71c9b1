"""A tutoring school to look around in: staff, students, knowledge and past conversations. Never in production."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import conversations, evaluation_cases, knowledge, materials, media_files, scripts, staff, students, turns
from console.calendar import today
from console.enrolments import EnrolmentFields
from console.guardians import GuardianFields
from models import (
    Author,
    Channel,
    Contact,
    Conversation,
    Direction,
    Role,
    Staff,
    Stage,
    Student,
    StudentGuardian,
    utc_now,
)

FOLDER = Path(__file__).parent

ACCOUNTS = (
    ('demo.agent', '周顾问', Role.AGENT, 'ZhouGuWen'),
    ('demo.supervisor', '林主管', Role.SUPERVISOR, 'LinZhuGuan'),
    ('demo.tester', '何测试', Role.TESTER, 'HeCeShi'),
    ('demo.admin', '陈管理员', Role.ADMIN, 'ChenGuanLi'),
)
"""Name to sign in with, name, role, and who they are in the sandbox's WeCom."""
OLD_SCRIPTS_USER = 'test'
"""The `external_userid` that the scripts of the system before this one use."""


def load(session: Session) -> bool:
    """Fill a console without students; False if there is anything in it already."""
    if present(session) or session.scalar(select(Student.id).limit(1)):
        return False
    for username, name, role, wecom_userid in ACCOUNTS:
        staff.create(
            session,
            username=username,
            name=name,
            role=role,
            password_hash=None,
            wecom_userid=wecom_userid,
            by=None,
            demo=True,
        )
    knowledge.put(session, [_entry(entry) for entry in _read('knowledge')], by=None)
    for given in _read('scripts'):
        scripts.save(session, given['title'], given['text'], group=given['group'], by=None).uses = given['uses']
    for given in _read('evaluation'):
        record = given.pop('record', {})
        evaluation_cases.add(session, **given, by=None).record = record
    for given in _read('materials'):
        content = (FOLDER / 'materials' / given['file']).read_bytes()
        name = f'{given["name"]}{Path(given["file"]).suffix}'
        stored = media_files.store(content, name, given['kind'])
        materials.add(session, stored, given['kind'], name=given['name'], group=given['group'], by=None)
    people = {given['name']: _student(session, given) for given in _read('students')}
    for number, past in enumerate(_read('conversations')):
        _conversation(session, people[past['student']], past, taken=number % 2 == 0)
    first = next(iter(people.values()))
    _contact(session, first, OLD_SCRIPTS_USER, kinship=None)
    return True


def present(session: Session) -> bool:
    """Whether there is a demo account."""
    return session.scalar(select(Staff.id).where(Staff.demo.is_(True)).limit(1)) is not None


def account(session: Session, role: Role) -> Staff | None:
    """The demo account of this role."""
    return session.scalar(select(Staff).where(Staff.demo.is_(True), Staff.role == role, Staff.active.is_(True)))


def colleagues(session: Session) -> dict[str, str]:
    """Names of the demo accounts that have somebody in the sandbox's WeCom, by her id there."""
    rows = select(Staff.wecom_userid, Staff.name).where(Staff.demo.is_(True), Staff.wecom_userid.is_not(None))
    return {userid: name for userid, name in session.execute(rows) if userid}


def questions() -> list[str]:
    """What parents might ask this school, for trying it out."""
    return [given['question'] for given in _read('questions')]


def _read(name: str) -> Any:
    return json.loads((FOLDER / f'{name}.json').read_text(encoding='utf-8'))


def _in_days(days: int | None) -> date | None:
    return None if days is None else today() + timedelta(days=days)


def _ago(days: int | None) -> date | None:
    return None if days is None else _in_days(-days)


def _entry(given: dict[str, Any]) -> knowledge.Entry:
    return knowledge.Entry(
        external_key=given['external_key'],
        question=given['question'],
        variants=given['variants'],
        answer=given['answer'],
        facts=given['facts'],
        valid_until=_in_days(given.get('valid_in_days')),
        owner=given.get('owner'),
    )


def _student(session: Session, given: dict[str, Any]) -> Student:
    plain = ('name', 'gender', 'birth_month', 'grade', 'school', 'source', 'tags', 'notes', 'attendance_rate')
    return students.create(
        session,
        students.StudentFields(
            **{name: given[name] for name in plain},
            stage=Stage(given['stage']),
            performance=given['performance'],
            enrolled_on=_ago(given['enrolled_days_ago']),
        ),
        by=None,
        guardians=[
            GuardianFields(
                name=one['name'],
                kinship=one['relationship'],
                phone=one['phone'],
                wechat=one['wechat'],
                consent_on=_ago(one['consent_days_ago']),
            )
            for one in sorted(given['guardians'], key=lambda one: not one['primary'])
        ],
        enrolments=[
            EnrolmentFields(
                course=one['course'],
                teacher=one['teacher'],
                class_time=one['class_time'],
                lessons_total=one['lessons_total'],
                lessons_used=one['lessons_used'],
                valid_until=_in_days(one['valid_in_days']),
            )
            for one in given['enrolments']
        ],
    )


def _contact(session: Session, student: Student, external_userid: str, *, kinship: str | None) -> Conversation:
    conversation = conversations.ensure(session, Channel.SIMULATE, external_userid)
    links = session.scalars(
        select(StudentGuardian).where(StudentGuardian.student_id == student.id).order_by(StudentGuardian.position)
    ).all()
    link = next((one for one in links if one.kinship == kinship), links[0] if links else None)
    contact = session.get_one(Contact, conversation.contact_id)
    contact.student_id = student.id
    contact.guardian_id = link.guardian_id if link else None
    return conversation


def _conversation(session: Session, student: Student, past: dict[str, Any], *, taken: bool) -> None:
    conversation = _contact(session, student, past['external_userid'], kinship=past['guardian'])
    agent = account(session, Role.AGENT)
    conversation.assignee_id = agent.id if agent and taken else None
    for line in past['lines']:
        at = utc_now() - timedelta(days=past['days_ago'], minutes=line['minutes'])
        parent = line['who'] == 'parent'
        message = conversations.add_message(
            session,
            conversation,
            direction=Direction.IN if parent else Direction.OUT,
            author={'parent': Author.PARENT, 'ai': Author.AI}.get(line['who'], Author.STAFF),
            staff_id=None if parent or agent is None else agent.id,
            text=line['text'],
            sent_at=at,
        )
        message.created_at = conversation.last_message_at = at
        if parent:
            conversation.last_inbound_seq = message.seq
            conversation.unread += 1
        else:
            conversation.unread = 0
    session.flush()
    conversations.recount(session, conversation)
    if conversation.waiting_since is not None:
        turns.open_turn(session, conversation)
