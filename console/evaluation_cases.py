"""Questions the writer is held against: learnt from refused drafts, or written down. No child is named in them."""

import re
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import audit, dossiers, drafts, staff
from console.errors import Invalid, NotFound
from console.writing.context import Context, CourseFacts, StudentFacts
from console.writing.masking import Mask
from models import EvaluationCase

LONGEST = 2000
LONGEST_PIECE = 60
MOST_PIECES = 12
MOST_LISTED = 500
"""Each is a person's own doing and costs an answer at every try: a school with so many looks at the newest."""

OTHER_PUPIL = '某学员'
_FIGURE = re.compile(r'\d+(?:[:：.,]\d+)*')
_TOKEN = re.compile('⟦[^⟦⟧]*⟧')


def keep(
    session: Session, draft_id: int, *, by: int, expected: str | None = None, reason: str | None = None
) -> EvaluationCase:
    """Learn from a draft: its question, the record as it is now, what should have been said and why it was refused.

    Names become 学生甲 and 家长甲, numbers tokens. Every figure of `expected` must be said; a person may change that.
    The same draft again replaces its case. Raises `NotAllowed`, `NotFound`, `Invalid`.
    """
    staff.require(session, by, staff.Action.REVIEW)
    draft, _ = drafts.seen(session, draft_id, by=by)
    context = dossiers.for_draft(session, draft)
    asked = draft.customer_message or '\n'.join(said.text for said in context.turn)
    if not asked.strip():
        raise Invalid('question', '这份草稿没有家长的问题，不能存为测试用例。')
    hidden = _Hidden(context, asked, (expected or '').strip())
    case = session.scalar(select(EvaluationCase).where(EvaluationCase.draft_id == draft_id)) or EvaluationCase(
        draft_id=draft_id, made_by_id=by
    )
    case.question, case.expected, case.record = hidden.question, hidden.expected or None, hidden.record
    case.must_say = figures(hidden.expected)
    case.must_not_say, case.reason, case.active = [], (reason or '').strip()[:200] or None, True
    session.add(case)
    session.flush()
    audit.record(session, 'keep', 'evaluation_case', case.id, by=by, draft=draft_id)
    return case


def add(session: Session, question: str, *, by: int | None, **given: Any) -> EvaluationCase:
    """Write one down. `by` None: the demo school's own. Raises `NotAllowed`, `Invalid`."""
    if by is not None:
        staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    case = EvaluationCase(question=_worded('question', question), made_by_id=by)
    _set(case, **given)
    session.add(case)
    session.flush()
    if by is not None:
        audit.record(session, 'create', 'evaluation_case', case.id, by=by)
    return case


def change(session: Session, case_id: int, *, by: int, question: str, **given: Any) -> EvaluationCase:
    """Raises `NotAllowed`, `NotFound`, `Invalid`. `given`: expected, must_say, must_not_say."""
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    case = session.get(EvaluationCase, case_id)
    if case is None:
        raise NotFound('这个用例')
    case.question = _worded('question', question)
    _set(case, **given)
    audit.record(session, 'change', 'evaluation_case', case_id, by=by)
    return case


def put_aside(session: Session, case_id: int, aside: bool = True, *, by: int) -> None:
    """It is tried no more, or again. Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    case = session.get(EvaluationCase, case_id)
    if case is None:
        raise NotFound('这个用例')
    case.active = not aside
    audit.record(session, 'put_aside' if aside else 'take_up', 'evaluation_case', case_id, by=by)


def everything(session: Session, *, by: int) -> list[EvaluationCase]:
    """The cases, the active first, the newest first. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    listed = select(EvaluationCase).order_by(EvaluationCase.active.desc(), EvaluationCase.id.desc()).limit(MOST_LISTED)
    return list(session.scalars(listed))


def active(session: Session) -> list[EvaluationCase]:
    """Those that are tried, in their order."""
    return list(
        session.scalars(select(EvaluationCase).where(EvaluationCase.active.is_(True)).order_by(EvaluationCase.id))
    )


def student_of(case: EvaluationCase) -> StudentFacts | None:
    """The record as it was kept."""
    if not case.record:
        return None
    facts = dict(case.record)
    courses = tuple(
        CourseFacts(**(one | {'valid_until': date.fromisoformat(one['valid_until']) if one['valid_until'] else None}))
        for one in facts.pop('courses', [])
    )
    return StudentFacts(**facts, courses=courses)


def figures(text: str) -> list[str]:
    """The numbers of a text, each once, as they stand there."""
    return list(dict.fromkeys(_FIGURE.findall(_TOKEN.sub('', text))))[:MOST_PIECES]


def pieces(typed: str) -> list[str]:
    """What was typed into a field for words that must or must not be said: one a line."""
    return list(dict.fromkeys(filter(None, (line.strip() for line in (typed or '').splitlines()))))


class _Hidden:
    """A question and its answer without names or numbers."""

    def __init__(self, context: Context, question: str, expected: str) -> None:
        said = replace(context.turn[0], text=question) if context.turn else None
        student = replace(context.student, notes=None, stage=None) if context.student else None
        turn = (said,) if said else ()
        mask = Mask.of(replace(context, turn=turn, history=(), student=student, knowledge=(), instruction=expected))
        self._others = sorted((name for name in context.roster.pupils if len(name) > 1), key=len, reverse=True)
        self.question = self._without_others(mask.context.turn[0].text if said else question)
        self.expected = self._without_others(mask.context.instruction or '')
        self.record = _plain(mask.context.student) if mask.context.student else {}

    def _without_others(self, text: str) -> str:
        for name in self._others:
            text = text.replace(name, OTHER_PUPIL)
        return text


def _plain(student: StudentFacts) -> dict[str, Any]:
    facts = asdict(student)
    for course in facts['courses']:
        course['valid_until'] = course['valid_until'].isoformat() if course['valid_until'] else None
    return facts | {'courses': list(facts['courses'])}


def _set(
    case: EvaluationCase,
    *,
    expected: str | None = None,
    must_say: list[str] | None = None,
    must_not_say: list[str] | None = None,
) -> None:
    case.expected = _worded('expected', expected) if (expected or '').strip() else None
    for name, wanted in (('must_say', must_say), ('must_not_say', must_not_say)):
        words = list(wanted or [])
        if len(words) > MOST_PIECES or any(len(word) > LONGEST_PIECE for word in words):
            raise Invalid(name, f'最多 {MOST_PIECES} 行，每行最多 {LONGEST_PIECE} 个字。')
        setattr(case, name, words)
    if not (case.expected or case.must_say or case.must_not_say):
        raise Invalid('expected', '请至少填写期望的回答、必须说的或不能说的其中一项，否则无法判断对错。')


def _worded(field: str, text: str | None) -> str:
    text = (text or '').strip()
    if not 1 <= len(text) <= LONGEST:
        raise Invalid(field, f'请填写 1–{LONGEST} 个字。')
    return text
