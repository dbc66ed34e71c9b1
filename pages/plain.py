"""Pages of plain HTML, which work without a script and cost no socket."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from console import sign_in
from console.parts import parts

FOLDER = Path(__file__).parent / 'templates'
HEADERS = {'cache-control': 'no-store'}

_environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)


def page(template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """Every value is escaped."""
    html = _environment.get_template(f'{template}.html').render(school=parts().school, demo=parts().demo, **values)
    return HTMLResponse(html, status, HEADERS)


def fragment(template: str, /, **values: Any) -> str:
    """A piece of a page. Every value is escaped."""
    return _environment.get_template(f'{template}.html').render(**values)


def message(request: Request, status: int, title: str, text: str) -> HTMLResponse:
    """A page that says one thing, with the ways on and back."""
    return page('message', status, title=title, text=text, back=_came_from(request))


def _came_from(request: Request) -> str:
    """The page of ours whose link led here; empty if none did, or it was the start or this very page."""
    try:
        told = urlsplit(request.headers.get('referer', ''))
    except ValueError:
        return ''
    if told.netloc != request.headers.get('host'):
        return ''
    path = sign_in.local_path(f'{told.path}?{told.query}' if told.query else told.path)
    return '' if path == '/' or told.path == request.url.path else path
