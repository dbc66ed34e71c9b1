from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from console import evaluation_cases, evaluation_runs, evaluator, prompts
from console.database import Database
from console.errors import Conflict, Invalid
from console.evaluation_judge import judge
from console.writing.context import Check, Context, OnWords, Proposal, WritingFailed
from models import EvaluationCase, EvaluationResult, Role
from tests import story
from tests.console.test_prompts import BETTER


class Answering:
    """A writer that says what it is told to, by the rules it is given."""

    def __init__(self, say: Callable[[Context], str]) -> None:
        self.say = say

    async def write(self, context: Context, *, on_words: OnWords | None = None) -> Proposal:
        return story.proposal(self.say(context))

    async def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def head(db: Database) -> int:
    """The administrator, with three cases."""
    head = db.transact(story.member, Role.ADMIN, '校长').id
    db.transact(evaluation_cases.add, '几点上课', by=head, must_say=['9:30'])
    db.transact(evaluation_cases.add, '多少钱', by=head, must_say=['2160'], must_not_say=['保证'])
    db.transact(evaluation_cases.add, '在哪里', by=head, expected='南湖区学院路126号，地铁口步行五分钟。')
    return int(head)


@pytest.mark.parametrize(
    ('answer', 'faults'),
    [
        ('周六９：３０上课，学费 2160 元。', []),
        ('学费2160元。', ['没有说“9:30”']),
        ('9:30上课，2160元，保证提分。', ['说了“保证”']),
    ],
)
def test_an_answer_is_judged_by_what_it_must_and_must_not_say(answer: str, faults: list[str]) -> None:
    case = EvaluationCase(question='', must_say=['9:30', '2160'], must_not_say=['保证'])

    assert list(judge(case, story.proposal(answer)).faults) == faults


def test_a_blocked_or_unlike_answer_fails() -> None:

    case = EvaluationCase(question='', must_say=[], must_not_say=[], expected='南湖区学院路126号')
    blocked = replace(
        story.proposal('南湖区学院路126号'),
        checks=(Check(kind='days', level='block', text='日期没有依据', detail='6号'),),
    )

    assert judge(case, blocked).faults == ('检查不通过：日期没有依据 6号',)
    assert judge(case, blocked).likeness == 1.0
    assert judge(case, story.proposal('您好')).faults == ('和期望的回答几乎没有相同之处',)


async def test_a_run_answers_every_case_by_the_rules_on_trial_and_is_compared(db: Database, head: int) -> None:
    name = db.transact(prompts.add, rules=BETTER, note='更短', by=head).name
    first = db.transact(evaluation_runs.start, prompts.SHIPPED, writer='试', by=head).id
    with pytest.raises(Conflict):
        db.transact(evaluation_runs.start, name, writer='试', by=head)
    await _run(Answering(lambda context: '9:30'))
    second = db.transact(evaluation_runs.start, name, writer='试', by=head).id
    await _run(Answering(lambda context: '2160' if context.rulebook and context.rulebook.version == name else ''))

    runs = {run.id: run for run in db.read(evaluation_runs.recent, by=head)}
    assert [(runs[one].done, runs[one].passed, runs[one].last_error) for one in (first, second)] == [(3, 1, None)] * 2
    changes = db.read(evaluation_runs.compare, second, first, by=head)
    assert [(one.case.question, one.worse, one.better) for one in changes] == [
        ('几点上课', True, False),
        ('多少钱', False, True),
        ('在哪里', False, False),
    ]
    db.transact(prompts.make_current, name, by=head)


async def test_a_run_goes_on_after_a_restart_and_can_be_stopped(db: Database, head: int) -> None:
    run = db.transact(evaluation_runs.start, prompts.SHIPPED, writer='试', by=head).id
    assert await evaluator.step(Answering(lambda _: '9:30'))
    task = db.read(evaluation_runs.next_task)
    assert task is not None
    verdict = judge(task.case, story.proposal('2160'))
    for _ in range(2):
        db.transact(evaluation_runs.record, run, task.case.id, verdict)
    assert db.read(lambda s: len(s.scalars(select(EvaluationResult)).all())) == 2

    db.transact(evaluation_runs.stop, run, by=head)

    assert not await evaluator.step(Answering(lambda _: ''))
    [stopped] = db.read(evaluation_runs.recent, by=head)
    assert (stopped.done, stopped.passed, stopped.last_error) == (2, 2, evaluation_runs.STOPPED)
    with pytest.raises(Invalid, match='还没有评测过'):
        db.transact(prompts.add, rules=BETTER, note='更短', by=head) and db.transact(
            prompts.make_current, 'reply_v2', by=head
        )


async def test_a_model_that_cannot_be_reached_breaks_the_run_off(db: Database, head: int) -> None:
    def fails(_context: Context) -> str:
        raise WritingFailed('unauthorized')

    db.transact(evaluation_runs.start, prompts.SHIPPED, writer='试', by=head)

    assert not await evaluator.step(Answering(fails))

    [run] = db.read(evaluation_runs.recent, by=head)
    assert run.done == 0
    assert '密钥无效' in (run.last_error or '')


async def test_a_case_put_aside_meanwhile_does_not_keep_the_run_open(db: Database, head: int) -> None:
    db.transact(evaluation_runs.start, prompts.SHIPPED, writer='试', by=head)
    for case in db.read(evaluation_cases.everything, by=head):
        db.transact(evaluation_cases.put_aside, case.id, by=head)

    await evaluator.step(Answering(lambda _: ''))

    [run] = db.read(evaluation_runs.recent, by=head)
    assert run.finished_at is not None


async def _run(writer: Answering) -> None:
    while await evaluator.step(writer):
        pass
