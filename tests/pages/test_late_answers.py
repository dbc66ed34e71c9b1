"""An answer that comes late is drawn only if its question still stands."""

from dataclasses import replace

import pytest
from nicegui import Client, ui
from nicegui.elements.upload_files import SmallFileUpload

from console.errors import Invalid, NotAllowed
from console.evaluation_runs import Change
from console.knowledge_import import Item, Plan
from console.prompts import Version
from console.students import Record
from models import EntryStatus, EvaluationCase, EvaluationRun, KnowledgeEntry, Role, Stage, Student, utc_now
from pages import knowledge, knowledge_import, prompts, students
from tests.pages.unhurried import Answers, blank_page, built, choose, press, words


@pytest.fixture
def answers() -> Answers:
    return Answers()


async def test_the_import_that_is_begun_is_the_one_last_looked_at(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Plan] = []

    async def begin(_service: object, plan: Plan, **_words: object) -> None:
        begun.append(plan)
        raise Invalid('file', '到此为止')

    monkeypatch.setattr(knowledge_import, 'read', answers)
    monkeypatch.setattr(knowledge_import, 'transact', begin)
    with blank_page(monkeypatch) as client:
        page = built(client, knowledge_import.import_page)
        await answers.answer(0, [])
        await page
        await given(client, '问题,答案,要点\n几点上课,九点,无\n')
        await answers.answer(1, planned('第一次'))
        await choose(client, '要点', 1)
        await choose(client, '要点', -1)
        await answers.answer(3, planned('不要要点'))
        await answers.answer(2, planned('要点当答案'))

        drawn = words(client)
        assert [drawn.count(one) for one in ('不要要点', '要点当答案', '开始导入')] == [1, 0, 1]
        await press(client, '开始导入')
        assert begun == [planned('不要要点')]


def planned(said: str) -> Plan:
    item = Item(number=2, cells=('几点上课', '九点', '无'), state='faulty', errors={'': said})
    return Plan(name='a.csv', columns=('问题', '答案', '要点'), items=(item, replace(item, state='new', errors={})))


async def given(client: Client, content: str) -> None:
    [upload] = [one for one in client.content.descendants() if isinstance(one, ui.upload)]
    await upload.handle_uploads([SmallFileUpload('a.csv', 'text/csv', content.encode())])


async def test_students_are_those_last_searched_for(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(students, 'read', answers)
    with blank_page(monkeypatch) as client:
        page = built(client, students.students_page)
        await answers.answer(0, sheet('王一'))
        await page
        await choose(client, '搜索学员', '李')
        await choose(client, '搜索学员', '李二')
        await answers.answer(2, sheet('李二'))
        await answers.answer(1, NotAllowed())

        assert '李二' in words(client)
        assert '没能加载' not in words(client)


async def test_entries_are_those_last_searched_for(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowledge, 'read', answers)
    with blank_page(monkeypatch, Role.AGENT) as client:
        page = built(client, knowledge.knowledge_page)
        for which, found in enumerate((0, [], [entry(1, '几点上课')])):
            await answers.answer(which, found)
        await page
        await choose(client, '搜索条目', '学')
        await choose(client, '搜索条目', '学费')
        await answers.answer(4, [entry(2, '学费多少')])
        await answers.answer(3, [entry(3, '学校在哪')])

        assert [one for one in words(client) if one in ('几点上课', '学费多少', '学校在哪')] == ['学费多少']


async def test_runs_are_compared_as_last_chosen(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, 'read', answers)
    monkeypatch.setattr(prompts, '_writer', lambda: '本地知识库')
    versions = [Version(name='第 1 版', rules='简短', note='', current=True, made_by=None, made_at=None)]
    with blank_page(monkeypatch) as client:
        page = built(client, prompts.prompts_page)
        await answers.answer(0, (versions, [run(2), run(1)]))
        for which in range(1, len(answers.asked)):
            await answers.answer(which, [changed('一开始')])
        await page
        before = len(answers.asked)
        await choose(client, '这一次', 1)
        await choose(client, '和哪一次比 (可不选)', None)
        await answers.answer(before + 1, [changed('后来')])
        await answers.answer(before, [changed('早先')])

        assert [one for one in words(client) if one in ('一开始', '早先', '后来')] == ['后来']


def sheet(name: str) -> students._Sheet:
    record = Record(student=Student(id=1, name=name, stage=Stage.LEAD))
    return students._Sheet(records=[record], names={}, next_dates={}, next_start=None)


def entry(number: int, question: str) -> KnowledgeEntry:
    about = {'question': question, 'answer': '见课程表', 'version': 1, 'updated_at': utc_now()}
    return KnowledgeEntry(id=number, status=EntryStatus.APPROVED, **about)


def run(number: int) -> EvaluationRun:
    times = {'started_at': utc_now(), 'finished_at': utc_now()}
    return EvaluationRun(id=number, prompt_version='第 1 版', writer='本地知识库', cases=1, done=1, passed=1, **times)


def changed(question: str) -> Change:
    return Change(case=EvaluationCase(question=question), before=None, after=None)
