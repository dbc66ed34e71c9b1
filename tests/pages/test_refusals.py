"""What is refused is said to the person, and is no crash."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from console.conversation_list import Line
from console.errors import Conflict, NotAllowed
from console.failed_work import Failed, Kind
from console.review_queue import Queue
from models import Alert, Channel, Role, Staff, utc_now
from pages import (
    conversation_list,
    failed_work,
    frame,
    knowledge_trial,
    review,
    sidebar,
    sidebar_materials,
    thread_composer,
)
from pages.conversation_list import ConversationList
from pages.review_snack import Snack
from pages.thread_composer import ThreadComposer
from tests.pages.test_news import PARTS
from tests.pages.unhurried import Answers, blank_page, built, choose, emit, press, settled, told, words

NOT_ALLOWED = str(NotAllowed())


@pytest.fixture
def answers() -> Answers:
    return Answers()


def refusing(refusal: Exception) -> Callable[..., Awaitable[Any]]:
    """Stands for `read` or `transact`."""

    async def refuse(*_question: object, **_words: object) -> None:
        raise refusal

    return refuse


async def test_an_alert_that_may_not_be_closed(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    alert = Alert(id=1, kind='a', text='磁盘快满了', count=1, raised_at=utc_now(), repeated_at=utc_now())
    monkeypatch.setattr(frame, 'read', answers)
    monkeypatch.setattr(frame, 'transact', refusing(NotAllowed()))
    monkeypatch.setattr(frame, 'parts', lambda: SimpleNamespace(demo=False))
    monkeypatch.setattr(frame.gathering, 'ask', refusing(NotAllowed()))
    member = Staff(id=1, name='林主管', username='lin', role=Role.SUPERVISOR)
    with blank_page(monkeypatch) as client:
        with frame.frame('工作台', '/', member, '', reviews=True, leave=list):
            pass
        await press(client, '告警')
        await answers.answer(0, [alert])
        await press(client, '关闭这条告警')
        assert told(client) == [NOT_ALLOWED]

        await answers.answer(1, NotAllowed())
        assert '磁盘快满了' in words(client)


async def test_a_script_that_may_not_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_composer, 'transact', refusing(NotAllowed()))
    member = Staff(id=1, name='周', username='zhou', role=Role.AGENT)
    with blank_page(monkeypatch) as client:
        ThreadComposer(1, member, channel=Channel.APP, snack=Snack(), on_sent=list, on_typing=refusing(NotAllowed()))
        await emit(client, 'picked', {'kind': 'script', 'id': 1})

        assert told(client) == [NOT_ALLOWED]


@pytest.mark.parametrize('forged', [True, 10**30, 'x', None])
async def test_an_id_that_is_none_is_let_be(monkeypatch: pytest.MonkeyPatch, forged: object) -> None:
    asked: list[int] = []

    async def send(material_id: int) -> None:
        asked.append(material_id)

    monkeypatch.setattr(sidebar_materials, 'read', gone)
    monkeypatch.setattr(thread_composer, 'transact', refusing(NotAllowed()))
    member = Staff(id=1, name='周', username='zhou', role=Role.AGENT)
    with blank_page(monkeypatch) as client:
        ThreadComposer(1, member, channel=Channel.APP, snack=Snack(), on_sent=list, on_typing=gone)
        await emit(client, 'picked', {'kind': 'script', 'id': forged})
        sidebar_materials.Materials(member, on_send=send)
        await emit(client, 'toggle', None)
        await emit(client, 'act', forged)
        await emit(client, 'act', 5)

        assert (told(client), asked) == ([], [5])


@pytest.mark.parametrize('forged', [True, 10**30, 'x', None])
async def test_a_sending_is_kept_with_ids_that_can_be_ours(monkeypatch: pytest.MonkeyPatch, forged: object) -> None:
    kept: list[tuple[int, int | None]] = []

    async def keep(_service: object, contact_id: int, _words: str, *, draft_id: int | None, **_more: object) -> None:
        kept.append((contact_id, draft_id))

    monkeypatch.setattr(sidebar, 'transact', keep)
    monkeypatch.setattr(sidebar, 'parts', lambda: PARTS)
    told_by_client = {'id': 'a1', 'kept': '周六有课', 'draft': forged, 'material': forged}
    with blank_page(monkeypatch) as client:
        sidebar.Beside(Staff(id=1, role=Role.AGENT), simulated=False).build()
        await emit(client, 'sent', told_by_client | {'contact': forged})
        await emit(client, 'sent', told_by_client | {'contact': 3})

        assert kept == [(3, None)]


@pytest.mark.parametrize('label', ['重新发送', '更早的'], ids=['again', 'older'])
async def test_failed_work_that_may_not_be_seen_any_more(
    answers: Answers, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    failed = [
        Failed(kind=Kind.DELIVERY, id=number, what='文字', reason='企业微信拒绝', since=utc_now(), retry='重新发送')
        for number in range(failed_work.PAGE + 1)
    ]
    monkeypatch.setattr(failed_work, 'read', answers)
    monkeypatch.setattr(failed_work, 'transact', refusing(Conflict('已经发出去了', 'done')))
    with blank_page(monkeypatch) as client:
        page = built(client, failed_work.failed_work_page)
        for which, kind in enumerate(Kind):
            await answers.answer(which, failed if kind is Kind.DELIVERY else [])
        await page
        await press(client, label)
        await answers.answer(len(Kind), NotAllowed())

        assert told(client) == [*(['已经发出去了'] if label == '重新发送' else []), NOT_ALLOWED]


async def test_a_trial_that_is_refused_is_not_written_for_ever(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge_trial, 'read', answers)
    with blank_page(monkeypatch) as client:
        knowledge_trial.Trial(1)
        await choose(client, '试问', '学费多少')
        await press(client, '试问')
        await answers.answer(0, [])
        await press(client, '看草稿')
        assert 'AI 正在写…' in words(client)
        await answers.answer(1, NotAllowed())

        assert 'AI 正在写…' not in words(client)
        assert NOT_ALLOWED in words(client)


async def test_more_of_a_list_that_is_empty_by_now(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation_list, 'read', answers)
    monkeypatch.setattr(conversation_list, 'PAGE', 1)
    monkeypatch.setattr(conversation_list.gathering, 'ask', gone)
    member = Staff(id=1, name='周', username='zhou', role=Role.AGENT)
    with blank_page(monkeypatch) as client:
        listed = ConversationList(member, on_select=gone)
        reading = built(client, listed.reload)
        await answers.answer(0, [line(1), line(2)])
        await reading
        listed.changed(1)
        await settled()
        await press(client, '加载更多')
        await answers.answer(1, [line(2)])

        assert [one.conversation_id for one in listed.lines] == [2]


async def test_more_of_a_queue_that_is_empty_by_now(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, 'read', answers)
    with blank_page(monkeypatch) as client:
        page = built(client, review.review_page)
        for which, found in enumerate((None, [], Queue(rows=[], total=0))):
            await answers.answer(which, found)
        await page
        await press(client, '加载更多')
        await answers.answer(3, NotAllowed())

        assert told(client) == [NOT_ALLOWED]


async def gone(*_asked: object, **_words: object) -> list[Any]:
    return []


def line(number: int) -> Line:
    about = {'title': f'家长 {number}', 'text': '在吗', 'channel': Channel.APP, 'assignee': None, 'taken_over': False}
    times = {'at': utc_now(), 'waiting_since': None, 'snoozed_until': None}
    return Line(conversation_id=number, key=(utc_now(), number), unread=0, named=False, colleagues=(), **about, **times)
