"""The real server with one more route that does nothing, so that the callback can be held against it in one process."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import run
from console.config import Settings

NOOP = '/api/v1/bench/noop'
build = run.build


def build_with_noop(settings: Settings) -> FastAPI:
    server = build(settings)
    server.router.routes.insert(0, Route(NOOP, noop, methods=['POST']))
    return server


async def noop(request: Request) -> PlainTextResponse:
    await request.body()
    return PlainTextResponse('success')


if __name__ == '__main__':
    run.build = build_with_noop
    raise SystemExit(run.main(['serve']))
