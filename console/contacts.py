"""客户联系: which customer is whose in WeCom, kept as WeCom last told it. WeCom is where it is true; here is a copy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from console import audit, contact_matching, customer_welcomes, personal_numbers, signals, staff, tags
from console.database import insert_many_once
from console.errors import Conflict, NotFound
from console.wecom.contacts import Followed
from console.wecom.events import WeComEvent
from models import Channel, Contact, ContactWay, Staff, Student, Tag, utc_now

ADD_WAYS = {
    1: '扫描二维码',
    2: '搜索手机号',
    3: '名片分享',
    4: '群聊',
    5: '手机通讯录',
    6: '微信联系人',
    9: '搜索邮箱',
    10: '视频号',
    11: '日程参与人',
    12: '会议参与人',
    13: '微信好友',
    16: '获客链接',
    24: '对方申请添加',
    201: '同事分享',
    202: '管理员分配',
}
"""WeCom's add_way in words (path/92114); another number is kept as 其他方式."""

Pair = tuple[str, str]
"""A member's userid and the customer's external userid."""


@dataclass(frozen=True, kw_only=True)
class Customer:
    """One customer of one member, for the page."""

    contact: Contact
    member_name: str
    tags: list[Tag] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Circle:
    """Who follows a student's family: known to be it, and perhaps it."""

    followed: list[Customer]
    suggested: list[Customer]
    tags: list[Tag]  # all that may be given


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a change in WeCom is about, once it is known to be allowed."""

    contact_id: int
    userid: str
    external_userid: str
    remark: str | None


def heard(session: Session, said: WeComEvent) -> None:
    """A change of who has whom, as WeCom reports it (path/92130). What it leaves open is read from WeCom soon after."""
    userid, external_userid = said.fields.get('UserID'), said.fields.get('ExternalUserID')
    if not isinstance(userid, str) or not isinstance(external_userid, str) or not userid or not external_userid:
        return
    pair = userid, external_userid
    at = said.created_at or utc_now()
    match said.change:
        case 'add_external_contact' | 'add_half_external_contact':
            contact = _ensured(session, [pair])[pair]
            if contact.left_at is not None and contact.left_at > at:
                return
            state = said.fields.get('State')
            contact.followed_at, contact.left_at, contact.synced_at = at, None, None
            if isinstance(state, str) and state:
                contact.lead_source = _ways(session, [state]).get(state, contact.lead_source)
            contact_matching.take_over(session, [contact])
            customer_welcomes.say(session, contact, state=state, code=said.fields.get('WelcomeCode'), at=at)
        case 'edit_external_contact':
            contact = _ensured(session, [pair])[pair]
            contact.synced_at = None
        case 'del_external_contact' | 'del_follow_user':
            _gone(session, pair, at)
        case _:
            return
    signals.announce(session, signals.customers_changed, 0)


def keep(session: Session, found: Sequence[Followed], *, read_at: datetime) -> None:
    """Take over what WeCom told us, asked at `read_at`. What was learned or changed here later than that stays."""
    contacts = _ensured(session, [(one.userid, one.external_userid) for one in found])
    sources = _ways(session, [one.state for one in found if one.state])
    fresh: list[tuple[Contact, Followed]] = []
    for one in found:
        contact = contacts[one.userid, one.external_userid]
        if contact.synced_at is None or contact.synced_at <= read_at:
            _describe(contact, one, sources)
            contact.synced_at = read_at
            fresh.append((contact, one))
    session.flush()
    tags.replace(session, {contact.id: one.tag_ids for contact, one in fresh})
    contact_matching.match(session, [(contact, contact_matching.numbers_in(one)) for contact, one in fresh])
    for student_id in {contact.student_id for contact, _ in fresh if contact.student_id}:
        signals.announce(session, signals.student_changed, student_id)


def unseen(session: Session, userids: Sequence[str], *, since: datetime) -> int:
    """Customers of these members whom a whole reading, begun at `since`, did not find are gone; how many."""
    gone = session.execute(
        update(Contact)
        .where(
            Contact.channel == Channel.CONTACT,
            Contact.account.in_(userids),
            Contact.left_at.is_(None),
            Contact.synced_at < since,
        )
        .values(left_at=utc_now())
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def no_longer(session: Session, pair: Pair) -> None:
    """WeCom knows nothing of the two."""
    _gone(session, pair, utc_now())


def to_read(session: Session, *, limit: int) -> list[Pair]:
    """What is known not to be as WeCom has it, the oldest first."""
    rows = session.execute(
        select(Contact.account, Contact.external_userid)
        .where(Contact.channel == Channel.CONTACT, Contact.synced_at.is_(None), Contact.left_at.is_(None))
        .order_by(Contact.id)
        .limit(limit)
    )
    return [(userid, external_userid) for userid, external_userid in rows]


def let_be(session: Session, pair: Pair) -> None:
    """WeCom will not tell of these two; the next whole reading may."""
    session.execute(update(Contact).where(*_is(pair)).values(synced_at=utc_now()))


def count(session: Session) -> int:
    """How many customers our members have."""
    query = select(func.count(func.distinct(Contact.external_userid))).where(
        Contact.channel == Channel.CONTACT, Contact.left_at.is_(None)
    )
    return session.scalar(query) or 0


def of_student(session: Session, student_id: int, *, by: int) -> Circle:
    """Who follows the family of a student, as far as `by` may know. Raises `NotAllowed`, `NotFound`."""
    member = staff.require(session, by, staff.Action.SEE_STUDENTS)
    if session.scalar(select(Student.id).where(Student.id == student_id, staff.sees_students(member))) is None:
        raise NotFound('这位学员')
    mine = Contact.channel == Channel.CONTACT, staff.sees_contacts(member)
    known = session.scalars(
        select(Contact)
        .where(Contact.student_id == student_id, *mine)
        .order_by(Contact.left_at.is_not(None), Contact.followed_at)
    ).all()
    maybe_ids = contact_matching.suggested_for(session, student_id)
    maybe = session.scalars(
        select(Contact)
        .where(Contact.id.in_(maybe_ids), Contact.student_id.is_(None), Contact.left_at.is_(None), *mine)
        .order_by(Contact.id)
        .limit(10)
    ).all()
    return Circle(
        followed=_shown(session, known),
        suggested=_shown(session, maybe),
        tags=tags.everything(session),
    )


def search(session: Session, words: str, *, by: int, limit: int = 8) -> list[Customer]:
    """Customers that belong to no student yet, by a part of their name or remark. Raises `NotAllowed`."""
    member = staff.require(session, by, staff.Action.SEE_STUDENTS)
    words = words.strip()
    found = session.scalars(
        select(Contact)
        .where(
            Contact.channel == Channel.CONTACT,
            Contact.student_id.is_(None),
            Contact.left_at.is_(None),
            staff.sees_contacts(member),
            or_(Contact.name.contains(words, autoescape=True), Contact.remark.contains(words, autoescape=True)),
        )
        .order_by(Contact.followed_at.desc(), Contact.id.desc())
        .limit(limit)
    ).all()
    return _shown(session, found)


def link(session: Session, contact_id: int, student_id: int, *, by: int) -> None:
    """A person says: this customer belongs to the family of this student. Raises `NotAllowed`, `NotFound`."""
    member = staff.require(session, by, staff.Action.EDIT_STUDENTS)
    contact = _seen(session, contact_id, by=by)
    if session.scalar(select(Student.id).where(Student.id == student_id, staff.sees_students(member))) is None:
        raise NotFound('这位学员')
    contact_matching.link(session, contact, student_id, by=by)


def unlink(session: Session, contact_id: int, student_id: int, *, by: int) -> None:
    """A person says: not theirs. It is not offered for this student again. Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.EDIT_STUDENTS)
    contact = _seen(session, contact_id, by=by)
    contact_matching.unlink(session, contact, student_id, by=by)


