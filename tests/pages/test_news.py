"""What happens while a page is open is shown on it: it listens before it looks, and looks again where it was deaf."""

import ast
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

import pages
from tests.conftest import QUICK
from tests.console.test_processes import CUT_LISTENERS
from tests.pages.conftest import OpenPage
from tests.postgres import PostgresServer
from tests.warm import WarmConsole

LISTENING = {'reload_on', 'on_news', 'News', 'subscribe'}
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
