"""A page listens before it looks: what happens between would otherwise never be shown."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pages

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