def begin_change(session: Session, contact_id: int, *, by: int) -> Target:
    """May `by` change it, and what is it called in WeCom?

    From now until it is told how the change went, the copy counts as out of date: should this process vanish, the
    truth is read from WeCom. Raises `NotAllowed`, `NotFound`, `Conflict` if the two have left each other.
    """
    staff.require(session, by, staff.Action.EDIT_STUDENTS)
    contact = _seen(session, contact_id, by=by)
    if contact.left_at is not None:
        raise Conflict('这位客户与该成员已不是好友，不能修改。', 'left')
    contact.synced_at = None
    return Target(
        contact_id=contact.id,
        userid=contact.account,
        external_userid=contact.external_userid,
        remark=contact.remark,
    )


def remarked(session: Session, contact_id: int, remark: str, *, by: int) -> None:
    """WeCom has the new remark; now we have it, too."""
    contact = session.get_one(Contact, contact_id, with_for_update=True)
    contact.remark = personal_numbers.blotted(remark)
    changed(session, contact, 'contact_remark', by=by)


def retagged(session: Session, contact_id: int, add: Iterable[str], remove: Iterable[str], *, by: int) -> None:
    """WeCom has given and taken these tags."""
    contact = session.get_one(Contact, contact_id, with_for_update=True)
    names = tags.apply(session, contact_id, add=list(add), remove=list(remove))
    changed(session, contact, 'contact_tags', by=by, tags=names)


