"""Staff accounts, and who may do and see what."""

import re
from collections.abc import Collection, Iterable
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, delete, false, func, or_, select, true
from sqlalchemy.orm import Session

from console import audit, signals, unique_keys
from console.errors import Conflict, Invalid, NotAllowed, NotFound
from models import Channel, Contact, Conversation, Role, Staff, StaffSession, Student

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 128
USERID = re.compile(r'[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}')
"""Of a member of the company itself, see developer.work.weixin.qq.com/document/path/90195, read 2026-11-24."""
COMMON_PASSWORDS = {'password1234', '123456789012', 'qwertyuiop12', 'admin1234567', 'edudesk12345', '111111111111'}


class Action(StrEnum):
    """What a role may be allowed. The value completes 您没有权限…"""

    SEE_CONVERSATIONS = '查看会话'
    PROPOSE_REPLY = '回复家长'  # what is written may need a release
    SEND_ALONE = '直接发送消息'
    TAKE_OVER = '接管会话'
    REVIEW = '审核草稿'
    SEE_STUDENTS = '查看学员'
    EDIT_STUDENTS = '修改学员资料'
    ERASE_STUDENTS = '删除学员'
    SEE_NUMBERS = '查看完整联系方式'
    SEE_KNOWLEDGE = '查看知识库'
    EDIT_KNOWLEDGE = '修改知识库'
    SIMULATE = '使用模拟面板'
    SEE_ALERTS = '查看告警'
    MANAGE_STAFF = '管理员工账号'
    SEE_SETTINGS = '查看系统设置'
    SEE_POLICY = '查看审核规则'
    EDIT_POLICY = '修改审核规则'
    STOP_AUTO = '停止自动回复'
    EDIT_PROMPTS = '修改提示词'
    SEE_REPORTS = '查看报表'
    SEE_FAILED = '查看消息故障'
    DROP_FAILED = '放弃出故障的消息'


_EVERYONE = frozenset(Role)
_DESK = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN})
_LEAD = frozenset({Role.SUPERVISOR, Role.ADMIN})

ALLOWED: dict[Action, frozenset[Role]] = {
    Action.SEE_CONVERSATIONS: _EVERYONE,
    Action.PROPOSE_REPLY: _DESK,
    Action.SEND_ALONE: _LEAD,
    Action.TAKE_OVER: _DESK,
    Action.REVIEW: _LEAD,
    Action.SEE_STUDENTS: _DESK,
    Action.EDIT_STUDENTS: _DESK,
    Action.ERASE_STUDENTS: _LEAD,
    Action.SEE_NUMBERS: _LEAD,
    Action.SEE_KNOWLEDGE: _EVERYONE,
    Action.EDIT_KNOWLEDGE: _LEAD,
    Action.SIMULATE: frozenset({Role.TESTER}),  # in production; see `open_simulation`
    Action.SEE_ALERTS: _LEAD,
    Action.MANAGE_STAFF: frozenset({Role.ADMIN}),
    Action.SEE_SETTINGS: frozenset({Role.ADMIN}),
    Action.SEE_POLICY: _LEAD,
    Action.EDIT_POLICY: frozenset({Role.ADMIN}),
    Action.STOP_AUTO: _LEAD,
    Action.EDIT_PROMPTS: frozenset({Role.ADMIN}),
    Action.SEE_REPORTS: _LEAD,
    Action.SEE_FAILED: _LEAD,
    Action.DROP_FAILED: frozenset({Role.ADMIN}),
}
"""Every action and the roles that may do it. An action that is missing here is nobody's."""

open_simulation: bool = False
"""In development everyone may play a parent; set once by run.py."""


def may(role: Role, action: Action) -> bool:
    if action is Action.SIMULATE and open_simulation:
        return True
    return role in ALLOWED[action]


def require(session: Session, staff_id: int | None, action: Action | None = None) -> Staff:
    """Return the staff member; raise `NotAllowed` if they left or may not do `action`.

    Asked in the transaction that does the thing: an open page outlives a dismissal.
    """
    member = session.get(Staff, staff_id) if staff_id is not None else None
    if member is None or not member.active:
        raise NotAllowed
    if action is not None and not may(member.role, action):
        raise NotAllowed(action.value)
    return member


def sees_conversations(member: Staff) -> ColumnElement[bool]:
    """Which conversations this member may know of; a condition for a query that selects from `Conversation`."""
    match member.role:
        case Role.SUPERVISOR | Role.ADMIN:
            return true()
        case Role.AGENT:
            return _own_conversations(member)
        case Role.TESTER:
            return Conversation.channel == Channel.SIMULATE
    return false()


def sees_all_conversations(member: Staff | None) -> bool:
    """Whether nothing is hidden from this member; then what one such member sees, every other does."""
    return member is not None and member.active and member.role in _LEAD


def sees_students(member: Staff) -> ColumnElement[bool]:
    """Which students this member may know of; a condition for a query that selects from `Student`."""
    match member.role:
        case Role.SUPERVISOR | Role.ADMIN:
            return true()
        case Role.AGENT:
            return or_(Student.owner_id == member.id, Student.owner_id.is_(None))
    return false()


