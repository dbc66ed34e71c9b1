"""话术: words that are sent often, the school's and one's own, with places for the names of whom they go to."""

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session, selectinload

from console import audit, conversations, group_names, signals, staff
from console.errors import Conflict, Invalid, NotFound
from models import Contact, Conversation, Draft, Script, Staff, Student, StudentGuardian, utc_now

LONGEST_TITLE = 40
LONGEST_TEXT = 2000
MOST_WORDS = 5

PLACEHOLDERS = ('{家长}', '{学员}', '{老师}')
"""Filled in from the record of whom the words go to. A name is looked for in this order: 王梦瑶妈妈 before 王梦瑶."""
_PLACEHOLDER = re.compile('|'.join(re.escape(one) for one in PLACEHOLDERS))
_BRACES = re.compile(r'\{[^{}\n]{0,20}\}')
_TOKEN = re.compile('[⟦⟧]')


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """All scripts that a member may change: what colleagues proposed, what is offered, what was put aside."""

    proposed: list[Script]
    offered: list[Script]
    aside: list[Script]


def find(session: Session, words: str, *, by: int, limit: int = 20) -> list[Script]:
    """Scripts of the school and of `by` that hold all of `words`, the most used first. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    conditions = [
        or_(*(column.icontains(word, autoescape=True) for column in (Script.title, Script.text, Script.group_name)))
        for word in words.split()[:MOST_WORDS]
    ]
    return list(
        session.scalars(
            select(Script)
            .where(Script.active.is_(True), _ours_or(by), *conditions)
            .order_by(Script.uses.desc(), Script.id)
            .limit(limit)
        )
    )


def everything(session: Session, *, by: int) -> Shelf:
    """For who keeps them: the school's all, of others' own only what they propose. Raises `NotAllowed`."""
    member = staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    edits = staff.may(member.role, staff.Action.EDIT_KNOWLEDGE)
    mine = _ours_or(by)
    found = session.scalars(
        select(Script)
        .where(or_(mine, Script.active.is_(False)) if edits else mine)
        .order_by(Script.group_name, Script.title, Script.id)
    ).all()
    return Shelf(
        proposed=[one for one in found if is_proposal(one)],
        offered=[one for one in found if one.active],
        aside=[one for one in found if not one.active and one.owner_id is None] if edits else [],
    )


def is_proposal(script: Script) -> bool:
    """Offered by a colleague to all; whose it is says who."""
    return not script.active and script.owner_id is not None


def may_change(script: Script, member: Staff) -> bool:
    """Whoever keeps the knowledge changes the school's and decides on proposals; everyone else only what is theirs."""
    if script.owner_id == member.id:
        return True
    return staff.may(member.role, staff.Action.EDIT_KNOWLEDGE) and (script.owner_id is None or is_proposal(script))


def used(session: Session, script_id: int, *, by: int) -> None:
    """Count one use, so that what is used much is found first. One that is gone meanwhile is no matter."""
    staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    session.execute(
        update(Script)
        .where(Script.id == script_id)
        .values(uses=Script.uses + 1, updated_at=Script.updated_at)
        .execution_options(synchronize_session=False)
    )


def save(session: Session, title: str, text: str, *, group: str = '', mine: bool = False, by: int | None) -> Script:
    """Add one for all, or one of one's own. `by` None: the program itself. Raises `NotAllowed`, `Invalid`."""
    if by is not None:
        staff.require(session, by, staff.Action.PROPOSE_REPLY if mine else staff.Action.EDIT_KNOWLEDGE)
    script = Script(
        title=_checked_title(title),
        text=_checked_text(text),
        group_name=group_names.checked(group),
        owner_id=by if mine else None,
        updated_by_id=by,
    )
    return _added(session, script, 'create', by=by)


def propose(
    session: Session, title: str, text: str, *, group: str = '', draft_id: int | None = None, by: int
) -> Script:
    """Offer one to all; it is found once it is accepted. The names a draft holds become placeholders.

    Raises `NotAllowed`, `NotFound`, `Invalid`.
    """
    staff.require(session, by, staff.Action.PROPOSE_REPLY)
    if draft_id is not None:
        draft = session.get(Draft, draft_id)
        if draft is None:
            raise NotFound('这条草稿')
        text = without_names(text, names_in(session, draft.conversation_id, by=by))
    script = Script(
        title=_checked_title(title),
        text=_checked_text(text),
        group_name=group_names.checked(group),
        owner_id=by,
        active=False,
        draft_id=draft_id,
        updated_by_id=by,
    )
    return _added(session, script, 'propose', by=by)


