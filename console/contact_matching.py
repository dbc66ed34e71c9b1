"""Which student's family a customer in WeCom belongs to: by another contact of theirs, by a number, or by a person."""

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from console import audit, guardians, signals
from console.crypto import cipher
from console.wecom.contacts import Followed
from models import AuditEntry, Channel, Contact, Conversation, Guardian, Student, StudentGuardian

MOBILE = re.compile(r'(?<!\d)(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)')
MOST_SUGGESTED = 5

Family = tuple[int, int | None]
"""A student, and which of their guardians."""


def numbers_in(one: Followed) -> frozenset[str]:
    """Blind indexes of the phone numbers the member noted down for this customer."""
    return frozenset(cipher().index(number) for number in (*one.mobiles, *MOBILE.findall(one.description)))


def match(session: Session, found: Sequence[tuple[Contact, frozenset[str]]]) -> None:
    """Link what can only be one student's; remember as a suggestion what may be several's."""
    loose = [(contact, indexes) for contact, indexes in found if contact.student_id is None]
    if not loose:
        return
    take_over(session, [contact for contact, _ in loose])
    loose = [(contact, indexes) for contact, indexes in loose if contact.student_id is None and indexes]
    if not loose:
        return
    families = _by_number(session, {index for _, indexes in loose for index in indexes})
    refused = _refused(session, [contact.id for contact, _ in loose])
    for contact, indexes in loose:
        could = {family for index in indexes for family in families.get(index, ())}
        could = {family for family in could if (contact.id, family[0]) not in refused}
        if len(could) == 1:
            _link(session, contact, could.pop(), by=None)
        elif could:
            _suggest(session, contact, {student_id for student_id, _ in could})
    session.flush()
    take_over(session, [contact for contact, _ in found])  # the same person with another member, without the number


def take_over(session: Session, contacts: Sequence[Contact]) -> None:
    """The same person, known through another member or account, is the same family's."""
    loose = [contact for contact in contacts if contact.student_id is None]
    rows = session.execute(
        select(Contact.external_userid, Contact.student_id, Contact.guardian_id).where(
            Contact.external_userid.in_({contact.external_userid for contact in loose}), Contact.student_id.is_not(None)
        )
    ).all()
    known: dict[str, dict[int, int | None]] = {}
    for external_userid, student_id, guardian_id in rows:
        families = known.setdefault(external_userid, {})
        families[student_id or 0] = guardian_id or families.get(student_id or 0)
    refused = _refused(session, [contact.id for contact in loose]) if known else set()
    for contact in loose:
        could = [one for one in known.get(contact.external_userid, {}).items() if (contact.id, one[0]) not in refused]
        if len(could) == 1:
            _link(session, contact, could[0], by=None)
        elif could:
            _suggest(session, contact, {student_id for student_id, _ in could})


def suggested_for(session: Session, student_id: int) -> list[int]:
    """Customers that may be this student's family: their number said so among others, or they are called like it."""
    noted = [
        int(entry.detail['contact'])
        for entry in session.scalars(
            select(AuditEntry).where(
                AuditEntry.subject == 'student',
                AuditEntry.subject_id == student_id,
                AuditEntry.action == 'contact_suggested',
            )
        )
    ]
    names = _names(session, student_id)
    called = or_(
        *(Contact.remark.contains(name, autoescape=True) for name in names),
        *(Contact.name.contains(name, autoescape=True) for name in names),
    )
    alike = (
        session.scalars(
            select(Contact.id)
            .where(Contact.channel == Channel.CONTACT, Contact.student_id.is_(None), called)
            .order_by(Contact.id)
            .limit(50)
        ).all()
        if names
        else []
    )
    could = list(dict.fromkeys([*noted, *alike]))
    refused = _refused(session, could)
    return [contact_id for contact_id in could if (contact_id, student_id) not in refused]


def link(session: Session, contact: Contact, student_id: int, *, by: int) -> None:
    """A person decided; the person's other contacts that belong to nobody follow."""
    guardian_id = session.scalar(
        select(StudentGuardian.guardian_id)
        .where(StudentGuardian.student_id == student_id)
        .order_by(StudentGuardian.position)
        .limit(1)
    )
    _link(session, contact, (student_id, guardian_id), by=by)
    session.flush()
    others = session.scalars(
        select(Contact).where(
            Contact.external_userid == contact.external_userid, Contact.student_id.is_(None), Contact.id != contact.id
        )
    ).all()
    take_over(session, others)


