"""What the school decided about replies: who may release which, where the AI answers alone, when it is quiet."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import audit, channel_names, customer_welcomes, signals, staff
from console.calendar import SCHOOL_TIME
from console.database import insert_once
from console.errors import Conflict, ConsoleError, Invalid, NotAllowed
from console.writing.intents import NAMES
from models import Channel, Conversation, Draft, Policy, Role, Staff, utc_now

RISKY = {'money': '金额', 'refund': '退费', 'complaint': '投诉'}
"""Risks that wait for an administrator where the school wants that."""

ALONE_ON = {one: channel_names.NAMES[one] for one in (Channel.KF, Channel.APP, Channel.SIMULATE)}
"""Channels on which the console itself sends; in a colleague's own chat only she can."""

ALONE_FOR = {intent: name for intent, name in NAMES.items() if intent not in ('complaint', 'refund', 'other')}
"""What may be allowed at all: complaints, refunds and what we do not understand are for people, always."""

HIGHEST_CAP = 1000
LONGEST = {'tone': 200, 'language': 60}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The policy as it is now. The defaults hold while nobody decided otherwise."""

    version: int = 1
    agents_approve: str = 'none'
    own_drafts: bool = True
    risky_by_admin: bool = False
    auto_on: bool = False
    auto_channels: tuple[str, ...] = ()
    auto_intents: tuple[str, ...] = ()
    auto_daily_cap: int = 50
    quiet_from: time | None = None
    quiet_until: time | None = None
    tone: str | None = None
    language: str | None = None
    welcome_text: str | None = None

    def quiet(self, at: datetime | None = None) -> bool:
        """Whether these are quiet hours where the school is; they may go over midnight."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        now = ((at or utc_now()) + SCHOOL_TIME).time()
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= now < self.quiet_until
        return now >= self.quiet_from or now < self.quiet_until


class NotReleasable(ConsoleError):
    """The school's rules want somebody else to release this draft."""

    http_status = 403
    reason = 'policy'


def current(session: Session) -> Rules:
    """What holds now."""
    return _rules(session.get(Policy, 1, populate_existing=True))


def current_locked(session: Session) -> Rules:
    """What holds now, and goes on to hold until this transaction has ended."""
    _make(session)
    return _rules(session.get(Policy, 1, with_for_update=True, populate_existing=True))


