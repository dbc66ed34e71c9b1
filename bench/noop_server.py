"""The real server with two more POST routes that do nothing: what the callback is held against, in one process."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import run
from console.config import Settings

NOOP = '/bench/noop'
"""A route of the framework's, as every other of ours is."""

BARE = '/bench/bare'
"""Below the framework and before all other routes: what the callback's own way past it is to be measured against."""

build = run.build


def build_with_noops(settings: Settings) -> FastAPI:
    server = build(settings)
    server.add_api_route(NOOP, noop, methods=['POST'])
    server.router.routes.insert(0, server.router.routes.pop())  # NiceGUI's mount takes whatever comes after it
    server.router.routes.insert(0, Route(BARE, noop, methods=['POST']))
    return server


async def noop(request: Request) -> PlainTextResponse:
    await request.body()
    return PlainTextResponse('success')


if __name__ == '__main__':
    run.build = build_with_noops
    raise SystemExit(run.main(['serve']))
