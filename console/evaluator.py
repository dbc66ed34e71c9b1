"""Carries on the evaluation that is under way, one case at a time: a restart goes on where the last process was."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import dossiers, evaluation_cases, evaluation_runs, prompts
from console.database import read, transact
from console.evaluation_judge import Verdict, judge, unwritten
from console.writing.context import Writer, WritingFailed
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
    """One case answered on the command line, by the version on trial and by the one it is held against."""

    case: EvaluationCase
    after: Verdict
    before: Verdict | None

    @property
    def change(self) -> int:
        """1: better, -1: worse, 0: neither."""
        return 0 if self.before is None else self.after.passed - self.before.passed


def trials(
    session_of: Callable[[], Session], writer: Writer, prompt: str | None, against: str | None
) -> Iterator[Trial]:
    """Every active case, answered now; nothing is written. None: the current version. Raises `NotFound`."""
    with session_of() as session:
        current = prompts.current(session) or prompts.named(session, prompts.SHIPPED)
        wanted = [prompts.named(session, prompt) if prompt else current]
        wanted += [prompts.named(session, against)] if against else []
        cases = session.scalars(
            select(EvaluationCase).where(EvaluationCase.active.is_(True)).order_by(EvaluationCase.id)
        ).all()
        asked = [
            (
                case,
                [dossiers.for_case(session, case.question, evaluation_cases.student_of(case), one) for one in wanted],
            )
            for case in cases
        ]
    with asyncio.Runner() as runner:

        async def answer(case: EvaluationCase, context: dossiers.Context) -> Verdict:
            try:
                return judge(case, await writer.write(context))
            except WritingFailed as failure:
                return unwritten(failure)

        for case, contexts in asked:
            verdicts = [runner.run(answer(case, context)) for context in contexts]
            yield Trial(case, verdicts[0], verdicts[1] if len(verdicts) > 1 else None)
        runner.run(writer.close())