def sees_contacts(member: Staff) -> ColumnElement[bool]:
    """Which followed customers this member may know of; a condition for a query that selects from `Contact`."""
    match member.role:
        case Role.SUPERVISOR | Role.ADMIN:
            return true()
        case Role.AGENT:
            own = Contact.student_id.in_(select(Student.id).where(Student.owner_id == member.id))
            if member.wecom_userid is None:
                return own
            followed = Contact.channel == Channel.CONTACT, func.lower(Contact.account) == member.wecom_userid.lower()
            return or_(and_(*followed), own)
    return false()


def _own_conversations(member: Staff) -> ColumnElement[bool]:
    """An agent's: given to her, led by her in the WeCom client, of her students and customers, and nobody's.

    A chat of 客户联系 is between a colleague and her customer: it is never nobody's.
    """
    nobodys = and_(Conversation.assignee_id.is_(None), Conversation.channel != Channel.CONTACT)
    hers = Conversation.contact_id.in_(select(Contact.id).where(sees_contacts(member)))
    found = [Conversation.assignee_id == member.id, nobodys, hers]
    if member.wecom_userid is not None:
        found.append(func.lower(Conversation.servicer) == member.wecom_userid.lower())
    return or_(*found)


def by_ids(session: Session, ids: Collection[int]) -> dict[int, Staff]:
    return {one.id: one for one in session.scalars(select(Staff).where(Staff.id.in_(ids)))}


def everyone(session: Session, *, by: int) -> list[Staff]:
    """All accounts, the active first. Raises `NotAllowed`."""
    require(session, by, Action.MANAGE_STAFF)
    return list(session.scalars(select(Staff).order_by(Staff.active.desc(), Staff.id)))


def colleagues(session: Session) -> dict[int, str]:
    """Names by id, of all who ever worked here."""
    return {row.id: row.name for row in session.execute(select(Staff.id, Staff.name))}


def at_the_desk(session: Session) -> list[Staff]:
    """Active colleagues who answer parents, by name: to whom a conversation or a student may be given."""
    return list(
        session.scalars(
            select(Staff).where(Staff.active.is_(True), Staff.role.in_(_DESK)).order_by(Staff.name, Staff.id)
        )
    )


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Staff)) or 0


def create(
    session: Session,
    *,
    username: str,
    name: str,
    role: Role,
    password_hash: str | None,
    by: int | None,
    wecom_userid: str | None = None,
    campus: str | None = None,
    demo: bool = False,
) -> Staff:
    """Make an account. `by` None: the program itself or its command line.

    Raises `NotAllowed`, `Invalid` with the field, `Conflict` if the name is taken.
    """
    if by is not None:
        require(session, by, Action.MANAGE_STAFF)
    member = Staff(
        username=checked_username(username),
        name=_checked_name(name),
        role=role,
        password_hash=password_hash,
        wecom_userid=_checked_userid(session, wecom_userid or '', of=None),
        campus=(campus or '').strip() or None,
        demo=demo,
    )
    session.add(member)
    unique_keys.flush(session, Conflict('这个用户名或企业微信账号已被使用。', 'taken'))
    audit.record(session, 'create', 'staff', member.id, by=by, username=member.username, role=role)
    signals.announce(session, signals.staff_changed, member.id)
    return member


def username_of(session: Session, staff_id: int) -> str:
    """Raises `NotFound`."""
    username = session.scalar(select(Staff.username).where(Staff.id == staff_id))
    if username is None:
        raise NotFound('这个员工')
    return username


def by_wecom_userid(session: Session, userid: str) -> Staff | None:
    """Whose account this WeCom member has, active or not. WeCom does not tell upper from lower case."""
    return session.scalar(
        select(Staff)
        .where(func.lower(Staff.wecom_userid) == userid.lower())
        .order_by(Staff.active.desc(), Staff.id)
        .limit(1)
    )


def names_in_wecom(session: Session, userids: Iterable[str]) -> dict[str, str]:
    """The names of those among these WeCom members who have an account here, by the userid as given."""
    asked = {userid.casefold(): userid for userid in userids}
    rows = session.execute(
        select(Staff.wecom_userid, Staff.name)
        .where(func.lower(Staff.wecom_userid).in_(asked))
        .order_by(Staff.active, Staff.id.desc())
    )
    return {asked[userid.casefold()]: name for userid, name in rows if userid}


def create_first(session: Session, *, username: str, name: str, password_hash: str) -> Staff:
    """Make the administrator of a console that has no staff. Raises `Invalid`, `Conflict`."""
    if count(session):
        raise Conflict('已经有员工账号了，请直接登录。', 'not_first')
    return create(session, username=username, name=name, role=Role.ADMIN, password_hash=password_hash, by=None)


