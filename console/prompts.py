"""The rules the model writes by: the ones that ship, the school's own versions, and which is current."""

import difflib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console import audit, signals, staff, unique_keys
from console.errors import Conflict, Invalid, NotFound
from console.writing import prompt
from console.writing.context import Rulebook
from models import EvaluationRun, PromptVersion

SHIPPED = prompt.SHIPPED
SHORTEST, LONGEST = 100, 8000
LONGEST_NOTE = 300
NEEDED = ('"reply"', '"sources"', '"needs_human"', 'parent_message')
"""What the reader of the model's answer relies on."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version as the page shows it. The newest finished run with it, if any, is `passed` of `cases`."""

    name: str
    rules: str
    note: str | None
    current: bool
    made_by: str | None
    made_at: datetime | None  # None: it ships
    passed: int | None = None
    cases: int | None = None


@dataclass(frozen=True)
class Line:
    kind: Literal['same', 'added', 'removed']
    text: str


def current(session: Session) -> Rulebook | None:
    """The school's current version; None: the one that ships."""
    row = session.execute(
        select(PromptVersion.name, PromptVersion.rules).where(PromptVersion.current.is_(True))
    ).one_or_none()
    return Rulebook(version=row.name, rules=row.rules) if row else None


def named(session: Session, name: str) -> Rulebook:
    """Raises `NotFound`."""
    if name == SHIPPED:
        return Rulebook(version=SHIPPED, rules=prompt.load().rules)
    row = session.scalar(select(PromptVersion).where(PromptVersion.name == name))
    if row is None:
        raise NotFound('这个提示词版本')
    return Rulebook(version=row.name, rules=row.rules)


def everything(session: Session, *, by: int) -> list[Version]:
    """All versions, the newest first, the shipped one last. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.EDIT_PROMPTS)
    names = staff.colleagues(session)
    rows = session.scalars(select(PromptVersion).order_by(PromptVersion.id.desc())).all()
    runs = _newest_runs(session)
    found = [
        Version(
            name=row.name,
            rules=row.rules,
            note=row.note,
            current=row.current,
            made_by=names.get(row.made_by_id or 0),
            made_at=row.created_at,
            passed=runs[row.name].passed if row.name in runs else None,
            cases=runs[row.name].cases if row.name in runs else None,
        )
        for row in rows
    ]
    shipped = runs.get(SHIPPED)
    return [
        *found,
        Version(
            name=SHIPPED,
            rules=prompt.load().rules,
            note='随系统提供',
            current=not any(row.current for row in rows),
            made_by=None,
            made_at=None,
            passed=shipped.passed if shipped else None,
            cases=shipped.cases if shipped else None,
        ),
    ]


def add(session: Session, *, rules: str, note: str, by: int) -> PromptVersion:
    """A new version, not current yet. `note` says what it is to do better. Raises `NotAllowed`, `Invalid`."""
    staff.require(session, by, staff.Action.EDIT_PROMPTS)
    rules = rules.replace('\r\n', '\n').strip()
    if not SHORTEST <= len(rules) <= LONGEST:
        raise Invalid('rules', f'提示词须为 {SHORTEST}–{LONGEST} 个字，现在 {len(rules)} 个字。')
    if missing := [word for word in NEEDED if word not in rules]:
        raise Invalid(
            'rules', f'缺少 {"、".join(missing)}：系统靠它们读懂模型的答复，请保留“输出的格式”和“资料的读法”。'
        )
    note = note.strip()
    if not 1 <= len(note) <= LONGEST_NOTE:
        raise Invalid('note', f'请用 1–{LONGEST_NOTE} 个字写明这一版要改进什么。')
    same = session.scalar(select(PromptVersion.name).where(PromptVersion.rules == rules))
    if same is not None or rules == prompt.load().rules:
        raise Invalid('rules', f'内容和 {same or SHIPPED} 完全相同。')
    row = PromptVersion(name=_next_name(session), rules=rules, note=note, made_by_id=by)
    session.add(row)
    unique_keys.flush(session, Conflict('刚有同事也保存了一个新版本，请再点一次保存。', 'taken'))
    audit.record(session, 'create', 'prompt', row.id, by=by, name=row.name)
    signals.announce(session, signals.policy_changed, 0)
    return row


def make_current(session: Session, name: str, *, by: int, reason: str = '') -> None:
    """Have every reply from now on written by this version. The shipped one is always there to go back to.

    Raises `NotAllowed`, `NotFound`, and `Invalid` for `reason` where it was never evaluated and none is given.
    """
    staff.require(session, by, staff.Action.EDIT_PROMPTS)
    rows = session.scalars(select(PromptVersion).order_by(PromptVersion.id).with_for_update()).all()
    wanted = next((row for row in rows if row.name == name), None)
    if wanted is None and name != SHIPPED:
        raise NotFound('这个提示词版本')
    before = next((row for row in rows if row.current), None)
    if before is wanted:
        return
    reason = reason.strip()[:200]
    if wanted is not None and not reason and name not in _newest_runs(session):
        raise Invalid('reason', f'{name} 还没有评测过。请先评测，或写明为什么现在就要启用。')
    if before is not None:
        before.current = False
        session.flush()
    if wanted is not None:
        wanted.current = True
        session.flush()
    told = {'before': before.name if before else SHIPPED, 'after': name, 'reason': reason or None}
    audit.record(session, 'make_current', 'prompt', wanted.id if wanted else None, by=by, **told)
    signals.announce(session, signals.policy_changed, 0)


def diff(before: str, after: str) -> list[Line]:
    """What became of the lines of one text in another."""
    kinds: dict[str, Literal['same', 'added', 'removed']] = {' ': 'same', '+': 'added', '-': 'removed'}
    found = difflib.ndiff(before.splitlines(), after.splitlines())
    return [Line(kinds[line[0]], line[2:]) for line in found if line[0] in kinds]


def _next_name(session: Session) -> str:
    taken = [int(found[1]) for name in session.scalars(select(PromptVersion.name)) if (found := _NAME.fullmatch(name))]
    return f'reply_v{max([1, *taken]) + 1}'


_NAME = re.compile(r'reply_v(\d+)')


def _newest_runs(session: Session) -> dict[str, EvaluationRun]:
    """The newest run that came to its end, of each version."""
    newest = (
        select(func.max(EvaluationRun.id))
        .where(EvaluationRun.finished_at.is_not(None), EvaluationRun.last_error.is_(None))
        .group_by(EvaluationRun.prompt_version)
    )
    return {
        run.prompt_version: run for run in session.scalars(select(EvaluationRun).where(EvaluationRun.id.in_(newest)))
    }
