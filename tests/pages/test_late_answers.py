"""An answer that comes late is drawn only if its question still stands."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from nicegui import Client, ui
from nicegui.elements.upload_files import SmallFileUpload

from console.errors import Invalid, NotAllowed, NotFound
from console.evaluation_runs import Change
from console.knowledge_import import Item, Plan
from console.prompts import Version
from console.review_desk import Opened
from console.review_queue import Queue, Waiting
from console.signals import draft_changed
from console.students import Record
from console.writing.context import FAILURES, WritingFailed
from models import Channel, EntryStatus, EvaluationCase, EvaluationRun, KnowledgeEntry, Role, Stage, Student, utc_now
from pages import knowledge, knowledge_import, knowledge_trial, prompts, review, students
from pages.widgets import text
from tests.pages.unhurried import Answers, blank_page, built, choose, press, settled, words


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


async def test_what_a_reviewer_opened_stays_in_her_hand(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    with blank_page(monkeypatch) as client:
        await at_the_queue(client, answers, monkeypatch)
        draft_changed.emit(1)
        await answers.answer(3, Queue(rows=[waiting(1), waiting(2)], total=2))
        await answers.answer(4, NotFound('这条草稿'))  # decided meanwhile: nothing is in hand
        await press(client, '家长 2')
        draft_changed.emit(1)
        await answers.answer(6, Queue(rows=[waiting(1), waiting(2)], total=2))
        await answers.answer(5, opened(2))
        if len(answers.asked) > 7:
            await answers.answer(7, opened(1))

        assert [one for one in words(client) if one.startswith('草稿 ')] == ['草稿 2']


async def test_a_queue_of_other_filters_is_not_shown(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    with blank_page(monkeypatch) as client:
        await at_the_queue(client, answers, monkeypatch)
        draft_changed.emit(1)
        await settled()
        await press(client, '我的')
        await answers.answer(4, Queue(rows=[], total=0))
        await answers.answer(3, Queue(rows=[waiting(1)], total=1))

        assert '家长 1' not in words(client)


class Hand:
    """Stands for the desk: shows what is in hand."""

    def __init__(self, found: Opened, **_words: object) -> None:
        self.opened = found
        text(f'草稿 {found.draft_id}')

    async def done(self, *_: object) -> None: ...

    reload = save = release = hold = done


async def at_the_queue(client: Client, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reviewer before an empty queue, with her browser."""
    monkeypatch.setattr(Client, 'has_socket_connection', True)
    monkeypatch.setattr(review, 'read', answers)
    monkeypatch.setattr(review, 'Desk', Hand)
    monkeypatch.setattr(review.ContextColumn, 'show', Hand.done)
    page = built(client, review.review_page)
    for which, found in enumerate((None, [], Queue(rows=[], total=0))):
        await answers.answer(which, found)
    await page


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


async def test_a_trial_of_another_question_shows_no_reply_to_the_one_before(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SimpleNamespace(write=answers)
    monkeypatch.setattr(knowledge_trial, 'read', answers)
    monkeypatch.setattr(knowledge_trial, 'parts', lambda: SimpleNamespace(writer=writer))
    with blank_page(monkeypatch) as client:
        knowledge_trial.Trial(1)
        await choose(client, '试问', '学费多少')
        await press(client, '试问')
        await answers.answer(0, [])
        await press(client, '看草稿')
        await answers.answer(1, None)
        await choose(client, '试问', '几点上课')
        await press(client, '试问')
        await answers.answer(3, [])
        await answers.answer(2, WritingFailed('timeout'))

        assert not {'AI 正在写…', FAILURES['timeout'][0]} & set(words(client))


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


def waiting(number: int) -> Waiting:
    about = {'turn_id': number, 'title': f'家长 {number}', 'question': '几点上课', 'channel': Channel.APP}
    return Waiting(conversation_id=number, draft_id=number, since=utc_now(), review_by=utc_now(), **about)


def opened(number: int) -> Opened:
    about = {'title': f'家长 {number}', 'student_id': None, 'since': utc_now(), 'held_by': None}
    talk = {'said': [], 'later': [], 'lines': []}
    return Opened(conversation_id=number, draft_id=number, channel=Channel.APP, **about, **talk)


def entry(number: int, question: str) -> KnowledgeEntry:
    about = {'question': question, 'answer': '见课程表', 'version': 1, 'updated_at': utc_now()}
    return KnowledgeEntry(id=number, status=EntryStatus.APPROVED, **about)


def run(number: int) -> EvaluationRun:
    times = {'started_at': utc_now(), 'finished_at': utc_now()}
    return EvaluationRun(id=number, prompt_version='第 1 版', writer='本地知识库', cases=1, done=1, passed=1, **times)


def changed(question: str) -> Change:
    return Change(case=EvaluationCase(question=question), before=None, after=None)
