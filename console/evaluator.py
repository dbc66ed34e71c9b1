"""Carries on the evaluation that is under way, one case at a time: a restart goes on where the last process was."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from console import dossiers, evaluation_cases, evaluation_runs, prompts
from console.database import read, transact
from console.evaluation_judge import Verdict, judge, unwritten
from console.writing.context import Context, Writer, WritingFailed
from models import EvaluationCase

HOPELESS = {'breaker_open', 'unauthorized', 'no_credit', 'unreachable', 'rejected'}
"""Why a model does not answer that would be so for the next case, too."""


async def step(writer: Writer) -> bool:
    """Answer the next case; whether there was one."""
    task = await read(evaluation_runs.next_task)
    if task is None:
        if run := await read(evaluation_runs.running):
            await transact(evaluation_runs.end_if_done, run.id)
        return False
    began = time.monotonic()
    try:
        verdict = judge(task.case, await writer.write(task.context))
    except WritingFailed as failure:
        if failure.reason in HOPELESS:
            await transact(evaluation_runs.break_off, task.run_id, str(failure))
            return False
        verdict = replace(unwritten(failure), duration_ms=round((time.monotonic() - began) * 1000))
    await transact(evaluation_runs.record, task.run_id, task.case.id, verdict)
    return True


@dataclass(frozen=True)
class Trial:
    """One case answered on the command line. `passed_before`: by the version it is held against, or in the last run."""

    case: EvaluationCase
    after: Verdict
    passed_before: bool | None

    @property
    def change(self) -> int:
        """1: better, -1: worse, 0: neither."""
        return 0 if self.passed_before is None else self.after.passed - self.passed_before


SIGNS = {1: '变好', -1: '变差', 0: '    '}


def trials(
    session: Session, writer: Writer, *, prompt: str | None = None, against: str | None = None
) -> Iterator[Trial]:
    """Every active case, answered now; nothing is written. None: the current version. Raises `NotFound`.

    `against` is answered now, too; without it, what the newest finished run made of the same case counts.
    """
    tried = prompts.named(session, prompt) if prompt else prompts.current(session)
    rulebook = tried or prompts.named(session, prompts.SHIPPED)
    other = prompts.named(session, against) if against else None
    last = {} if other else evaluation_runs.last_passed(session)
    with asyncio.Runner() as runner:
        for case in evaluation_cases.active(session):
            student = evaluation_cases.student_of(case)
            before = last.get(case.id)
            if other is not None:
                context = dossiers.for_case(session, case.question, student, other)
                before = runner.run(_answered(writer, case, context)).passed
            context = dossiers.for_case(session, case.question, student, rulebook)
            yield Trial(case, runner.run(_answered(writer, case, context)), before)
        runner.run(writer.close())


async def _answered(writer: Writer, case: EvaluationCase, context: Context) -> Verdict:
    try:
        return judge(case, await writer.write(context))
    except WritingFailed as failure:
        return unwritten(failure)


def summary(tried: Sequence[Trial]) -> str:
    """All of it in one line."""
    better, worse = (sum(trial.change == sign for trial in tried) for sign in (1, -1))
    passed = sum(trial.after.passed for trial in tried)
    compared = '' if all(trial.passed_before is None for trial in tried) else f'，变好 {better} 个，变差 {worse} 个'
    return f'{len(tried)} 个用例，通过 {passed} 个{compared}。'
