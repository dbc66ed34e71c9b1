"""The one shape of every answer: `{code, message, data}`, or `{code, message, error}` for what was refused."""

from http import HTTPStatus
from typing import Any, Generic, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from callbacks.api_v1.fields import fault_in
from console.errors import ConsoleError

T = TypeVar('T')

OTHER_WORDS = {
    400: '请求内容无法识别。',
    404: '没有这个接口，请核对地址。',
    405: '这个接口不支持该请求方法。',
    408: '请求内容没有按时送达。',
    413: '请求内容过大，最多 1 MiB。',
}
MEANINGS = {
    400: 'The body is not JSON',
    401: 'No token, or one that is forged, expired or signed out',
    403: 'This role may not',
    404: 'No such thing, or not for this caller',
    405: 'Wrong method',
    408: 'The body did not arrive in time',
    409: 'Someone or something was faster; nothing happened. `error.reason` says what',
    413: 'The body is larger than 1 MiB',
    422: 'Well-formed, but not acceptable. `error.field` names the field',
    429: 'Too often. `Retry-After` says when to come back',
    500: 'Our fault. `error.log_id` finds it in the log',
    503: 'The writer cannot be had. `error.reason` says why',
}


class Answer(BaseModel, Generic[T]):
    code: int = Field(200, description='The HTTP status')
    message: str = 'ok'
    data: T


class Fault(BaseModel):
    field: str | None = Field(None, description='The input at fault')
    detail: str
    reason: str | None = Field(None, description='A word for programs')
    log_id: str | None = None


class Refusal(BaseModel):
    """What was refused and why, in words for the person at the screen. Absent fields are left out."""

    code: int
    message: str
    error: Fault


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for its description. Where bad JSON may come (400), it may be too large or too slow."""
    if 400 in statuses:
        statuses = (*statuses, 408, 413)
    return {status: {'model': Refusal, 'description': MEANINGS[status]} for status in statuses}


def refusal(status: int, text: str, *, headers: dict[str, str] | None = None, **fault: str | None) -> JSONResponse:
    named = {name: value for name, value in fault.items() if value is not None}
    answer = {'code': status, 'message': text, 'error': {'detail': text} | named}
    return JSONResponse(answer, status, headers)


def handle_refusals(api: FastAPI) -> None:
    """Give every expected refusal its envelope."""
    api.add_exception_handler(ConsoleError, _console_error)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http_error)


async def _console_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ConsoleError)  # noqa: S101  registered for nothing else
    headers = {}
    if error.http_status == HTTPStatus.UNAUTHORIZED:
        headers['WWW-Authenticate'] = 'Bearer'
    retry_after = getattr(error, 'retry_after', None)
    if retry_after is not None:
        headers['Retry-After'] = str(int(retry_after) + 1)
    return refusal(error.http_status, str(error), headers=headers, field=error.field, reason=error.reason)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for nothing else
    first: dict[str, Any] = error.errors()[0]
    if first['type'] == 'json_invalid':
        return refusal(400, '请求内容不是有效的 JSON。')
    if first['loc'][0] == 'path':
        return refusal(404, '没有找到，请核对编号。')
    field, text = fault_in(first)
    return refusal(422, text, field=field or None)


async def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for nothing else
    text = OTHER_WORDS.get(error.status_code, '请求无法处理。')
    return refusal(error.status_code, text, headers=dict(error.headers or {}))
