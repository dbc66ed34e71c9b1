"""All active cases answered by one version of the rules: begun, carried on case by case, stopped, compared."""

from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from console import audit, dossiers, evaluation_cases, prompts, signals, staff
from console.database import insert_once
from console.errors import Conflict, Invalid, NotFound
from console.evaluation_judge import Verdict
from console.writing.context import Context
from models import EvaluationCase, EvaluationResult, EvaluationRun, utc_now

STOPPED = '已停止'


@dataclass(frozen=True, kw_only=True)
class Task:
    """One case that a run has not answered yet."""

    run_id: int
    case: EvaluationCase
    context: Context


@dataclass(frozen=True, kw_only=True)
class Change:
    """One case in two runs; `before` or `after` is None where that run did not have it."""

    case: EvaluationCase
    before: EvaluationResult | None
    after: EvaluationResult | None

    @property
    def better(self) -> bool:
        return self.before is not None and self.after is not None and self.after.passed > self.before.passed

    @property
    def worse(self) -> bool:
        return self.before is not None and self.after is not None and self.after.passed < self.before.passed


def start(session: Session, prompt: str, *, writer: str, by: int) -> EvaluationRun:
    """Have the workers try this version on all active cases. Raises `NotAllowed`, `NotFound`, `Invalid`, `Conflict`."""
    staff.require(session, by, staff.Action.EDIT_PROMPTS)
    prompts.named(session, prompt)
    if running(session) is not None:
        raise Conflict('已有一次评测在进行。请等它结束，或先停止它。', 'running')
    cases = session.scalar(select(func.count()).select_from(EvaluationCase).where(EvaluationCase.active.is_(True)))
    if not cases:
        raise Invalid('cases', '还没有测试用例。请先添加用例，或在退回草稿时选择“存为测试用例”。')
    run = EvaluationRun(prompt_version=prompt, writer=writer, cases=cases, started_by_id=by)
    session.add(run)
    session.flush()
    audit.record(session, 'start', 'evaluation_run', run.id, by=by, prompt=prompt, cases=cases)
    signals.announce(session, signals.evaluation_changed, run.id)
    return run


def stop(session: Session, run_id: int, *, by: int) -> None:
    """What is answered stays. Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.EDIT_PROMPTS)
    run = _locked(session, run_id)
    if run.finished_at is None:
        _end(session, run, STOPPED)
        audit.record(session, 'stop', 'evaluation_run', run_id, by=by)


def next_task(session: Session) -> Task | None:
    """The next case of the run that is under way; None: there is no run, or it has answered all it can."""
    run = running(session)
    if run is None:
        return None
    case = session.scalar(_open_cases(run).limit(1))
    if case is None:
        return None
    rulebook = prompts.named(session, run.prompt_version)
    student = evaluation_cases.student_of(case)
    return Task(run_id=run.id, case=case, context=dossiers.for_case(session, case.question, student, rulebook))


def record(session: Session, run_id: int, case_id: int, verdict: Verdict) -> None:
    """Keep what came of a case; the last one ends the run. Done twice, it counts once."""
    run = _locked(session, run_id)
    if run.finished_at is not None:
        return
    values = {
        'run_id': run_id,
        'case_id': case_id,
        'passed': verdict.passed,
        'answer': verdict.answer,
        'faults': list(verdict.faults),
        'likeness': verdict.likeness,
        'duration_ms': verdict.duration_ms,
        'tokens_in': verdict.tokens_in,
        'tokens_out': verdict.tokens_out,
    }
    if not insert_once(session, EvaluationResult, [values]):
        return
    run.done += 1
    run.passed += verdict.passed
    signals.announce(session, signals.evaluation_changed, run_id)
    end_if_done(session, run_id)


def end_if_done(session: Session, run_id: int) -> None:
    """End the run if no active case is left."""
    run = _locked(session, run_id)
    if run.finished_at is None and session.scalar(_open_cases(run).limit(1)) is None:
        run.cases = run.done
        _end(session, run, None)


def break_off(session: Session, run_id: int, why: str) -> None:
    """The writer cannot write now: the rest would only fail."""
    run = _locked(session, run_id)
    if run.finished_at is None:
        _end(session, run, why)


def running(session: Session) -> EvaluationRun | None:
    return session.scalar(
        select(EvaluationRun).where(EvaluationRun.finished_at.is_(None)).order_by(EvaluationRun.id).limit(1)
    )


def recent(session: Session, *, by: int, limit: int = 20) -> list[EvaluationRun]:
    """The newest runs, newest first. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.EDIT_PROMPTS)
    return list(session.scalars(select(EvaluationRun).order_by(EvaluationRun.id.desc()).limit(limit)))


def compare(session: Session, after: int, before: int | None, *, by: int) -> list[Change]:
    """Case by case what two runs made of it; what got worse first, then better, then faults. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.EDIT_PROMPTS)
    results = {
        (result.run_id, result.case_id): result
        for result in session.scalars(
            select(EvaluationResult).where(EvaluationResult.run_id.in_([after, *([before] if before else [])]))
        )
    }
    cases = session.scalars(
        select(EvaluationCase).where(EvaluationCase.id.in_({case for _, case in results})).order_by(EvaluationCase.id)
    )
    found = [
        Change(case=case, before=results.get((before or 0, case.id)), after=results.get((after, case.id)))
        for case in cases
    ]
    return sorted(found, key=lambda one: (not one.worse, not one.better, bool(one.after and one.after.passed)))


def last_passed(session: Session) -> dict[int, bool]:
    """By case, whether it passed in the newest run that came to its end."""
    newest = (
        select(func.max(EvaluationRun.id))
        .where(EvaluationRun.finished_at.is_not(None), EvaluationRun.last_error.is_(None))
        .scalar_subquery()
    )
    rows = session.execute(
        select(EvaluationResult.case_id, EvaluationResult.passed).where(EvaluationResult.run_id == newest)
    )
    return {row.case_id: row.passed for row in rows}


def _open_cases(run: EvaluationRun) -> Select[EvaluationCase]:
    answered = select(EvaluationResult.case_id).where(EvaluationResult.run_id == run.id)
    return (
        select(EvaluationCase)
        .where(EvaluationCase.active.is_(True), EvaluationCase.id.not_in(answered))
        .order_by(EvaluationCase.id)
    )


def _locked(session: Session, run_id: int) -> EvaluationRun:
    run = session.get(EvaluationRun, run_id, with_for_update=True, populate_existing=True)
    if run is None:
        raise NotFound('这次评测')
    return run


def _end(session: Session, run: EvaluationRun, why: str | None) -> None:
    run.finished_at, run.last_error = utc_now(), why
    signals.announce(session, signals.evaluation_changed, run.id)
