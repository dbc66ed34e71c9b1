"""The JSON API, version 1."""

from fastapi import FastAPI

from callbacks.api_v1 import (
    conversations,
    documentation,
    drafts,
    knowledge,
    replies,
    sign_in,
    simulate,
    staff,
    students,
    users,
)
from callbacks.api_v1.envelope import handle_refusals, refusals
from callbacks.api_v1.guard import Guard

PREFIX = '/api/v1'
NOUNS = (sign_in, users, replies, simulate, drafts, conversations, knowledge, students, staff)


def mount(server: FastAPI) -> None:
    """Add the API below `PREFIX`, and its description. It answers for every path there that was not added before."""
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


ABOUT = """
Every answer is `{code, message, data}`, a refused call `{code, message, error: {detail, field?, reason?}}`;
`code` is the HTTP status, `message` is for people, `reason` for programs. Times are ISO 8601 with zone.
Sign in with `POST /api/v1/login` and send `Authorization: Bearer <access_token>`.
A body is JSON of at most 1 MiB. Lists are paged: send `next_cursor` back as `cursor` until it is null.
"""
