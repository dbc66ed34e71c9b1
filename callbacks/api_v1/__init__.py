"""The JSON API, version 1."""

from fastapi import FastAPI

from callbacks.api_v1 import drafts, sign_in, simulate, staff
from callbacks.api_v1.envelope import handle_refusals, refusals
from callbacks.api_v1.guard import Guard

PREFIX = '/api/v1'


def mount(server: FastAPI) -> None:
    """Add the API below `PREFIX`. It answers for every path there that was not added before."""
    api = FastAPI(
        title=server.title,
        version=server.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        responses=refusals(500),
    )
    handle_refusals(api)
    api.add_middleware(Guard)
    for noun in (sign_in, drafts, simulate, staff):
        api.include_router(noun.router)
    server.mount(PREFIX, api)
