"""An answer that comes late is drawn only if its question still stands."""

from dataclasses import replace

import pytest
from nicegui import Client, ui
from nicegui.elements.upload_files import SmallFileUpload

from console.errors import Invalid
from console.knowledge_import import Item, Plan
from pages import knowledge_import
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
