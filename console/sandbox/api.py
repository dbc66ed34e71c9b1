"""/cgi-bin/: WeCom's HTTP API, with the faults that were ordered."""

import asyncio
from collections.abc import Callable
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from console.sandbox import (
    contacts_api,
    kf_api,
    kf_sending,
    media_api,
    members_api,
    robots_api,
    sending,
    sign_in_api,
    tags_api,
)
from console.sandbox.answers import Answer, Refused, refusal
from console.sandbox.endpoints import Asked, Blob, Endpoint, Upload
from console.sandbox.faults import Call, Fault
from console.sandbox.world import World


def routes(world: World, drop_connection: Callable[[Request], None]) -> list[Route]:
    """The API. `drop_connection` closes the caller's connection without a word."""

    async def call(request: Request) -> Response:
        path = request.path_params['path']
        try:
            asked = await _asked(request)
        except ClientDisconnect:
            return Response()  # to nobody
        if path not in ENDPOINTS:
            return PlainTextResponse('404 page not found', status_code=404)
        with world.turn():
            fault = world.faults.take(path)
            generation = world.faults.generation
        if fault and fault.kind == 'delay':
            await asyncio.sleep(fault.seconds)
        answer = _decide(world, request, asked, fault)
        if fault and fault.kind in {'hang', 'hang_answer'}:
            await _silence(world, request, generation)
        if fault and fault.kind in {'hang', 'hang_answer', 'drop_answer'}:
            drop_connection(request)
            await asyncio.sleep(0)  # the server notices the loss before it is handed an answer it cannot send
            return Response()
        if fault and fault.http_status:
            return HTMLResponse(f'<html><h1>{fault.http_status}</h1></html>', status_code=fault.http_status)
        return _response(answer)

    return [Route('/cgi-bin/{path:path}', call, methods=['GET', 'POST'])]


async def _asked(request: Request) -> Asked:
    raw, query = await request.body(), dict(request.query_params)
    if not request.headers.get('content-type', '').startswith('multipart/form-data'):
        return Asked(query, raw)
    try:
        async with request.form() as form:
            file = form.get('media')
            upload = Upload(file.filename or '', await file.read()) if isinstance(file, UploadFile) else None
    except HTTPException:  # no multipart after all
        upload = None
    return Asked(query, raw, upload)


def _response(answer: Answer | Blob | None) -> Response:
    if isinstance(answer, Blob):
        plain = ''.join(letter if letter.isascii() and letter not in '"\\' else '_' for letter in answer.name)
        disposition = f'attachment; filename="{plain}"; filename*=UTF-8\'\'{quote(answer.name)}'
        return Response(answer.content, media_type=answer.content_type, headers={'Content-Disposition': disposition})
    return JSONResponse(answer)


async def _silence(world: World, request: Request, generation: int) -> None:
    """Until the caller hangs up, or the faults are cleared, which may happen in any thread."""
    while world.faults.generation == generation and not await request.is_disconnected():  # noqa: ASYNC110
        await asyncio.sleep(0.05)


def _decide(world: World, request: Request, asked: Asked, fault: Fault | None) -> Answer | Blob | None:
    """Do what was asked unless the fault forbids it, and write the call down. None: no answer at all."""
    path, ip = request.path_params['path'], request.client.host if request.client else ''
    answer: Answer | Blob | None
    try:
        with world.turn():
            if fault and fault.kind == 'hang':
                answer = None
            elif fault and fault.kind == 'refuse':
                raise Refused(fault.errcode)
            else:
                answer = _answer(world, path, request.method, asked, ip)
    except Refused as refused:
        answer = refusal(refused.errcode, now=world.clock.now(), detail=refused.detail, ip=ip)
    errcode = answer['errcode'] if isinstance(answer, dict) else None if answer is None else 0
    with world.turn():
        world.calls.add(Call(path, world.clock.read(), asked.query, asked.raw, errcode))
    return answer


def _answer(world: World, path: str, method: str, asked: Asked, ip: str) -> Answer | Blob:
    endpoint = ENDPOINTS[path]
    world.gate.count(path, world.clock.now())
    if endpoint.needs_token:
        world.access_tokens.check(asked.query.get('access_token'), world.clock.now())
        world.gate.check_ip(ip)
    if method != endpoint.method:
        raise Refused(40058)
    world.gate.check_right(endpoint.right)
    return endpoint.answer(world, asked)


ENDPOINTS: dict[str, Endpoint] = {
    **sign_in_api.ENDPOINTS,
    **members_api.ENDPOINTS,
    **sending.ENDPOINTS,
    **media_api.ENDPOINTS,
    **kf_api.ENDPOINTS,
    **kf_sending.ENDPOINTS,
    **contacts_api.ENDPOINTS,
    **tags_api.ENDPOINTS,
    **robots_api.ENDPOINTS,
}
