"""The JSON API, version 1."""

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from callbacks.api_v1 import (
    conversations,
    documentation,
    drafts,
    jssdk,
    knowledge,
    replies,
    sign_in,
    simulate,
    staff,
    students,
    users,
)
from callbacks.api_v1.envelope import OTHER_WORDS, handle_refusals, refusal, refusals
from callbacks.api_v1.guard import Guard

PREFIX = '/api/v1'
NOUNS = (sign_in, users, replies, simulate, drafts, conversations, knowledge, students, staff, jssdk)


def mount(server: FastAPI) -> None:
    """Add the API below `PREFIX`, and its description. It answers for every path below /api not added before."""
    api = FastAPI(
        title=server.title,
        version=server.version,
        description=ABOUT,
        openapi_url=None,
        redirect_slashes=False,
        responses=refusals(500),
        generate_unique_id_function=lambda route: route.name,
    )
    handle_refusals(api)
    api.add_middleware(Guard)
    for noun in NOUNS:
        api.include_router(noun.router)
    documentation.describe(server, api, PREFIX)
    server.mount(PREFIX, api)
    server.add_route('/api', _Nothing(), include_in_schema=False)
    server.mount('/api', _Nothing())


class _Nothing:
    """Programs that got the address wrong are told so in JSON, not with a page."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await refusal(404, OTHER_WORDS[404])(scope, receive, send)


ABOUT = """
Every answer is `{code, message, data}`, a refused call `{code, message, error: {detail, field?, reason?}}`;
`code` is the HTTP status, `message` is for people, `reason` for programs. Times are ISO 8601 with zone.
Sign in with `POST /api/v1/login` and send `Authorization: Bearer <access_token>`.
A body is JSON of at most 1 MiB. Lists are paged: send `next_cursor` back as `cursor` until it is null.
"""
