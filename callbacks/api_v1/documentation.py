"""/docs and /openapi.json: what the API says of itself. Everything is served from here, nothing from a CDN."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from callbacks.api_v1.caller import known_by
from callbacks.api_v1.envelope import refusal
from console.errors import NotSignedIn
from console.parts import parts

FRAMEWORKS_OWN = ('HTTPValidationError', 'ValidationError')
"""What FastAPI says of refused input unless told otherwise; ours has another shape, and is told where it can happen."""


def describe(server: FastAPI, api: FastAPI, prefix: str) -> None:
    """Serve the description of `api`, which is mounted at `prefix`. In production to signed-in members only."""

    @server.get('/openapi.json', include_in_schema=False)
    async def openapi(request: Request) -> Response:
        if not await _may_read(request):
            return refusal(401, str(NotSignedIn()))
        return JSONResponse(description(api, prefix))

    @server.get('/docs', include_in_schema=False)
    async def docs(request: Request) -> Response:
        if not await _may_read(request):
            return refusal(401, str(NotSignedIn()))
        return get_swagger_ui_html(
            openapi_url='/openapi.json',
            title=f'{api.title} API',
            swagger_js_url='/docs/assets/swagger-ui-bundle.js',
            swagger_css_url='/docs/assets/swagger-ui.css',
            swagger_favicon_url='/docs/assets/favicon.png',
            swagger_ui_parameters={'validatorUrl': None, 'defaultModelsExpandDepth': 0},
        )

    # The package is a subclass of FastAPI with Swagger UI beside it; only the files are wanted.
    package = find_spec('fastapi_offline')
    assert package is not None  # noqa: S101  in requirements.txt
    server.mount('/docs/assets', StaticFiles(directory=Path(str(package.origin)).parent / 'static'))


def description(api: FastAPI, prefix: str) -> dict[str, Any]:
    """OpenAPI 3.1, with whole paths, and only what the server does."""
    schema = api.openapi()
    paths: dict[str, Any] = {}
    for path, operations in schema['paths'].items():
        paths[prefix + path] = {method: _true(operation) for method, operation in operations.items()}
    components = schema['components'] | {
        'schemas': {
            name: model for name, model in schema['components']['schemas'].items() if name not in FRAMEWORKS_OWN
        }
    }
    return schema | {'paths': paths, 'components': components}


def _true(operation: dict[str, Any]) -> dict[str, Any]:
    responses = {
        status: answer
        for status, answer in operation['responses'].items()
        if not str(answer.get('content')).count('HTTPValidationError')
    }
    return operation | {'responses': responses}


async def _may_read(request: Request) -> bool:
    if not parts().production or request.scope.get('state', {}).get('member_id') is not None:
        return True
    try:
        await known_by(request.headers.get('authorization', '').removeprefix('Bearer '))
    except NotSignedIn:
        return False
    return True