def change(
    session: Session,
    staff_id: int,
    *,
    by: int,
    name: str | None = None,
    role: Role | None = None,
    active: bool | None = None,
    wecom_userid: str | None = None,
    campus: str | None = None,
    approves_on_phone: bool | None = None,
) -> Staff:
    """Change what is given. A new role or a closed account ends the member's sign-ins.

    Raises `NotAllowed`, `NotFound`, `Invalid`; the last active administrator cannot be removed (`Conflict`).
    """
    require(session, by, Action.MANAGE_STAFF)
    member = session.get(Staff, staff_id)
    if member is None:
        raise NotFound('这个员工')
    before = {'name': member.name, 'role': member.role, 'active': member.active}
    loses_admin = member.role is Role.ADMIN and member.active and (role not in (None, Role.ADMIN) or active is False)
    if loses_admin and _other_admins(session, staff_id) == 0:
        raise Conflict('这是最后一位管理员，不能停用或改为其他角色。请先指定另一位管理员。', 'last_admin')
    if name is not None:
        member.name = _checked_name(name)
    if wecom_userid is not None:
        member.wecom_userid = _checked_userid(session, wecom_userid, of=staff_id)
    if campus is not None:
        member.campus = campus.strip() or None
    member.role = role if role is not None else member.role
    member.active = active if active is not None else member.active
    unique_keys.flush(session, Conflict('这个企业微信账号刚刚给了另一位同事。', 'taken', field='wecom_userid'))
    if (member.role, member.active) != (before['role'], before['active']):
        session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))
    if approves_on_phone is not None:
        approve_on_phone(session, staff_id, approves_on_phone, by=by)
    after = {'name': member.name, 'role': member.role, 'active': member.active}
    audit.record(session, 'change', 'staff', staff_id, by=by, before=before, after=after)
    signals.announce(session, signals.staff_changed, staff_id)
    return member


def approve_on_phone(session: Session, staff_id: int, on: bool, *, by: int) -> None:
    """Whether drafts come to this member's phone as WeCom cards, too. Everyone may say so for themselves.

    Raises `NotAllowed`, `NotFound`, and `Invalid` for who may not review or is not known in WeCom.
    """
    require(session, by, None if by == staff_id else Action.MANAGE_STAFF)
    member = session.get(Staff, staff_id)
    if member is None:
        raise NotFound('这个员工')
    if on and not may(member.role, Action.REVIEW):
        raise Invalid('approves_on_phone', '只有主管和管理员可以审批草稿。')
    if on and not member.wecom_userid:
        raise Invalid('approves_on_phone', '请先填写企业微信 userid，卡片才能发到手机上。')
    if member.approves_on_phone is not on:
        member.approves_on_phone = on
        audit.record(session, 'change', 'staff', staff_id, by=by, approves_on_phone=on)
        signals.announce(session, signals.staff_changed, staff_id)


def set_password(session: Session, staff_id: int, password_hash: str, *, by: int | None) -> None:
    """Set a new password and end the member's sign-ins. Everyone may set their own. Raises `NotAllowed`, `NotFound`."""
    if by is not None:
        require(session, by, None if by == staff_id else Action.MANAGE_STAFF)
    member = session.get(Staff, staff_id)
    if member is None:
        raise NotFound('这个员工')
    member.password_hash = password_hash
    session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))
    audit.record(session, 'set_password', 'staff', staff_id, by=by)
    signals.announce(session, signals.staff_changed, staff_id)


def checked_username(username: str) -> str:
    """Folded to lower case. Raises `Invalid`."""
    folded = username.strip().casefold()
    if not re.fullmatch(r'[a-z0-9][a-z0-9._@-]{1,63}', folded):
        raise Invalid('username', '用户名须为 2–64 位字母、数字或 . _ @ -，以字母或数字开头。')
    return folded


def checked_password(password: str, *, username: str = '') -> str:
    """Raises `Invalid`."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid('password', f'密码须为 {SHORTEST_PASSWORD}–{LONGEST_PASSWORD} 个字符。')
    folded = password.casefold()
    if folded in COMMON_PASSWORDS or len(set(folded)) < 5 or (username and folded == username.casefold()):
        raise Invalid('password', '这个密码太容易被猜到，请换一个。')
    return password


def _checked_userid(session: Session, userid: str, *, of: int | None) -> str | None:
    """As it was typed; None for nothing. Raises `Invalid`, and `Conflict` if it is somebody else's in any case."""
    userid = userid.strip()
    if not userid:
        return None
    if USERID.fullmatch(userid) is None:
        raise Invalid(
            'wecom_userid', '企业微信 userid 须为 1–64 位字母、数字或 _ - @ .，以字母或数字开头。它在通讯录里叫“账号”。'
        )
    other = by_wecom_userid(session, userid)
    if other is not None and other.id != of:
        raise Conflict(f'这个企业微信账号已属于{other.name}。', 'taken', field='wecom_userid')
    return userid


def _checked_name(name: str) -> str:
    name = ' '.join(name.split())
    if not 1 <= len(name) <= 40:
        raise Invalid('name', '姓名须为 1–40 个字符。')
    return name


def _other_admins(session: Session, staff_id: int) -> int:
    """How many there are beside this member. Locked: two who remove each other must not both succeed."""
    admins = select(Staff.id).where(Staff.role == Role.ADMIN, Staff.active.is_(True)).order_by(Staff.id)
    return len(set(session.scalars(admins.with_for_update())) - {staff_id})