def changed(session: Session, contact: Contact, action: str, *, by: int, **detail: Any) -> None:
    contact.synced_at = utc_now()
    subject, subject_id = ('student', contact.student_id) if contact.student_id else ('contact', contact.id)
    audit.record(session, action, subject, subject_id, by=by, contact=contact.id, **detail)
    if contact.student_id:
        signals.announce(session, signals.student_changed, contact.student_id)


def _seen(session: Session, contact_id: int, *, by: int) -> Contact:
    member = staff.require(session, by, staff.Action.SEE_STUDENTS)
    contact = session.scalar(
        select(Contact)
        .where(Contact.id == contact_id, Contact.channel == Channel.CONTACT)
        .where(staff.sees_contacts(member))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if contact is None:
        raise NotFound('这位客户')
    return contact


def _shown(session: Session, found: Sequence[Contact]) -> list[Customer]:
    given = tags.of_contacts(session, [contact.id for contact in found])
    rows = session.execute(select(Staff.wecom_userid, Staff.name).where(Staff.wecom_userid.is_not(None)))
    names = {userid.casefold(): name for userid, name in rows if userid}
    return [
        Customer(
            contact=contact,
            member_name=names.get(contact.account.casefold(), contact.account),
            tags=given.get(contact.id, []),
        )
        for contact in found
    ]


def _gone(session: Session, pair: Pair, at: datetime) -> None:
    # Read before this moment, a page may still tell of the two: `synced_at` says that we know better.
    parted = update(Contact).where(*_is(pair), or_(Contact.followed_at.is_(None), Contact.followed_at <= at))
    session.execute(parted.values(left_at=at, synced_at=utc_now()))
    student_ids = session.scalars(select(Contact.student_id).where(*_is(pair), Contact.student_id.is_not(None)))
    for student_id in student_ids:
        signals.announce(session, signals.student_changed, student_id or 0)


def _is(pair: Pair) -> tuple[Any, ...]:
    return Contact.channel == Channel.CONTACT, Contact.account == pair[0], Contact.external_userid == pair[1]


def _ensured(session: Session, pairs: Sequence[Pair]) -> dict[Pair, Contact]:
    contacts = _known(session, pairs)
    if missing := sorted(set(pairs) - contacts.keys()):
        now = utc_now()
        insert_many_once(
            session,
            Contact,
            [
                {'channel': Channel.CONTACT, 'account': userid, 'external_userid': external_userid, 'created_at': now}
                for userid, external_userid in missing
            ],
        )
        contacts |= _known(session, missing)
    return contacts


def _known(session: Session, pairs: Sequence[Pair]) -> dict[Pair, Contact]:
    rows = session.scalars(
        select(Contact)
        .where(
            Contact.channel == Channel.CONTACT,
            Contact.external_userid.in_({external_userid for _, external_userid in pairs}),
            Contact.account.in_({userid for userid, _ in pairs}),
        )
        .order_by(Contact.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(contact.account, contact.external_userid): contact for contact in rows}


def _describe(contact: Contact, one: Followed, sources: dict[str, str]) -> None:
    contact.name = personal_numbers.blotted(one.name) if one.name else contact.name
    contact.avatar_url = one.avatar_url
    contact.remark = personal_numbers.blotted(one.remark) if one.remark else None
    if one.state in sources:
        contact.lead_source = sources[one.state]
    elif contact.lead_source is None and one.add_way:
        contact.lead_source = ADD_WAYS.get(one.add_way, '其他方式')
    contact.followed_at = one.followed_at or contact.followed_at
    contact.left_at = None


def _ways(session: Session, states: Sequence[str]) -> dict[str, str]:
    if not states:
        return {}
    rows = session.scalars(select(ContactWay).where(ContactWay.state.in_(set(states))))
    return {way.state: way.name for way in rows}