def unlink(session: Session, contact: Contact, student_id: int, *, by: int) -> None:
    if contact.student_id == student_id:
        contact.student_id = contact.guardian_id = None
    audit.record(session, 'contact_refused', 'contact', contact.id, by=by, student=student_id)
    audit.record(session, 'contact_unlinked', 'student', student_id, by=by, contact=contact.id)
    signals.announce(session, signals.student_changed, student_id)


def let_go(session: Session, student_id: int, *, by: int) -> None:
    """Before a student is erased: who has another child here is spoken of with that one, the others are deleted.

    With a contact goes all that was said with it.
    """
    contacts = session.scalars(
        select(Contact).where(Contact.student_id == student_id).order_by(Contact.id).with_for_update()
    )
    for contact in contacts.all():
        if family := _other_child(session, contact, student_id):
            _link(session, contact, family, by=by)
            continue
        for conversation_id in session.scalars(select(Conversation.id).where(Conversation.contact_id == contact.id)):
            signals.announce(session, signals.conversation_changed, conversation_id)
        session.delete(contact)
    session.flush()


def _other_child(session: Session, contact: Contact, student_id: int) -> Family | None:
    """With that child's own guardian: where siblings share no more than a number, this one's guardian is deleted too.

    A contact that is linked to no guardian may be any of the student's.
    """
    its_guardians = select(StudentGuardian.guardian_id).where(StudentGuardian.student_id == student_id)
    could_be = [contact.guardian_id] if contact.guardian_id is not None else session.scalars(its_guardians).all()
    if not could_be:
        return None
    refused = {other for _, other in _refused(session, [contact.id])}
    row = session.execute(
        select(StudentGuardian.student_id, Guardian.id)
        .join(Guardian, Guardian.id == StudentGuardian.guardian_id)
        .where(
            or_(*(guardians.same_person(session, one) for one in could_be)),
            StudentGuardian.student_id.not_in({student_id, *refused}),
        )
        .order_by(StudentGuardian.student_id, StudentGuardian.position)
        .limit(1)
    ).first()
    return (row.student_id, row.id) if row else None


def _link(session: Session, contact: Contact, family: Family, *, by: int | None) -> None:
    contact.student_id, contact.guardian_id = family
    audit.record(session, 'contact_linked', 'student', family[0], by=by, contact=contact.id)
    signals.announce(session, signals.student_changed, family[0])
    for conversation_id in session.scalars(select(Conversation.id).where(Conversation.contact_id == contact.id)):
        signals.announce(session, signals.conversation_changed, conversation_id)


def _suggest(session: Session, contact: Contact, student_ids: set[int]) -> None:
    for student_id in sorted(student_ids)[:MOST_SUGGESTED]:
        noted = session.scalars(
            select(AuditEntry.detail).where(
                AuditEntry.subject == 'student',
                AuditEntry.subject_id == student_id,
                AuditEntry.action == 'contact_suggested',
            )
        )
        if all(detail.get('contact') != contact.id for detail in noted):
            audit.record(session, 'contact_suggested', 'student', student_id, by=None, contact=contact.id)
            signals.announce(session, signals.student_changed, student_id)


def _by_number(session: Session, indexes: set[str]) -> dict[str, list[Family]]:
    if not indexes:
        return {}
    rows = session.execute(
        select(Guardian.phone_index, StudentGuardian.student_id, Guardian.id)
        .join(StudentGuardian, StudentGuardian.guardian_id == Guardian.id)
        .where(Guardian.phone_index.in_(indexes))
    )
    found: dict[str, list[Family]] = {}
    for index, student_id, guardian_id in rows:
        found.setdefault(index or '', []).append((student_id, guardian_id))
    return found


def _refused(session: Session, contact_ids: Iterable[int]) -> set[tuple[int, int]]:
    """(contact, student) of which a person said that they do not belong together."""
    rows = session.execute(
        select(AuditEntry.subject_id, AuditEntry.detail).where(
            AuditEntry.subject == 'contact',
            AuditEntry.subject_id.in_(list(contact_ids)),
            AuditEntry.action == 'contact_refused',
        )
    )
    return {(contact_id or 0, int(detail['student'])) for contact_id, detail in rows}


def _names(session: Session, student_id: int) -> list[str]:
    student = session.scalar(select(Student.name).where(Student.id == student_id))
    of_guardians = session.scalars(
        select(Guardian.name)
        .join(StudentGuardian, StudentGuardian.guardian_id == Guardian.id)
        .where(StudentGuardian.student_id == student_id)
    )
    return [name for name in {student, *of_guardians} if name and len(name) >= 2 and name != '家长']