def accept(session: Session, script_id: int, *, by: int) -> Script:
    """A proposal, or one that was put aside, is the school's and found from now on. Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    script = _locked(session, script_id, by=by)
    if script.active:
        raise Conflict('这条话术已经在用。', 'closed')
    script.active, script.owner_id = True, None
    return _changed(session, script, 'accept', by=by)


def change(
    session: Session,
    script_id: int,
    *,
    title: str | None = None,
    text: str | None = None,
    group: str | None = None,
    by: int,
) -> Script:
    """Change what is given. Raises `NotAllowed`, `NotFound`, `Invalid`."""
    script = _locked(session, script_id, by=by)
    before = script.text
    if title is not None:
        script.title = _checked_title(title)
    if text is not None:
        script.text = _checked_text(text)
    if group is not None:
        script.group_name = group_names.checked(group)
    return _changed(session, script, 'change', by=by, before=before, after=script.text)


def put_aside(session: Session, script_id: int, *, by: int) -> None:
    """The school's is kept and can be taken up again; one's own is deleted, and a proposal is turned down.

    Raises `NotAllowed`, `NotFound`.
    """
    script = _locked(session, script_id, by=by)
    if script.owner_id is None:
        script.active = False
        _changed(session, script, 'put_aside', by=by)
        return
    audit.record(session, 'delete', 'script', script.id, by=by, title=script.title, text=script.text)
    session.delete(script)
    signals.announce(session, signals.scripts_changed, script_id)


def names_in(session: Session, conversation_id: int, *, by: int) -> dict[str, str]:
    """What the record says for each placeholder; one that is unknown or could be several is missing.

    Raises `NotAllowed`, `NotFound`.
    """
    conversations.seen(session, conversation_id, by=by)
    row = session.execute(
        select(Student, StudentGuardian.kinship)
        .join(Contact, Contact.student_id == Student.id)
        .join(Conversation, Conversation.contact_id == Contact.id)
        .outerjoin(
            StudentGuardian,
            (StudentGuardian.student_id == Student.id) & (StudentGuardian.guardian_id == Contact.guardian_id),
        )
        .where(Conversation.id == conversation_id)
        .options(selectinload(Student.enrolments))
    ).first()
    if row is None:
        return {}
    student, kinship = row
    teachers = {one.teacher for one in student.enrolments if one.teacher and one.lessons_left}
    found = {'{学员}': student.name}
    if kinship:
        found['{家长}'] = f'{student.name}{kinship}'
    if len(teachers) == 1:
        found['{老师}'] = f'{teachers.pop().removesuffix("老师")}老师'
    return found


def filled(text: str, names: dict[str, str]) -> str:
    """`text` with the names where they are known; other placeholders stay for a person to fill in."""
    return _PLACEHOLDER.sub(lambda place: names.get(place.group(), place.group()), text)


def without_names(text: str, names: dict[str, str]) -> str:
    """The reverse of `filled`: what was said to one family, made fit for all."""
    for place in PLACEHOLDERS:
        if place in names:
            text = text.replace(names[place], place)
    return text


def checked_filled(text: str) -> str:
    """`text`, if no placeholder is left in it. Raises `Invalid`."""
    if left := _PLACEHOLDER.findall(text):
        raise Invalid('content', f'还有没填的内容：{"、".join(dict.fromkeys(left))}。请填好或删去再发送。')
    return text


def _ours_or(by: int) -> ColumnElement[bool]:
    return or_(Script.owner_id.is_(None), Script.owner_id == by)


def _locked(session: Session, script_id: int, *, by: int) -> Script:
    member = staff.require(session, by)
    script = session.scalar(select(Script).where(Script.id == script_id).with_for_update())
    if script is None or (script.active and script.owner_id not in (None, by)):
        raise NotFound('这条话术')
    if not may_change(script, member):
        staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    return script


def _added(session: Session, script: Script, action: str, *, by: int | None) -> Script:
    session.add(script)
    session.flush()
    audit.record(session, action, 'script', script.id, by=by, title=script.title)
    signals.announce(session, signals.scripts_changed, script.id)
    return script


def _changed(session: Session, script: Script, action: str, *, by: int, **detail: str) -> Script:
    script.updated_by_id = by
    script.updated_at = utc_now()
    audit.record(session, action, 'script', script.id, by=by, title=script.title, **detail)
    signals.announce(session, signals.scripts_changed, script.id)
    return script


def _checked_title(title: str) -> str:
    title = ' '.join(title.split())
    if not 1 <= len(title) <= LONGEST_TITLE:
        raise Invalid('title', f'标题须为 1–{LONGEST_TITLE} 字。')
    return title


def _checked_text(text: str) -> str:
    text = text.replace('\r\n', '\n').replace('｛', '{').replace('｝', '}').strip()
    if not 1 <= len(text) <= LONGEST_TEXT:
        raise Invalid('text', f'内容须为 1–{LONGEST_TEXT} 字。')
    if _TOKEN.search(text):
        raise Invalid('text', '内容里有某位家长的号码（⟦…⟧），话术会发给其他家长，请删去。')
    for place in _BRACES.findall(text):
        if place not in PLACEHOLDERS:
            raise Invalid('text', f'不认识 {place}。可以用的有 {"、".join(PLACEHOLDERS)}。')
    return text
