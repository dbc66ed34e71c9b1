"""docs/sandbox.md names all there is."""

from pathlib import Path

from console.sandbox import Sandbox
from console.sandbox.api import ENDPOINTS
from console.sandbox.control import METHODS, PARTS

DOCUMENT = (Path(__file__).parents[2] / 'docs' / 'sandbox.md').read_text(encoding='utf-8')


def test_every_call_is_described() -> None:
    assert [path for path in sorted(ENDPOINTS) if f'`{path}`' not in DOCUMENT] == []


def test_every_control_route_is_described(sandbox: Sandbox) -> None:
    parts = {part: getattr(sandbox, part) for part in PARTS}
    routes = METHODS | {f'{part}/{name}' for part, side in parts.items() for name in dir(side) if name[0] != '_'}
    assert [route for route in sorted(routes) if f'`{route}`' not in DOCUMENT] == []
