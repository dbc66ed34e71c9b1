"""The docs say what is so."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from models import Table
from tests.server import ROOT

OPERATIONS = (ROOT / 'docs' / 'operations.md').read_text(encoding='utf-8')


def test_every_alert_that_is_raised_is_explained() -> None:
    table = OPERATIONS.partition('## What each alert means')[2].partition('\n## ')[0]
    named = {name for row in re.findall(r'^\| ([^|]+) \|', table, re.MULTILINE) for name in re.findall(r'[a-z_]+', row)}
    raised = {kind for path in (ROOT / 'console').glob('*.py') for kind in _raised(ast.parse(path.read_text('utf-8')))}

    assert len(raised) >= 9
    assert raised <= named


@pytest.mark.parametrize(
    'path', [*ROOT.glob('docs/*.md'), *ROOT.glob('docs/decisions/*.md')], ids=lambda path: path.stem
)
def test_every_name_in_a_service_is_there(path: Path) -> None:
    for noun, name in re.findall(r'`(\w+)\.(\w+)', path.read_text(encoding='utf-8')):
        if name != 'py' and (ROOT / 'console' / f'{noun}.py').exists():
            column = noun in Table.metadata.tables and name in Table.metadata.tables[noun].columns
            assert column or hasattr(import_module(f'console.{noun}'), name), f'{noun}.{name}'


def _raised(module: ast.Module) -> set[str]:
    """How the kinds begin that one module raises; a kind may be a constant of it, or put together by a function."""
    beside: dict[str, ast.AST | None] = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef):
            beside[node.name] = node.body[-1]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            beside[node.targets[0].id] = node.value
    found: set[str] = set()
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == 'raise_alert':
            kind: ast.AST = call.args[1]
            name = kind.func if isinstance(kind, ast.Call) else kind
            kind = (beside[name.id] if isinstance(name, ast.Name) else None) or kind
            words = next(str(text.value) for text in ast.walk(kind) if isinstance(text, ast.Constant))
            found.add(words.partition(':')[0])
    return found
