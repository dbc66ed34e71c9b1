"""The people-facing side. `mount` registers every page."""

import pkgutil
from importlib import import_module

from fastapi import FastAPI, HTTPException, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response
from nicegui import app


def mount(server: FastAPI) -> None:
    """Add the plain HTML routes to the server, and register the live pages with NiceGUI."""
    from pages import layout, packed, sidebar_first, sign_in, signatures
    from pages.kept_files import KeptFiles

    signatures.remember()
    for router in (sign_in.router, packed.router, sidebar_first.router):
        server.include_router(router)
    server.add_api_route('/favicon.ico', lambda: FileResponse(packed.ASSETS / 'favicon.svg'), include_in_schema=False)
    server.add_middleware(KeptFiles)
    app.add_exception_handler(404, _not_found)
    app.add_exception_handler(RequestValidationError, _mistyped)
    app.add_exception_handler(Exception, _broken)
    layout.link_assets()
    for module in pkgutil.iter_modules(__path__):
        import_module(f'pages.{module.name}')


async def _not_found(request: Request, fault: Exception) -> Response:
    """Plain HTML: NiceGUI's own page would hold a socket and memory for every address somebody guesses."""
    from pages import plain

    if 'text/html' in request.headers.get('accept', ''):
        return plain.message(request, 404, '没有这个页面', '地址可能写错了，或者页面已经移走。')
    return await http_exception_handler(request, fault)


async def _mistyped(request: Request, _fault: Exception) -> Response:
    """An address with a word where a number belongs leads nowhere, like any other that was written wrong."""
    return await _not_found(request, HTTPException(404))


async def _broken(request: Request, _fault: Exception) -> Response:
    """The fault itself is in the log; whoever asked for the page is told what to do."""
    from pages import plain

    told = '系统出了问题，已记入日志。请稍后刷新重试；如果一直这样，请联系管理员。'
    return plain.message(request, 500, '页面没能打开', told)
