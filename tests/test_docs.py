"""The docs say what is so."""

import ast
import re

from tests.server import ROOT

OPERATIONS = (ROOT / 'docs' / 'operations.md').read_text(encoding='utf-8')


def test_every_alert_that_is_raised_is_explained() -> None:
    table = OPERATIONS.partition('## What each alert means')[2].partition('\n## ')[0]
    named = {name for row in re.findall(r'^\| ([^|]+) \|', table, re.MULTILINE) for name in re.findall(r'[a-z_]+', row)}
    raised = {kind for path in (ROOT / 'console').glob('*.py') for kind in _raised(ast.parse(path.read_text('utf-8')))}

    assert len(raised) >= 9
    assert raised <= named


def _raised(module: ast.Module) -> set[str]:
    """How the kinds begin that one module raises; a kind may be put together by a function beside it."""
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    found: set[str] = set()
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == 'raise_alert':
            kind = call.args[1]
            if isinstance(kind, ast.Call) and isinstance(kind.func, ast.Name):
                kind = next(node.value for node in ast.walk(functions[kind.func.id]) if isinstance(node, ast.Return))
            words = next(str(text.value) for text in ast.walk(kind) if isinstance(text, ast.Constant))
            found.add(words.partition(':')[0])
    return found
