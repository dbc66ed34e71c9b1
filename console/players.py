"""Whom a tester can play: parents who live in the sandbox and never reach the real WeCom."""

import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import conversations, signals, staff
from console.errors import Invalid
from models import Channel, Contact, Conversation, Student, StudentGuardian

LONGEST_NAME = 20


@dataclass(frozen=True, kw_only=True)
class Player:
    """`title` is what staff call the parent: 王梦瑶 · 妈妈."""

    userid: str
    title: str
    conversation_id: int


def everyone(session: Session) -> list[Player]:
    """All of them, the most recently heard first."""
    rows = session.execute(
        select(Contact, Conversation.id, Student.name, StudentGuardian.kinship)
        .join(Conversation, Conversation.contact_id == Contact.id)
        .outerjoin(Student, Student.id == Contact.student_id)
        .outerjoin(
            StudentGuardian,
            (StudentGuardian.student_id == Contact.student_id) & (StudentGuardian.guardian_id == Contact.guardian_id),
        )
        .where(Contact.channel == Channel.SIMULATE)
        .order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
    ).all()
    return [
        Player(
            userid=contact.external_userid,
            title=conversations.title_of(contact, student, kinship),
            conversation_id=conversation_id,
        )
        for contact, conversation_id, student, kinship in rows
    ]


def listed(session: Session, *, by: int) -> list[Player]:
    """`everyone`, for a person who may play them. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SIMULATE)
    return everyone(session)


def invite(session: Session, name: str, *, by: int) -> Player:
    """A new parent whom no student is linked to. Raises `NotAllowed`, `Invalid`."""
    staff.require(session, by, staff.Action.SIMULATE)
    name = ' '.join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid('name', f'称呼须为 1–{LONGEST_NAME} 个字。')
    userid = f'sim_{secrets.token_hex(4)}'
    conversation = conversations.ensure(session, Channel.SIMULATE, userid)
    session.get_one(Contact, conversation.contact_id).name = name
    signals.announce(session, signals.conversation_changed, conversation.id)
    return Player(userid=userid, title=name, conversation_id=conversation.id)