def seen(session: Session, *, by: int) -> tuple[Rules, str | None, datetime | None]:
    """The rules, and by whom and when they were last changed. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_POLICY)
    row = session.get(Policy, 1)
    who = session.get(Staff, row.updated_by_id) if row and row.updated_by_id else None
    return _rules(row), who.name if who else None, row.updated_at if who and row else None


def change(session: Session, *, version: int, by: int, **changed: Any) -> Rules:
    """Change the named fields of `Rules`, if `version` is still the current one.

    Supervisors may do one thing: stop all automatic replies, whichever the version is. Stopping takes back at once
    what the AI released alone and nobody has sent yet. Raises `NotAllowed`, `Invalid`, `Conflict`.
    """
    from console import auto_answers  # it releases drafts, and those ask us who may

    stops = changed == {'auto_on': False}
    staff.require(session, by, staff.Action.STOP_AUTO if stops else staff.Action.EDIT_POLICY)
    if changed.get('auto_on') is False:
        auto_answers.lock_released(session)  # conversations before the rules, as whoever answers alone does
    before = current_locked(session)
    if version != before.version and not stops:
        raise Conflict('刚有同事改过审核规则，您的还没有保存。请看过最新的规则再改。', 'version')
    wanted = _checked(asdict(before) | {name: _trimmed(value) for name, value in changed.items()})
    differs = {name for name, value in wanted.items() if value != getattr(before, name)}
    if not differs:
        return before
    row = session.get_one(Policy, 1)
    for name in differs:
        value = wanted[name]
        setattr(row, name, list(value) if isinstance(value, tuple) else value)
    row.version, row.updated_by_id, row.updated_at = before.version + 1, by, utc_now()
    session.flush()
    told = {name: {'before': _plain(getattr(before, name)), 'after': _plain(wanted[name])} for name in sorted(differs)}
    audit.record(session, 'change', 'policy', 1, by=by, **told)
    if before.auto_on and not row.auto_on:
        auto_answers.take_back_released(session, by=by)
    signals.announce(session, signals.policy_changed, row.version)
    return _rules(row)


def reviewer(session: Session, by: int) -> Staff:
    """The member, if they may decide over drafts at all: by role, or agents where the school allows it.

    Which drafts is for `may_release` to say. Raises `NotAllowed`.
    """
    member = staff.require(session, by)
    if not may_review(session, member):
        raise NotAllowed(staff.Action.REVIEW.value)
    return member


def may_review(session: Session, member: Staff) -> bool:
    """Whether there can be drafts this member may release."""
    if staff.may(member.role, staff.Action.REVIEW):
        return True
    return member.role is Role.AGENT and current(session).agents_approve == 'plain'


def may_release(session: Session, member: Staff, draft: Draft) -> str | None:
    """Why this member may not release this draft as it is now, for the person at the screen; None: she may."""
    rules = current(session)
    if not staff.may(member.role, staff.Action.REVIEW):
        if member.role is not Role.AGENT or rules.agents_approve != 'plain':
            return '按审核规则，草稿由主管或管理员放行。'
        if draft.risk != 'none' or draft.checks or draft.needs_human:
            return '这份草稿有风险或检查项，按审核规则由主管或管理员放行。'
        seen = select(Conversation.id).where(Conversation.id == draft.conversation_id, staff.sees_conversations(member))
        if session.scalar(seen) is None:
            return '这不是您负责的会话，按审核规则由主管或管理员放行。'
    if draft.author_id == member.id and not rules.own_drafts:
        return '这是您自己写的回复，按审核规则须由另一位同事放行。'
    if draft.risk in RISKY and rules.risky_by_admin and member.role is not Role.ADMIN:
        return f'这份草稿涉及{RISKY[draft.risk]}，按审核规则只有管理员可以放行。'
    return None


def require_release(session: Session, member: Staff, draft: Draft) -> None:
    """Raises `NotReleasable` with the reason."""
    if why := may_release(session, member, draft):
        raise NotReleasable(why)


def _make(session: Session) -> None:
    """The row, where there is none yet."""
    if session.get(Policy, 1) is None:
        insert_once(session, Policy, [{'id': 1, 'version': 1}])


def _rules(row: Policy | None) -> Rules:
    if row is None:
        return Rules()
    values: dict[str, Any] = {one.name: getattr(row, one.name) for one in fields(Rules)}
    values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return Rules(**values)


def _trimmed(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    return tuple(dict.fromkeys(value)) if isinstance(value, (list, tuple, set)) else value


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    if wanted['agents_approve'] not in ('none', 'plain'):
        raise Invalid('agents_approve', '请选择客服可以放行的范围。')
    for name, known in (('auto_channels', ALONE_ON), ('auto_intents', ALONE_FOR)):
        if unknown := [one for one in wanted[name] if one not in known]:
            raise Invalid(name, f'这里不能选择“{NAMES.get(unknown[0], unknown[0])}”。')
    cap = wanted['auto_daily_cap']
    if not isinstance(cap, int) or not 1 <= cap <= HIGHEST_CAP:
        raise Invalid('auto_daily_cap', f'每天最多条数须为 1–{HIGHEST_CAP} 的整数。')
    if wanted['auto_on'] and not (wanted['auto_channels'] and wanted['auto_intents']):
        raise Invalid('auto_on', '开启自动回复前，请至少选择一个渠道和一类问题。')
    begins, ends = wanted['quiet_from'], wanted['quiet_until']
    if (begins is None) != (ends is None):
        raise Invalid('quiet_until', '免打扰时段要同时填写开始和结束，或都留空。')
    if begins is not None and begins == ends:
        raise Invalid('quiet_until', '免打扰的开始和结束不能是同一时刻。')
    for name, longest in LONGEST.items():
        if len(wanted[name] or '') > longest:
            raise Invalid(name, f'最多 {longest} 个字。')
    wanted['welcome_text'] = customer_welcomes.checked(wanted['welcome_text'] or '')
    return wanted


def _plain(value: Any) -> Any:
    return value.strftime('%H:%M') if isinstance(value, time) else list(value) if isinstance(value, tuple) else value
