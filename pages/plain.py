"""Pages of plain HTML, which work without a script and cost no socket."""

from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from console.parts import parts

FOLDER = Path(__file__).parent / 'templates'
HEADERS = {
    'cache-control': 'no-store',
    # A form on a page that sends no referrer posts with `Origin: null`, which the door refuses.
    'referrer-policy': 'same-origin',
}

_environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)


def page(template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """Every value is escaped."""
    html = _environment.get_template(f'{template}.html').render(school=parts().school, demo=parts().demo, **values)
    return HTMLResponse(html, status, HEADERS)


def fragment(template: str, /, **values: Any) -> str:
    """A piece of a page. Every value is escaped."""
    return _environment.get_template(f'{template}.html').render(**values)


def message(status: int, title: str, text: str) -> HTMLResponse:
    """A page that says one thing, with the way back."""
    return page('message', status, title=title, text=text)
