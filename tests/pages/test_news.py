"""What happens while a page is open is shown on it: it listens before it looks, and looks again where it was deaf."""

import ast
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
from nicegui import Client

import pages
from console.signals import conversation_changed, draft_changed, materials_changed
from models import Role, Staff
from pages import sidebar
from pages.widgets import text
from tests.conftest import QUICK
from tests.console.test_processes import CUT_LISTENERS
from tests.pages.conftest import OpenPage
from tests.pages.unhurried import Answers, blank_page, emit, settled, words
from tests.postgres import PostgresServer
from tests.warm import WarmConsole

LISTENING = {'reload_on', 'on_news', 'News', 'hear', 'subscribe'}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def body(function: Function) -> Iterator[ast.AST]:
    """What the function itself does, without the functions it defines."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def listens(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    return (called.attr if isinstance(called, ast.Attribute) else getattr(called, 'id', '')) in LISTENING


@pytest.mark.parametrize('path', sorted(Path(pages.__path__[0]).glob('*.py')), ids=lambda path: path.stem)
def test_nothing_is_awaited_before_the_page_listens(path: Path) -> None:
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.AsyncFunctionDef):
            lines = [node.lineno for node in body(function) if listens(node)]
            awaited = [node.lineno for node in body(function) if isinstance(node, ast.Await)]
            assert not lines or not awaited or max(lines) < min(awaited), f'{function.name} reads, then listens'


def test_pages_hear_through_one_piece_that_rests_while_no_browser_is_there() -> None:
    listening = {path.stem for path in Path(pages.__path__[0]).glob('*.py') if '.subscribe(' in path.read_text()}
    assert listening == {'news', 'layout'}  # the guard looks at its own member's sign-in whoever is there


async def test_a_pane_in_a_closed_tab_reads_nothing_until_it_is_there_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, parent = Answers(), SimpleNamespace(conversation=SimpleNamespace(id=7))
    monkeypatch.setattr(sidebar, 'read', answers)
    monkeypatch.setattr(sidebar, 'parts', lambda: PARTS)
    monkeypatch.setattr(sidebar, 'PaneView', Shown)
    with blank_page(monkeypatch) as client:
        sidebar.Beside(Staff(id=1, role=Role.AGENT), simulated=False).build()
        await emit(client, 'chat', {'entry': 'single_kf_tools', 'customer': 'wm1'})
        await answers.answer(0, 5)
        await answers.answer(1, parent)
        for signal, number in ((conversation_changed, 7), (draft_changed, 3), (materials_changed, 2)):
            signal.emit(number)
        await settled()
        assert len(answers.asked) == 2

        monkeypatch.setattr(Client, 'has_socket_connection', True)
        for handler in client.connect_handlers:
            await handler()
        await answers.answer(2, parent)
        assert words(client)[-2:] == ['家长 1', '素材 1']

        draft_changed.emit(3)
        await answers.answer(3, 8)  # of another conversation
        materials_changed.emit(2)
        conversation_changed.emit(7)
        await answers.answer(4, parent)
        assert (words(client)[-2:], len(answers.asked)) == (['家长 2', '素材 2'], 5)


PARTS = SimpleNamespace(
    entrance=SimpleNamespace(client=SimpleNamespace(corp_id='ww1', agent_id=1)), channels=SimpleNamespace(apps=[])
)


class Shown:
    """Stands for what is drawn of a parent: how often it was."""

    def __init__(self, pane: Any, *_: object, **__: object) -> None:
        self.pane = pane
        self._times = {'家长': 0, '素材': 0}
        self._texts = {name: text('') for name in self._times}

    def show(self, _pane: Any) -> None:
        self._count('家长')

    def look_at_materials(self) -> None:
        self._count('素材')

    def _count(self, name: str) -> None:
        self._times[name] += 1
        self._texts[name].set_text(f'{name} {self._times[name]}')


def test_a_page_looks_again_once_its_server_hears_of_other_processes_again(
    postgres: PostgresServer, open_page: OpenPage
) -> None:
    database_url = postgres.create_database('deaf')
    with WarmConsole(QUICK | {'DATABASE_URL': database_url}) as server:
        list_page = open_page(server, 'supervisor', '/students')
        record_page = open_page(server, 'supervisor', '/students/1')
        for page in (list_page, record_page):
            page.get_by_text('王梦瑶').first.wait_for()
        with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("UPDATE student SET name = '王小瑶' WHERE id = 1")
            connection.commit()
            cursor.execute(str(CUT_LISTENERS))

        for page in (list_page, record_page):
            page.get_by_text('王小瑶').first.wait_for()
            page.close()
