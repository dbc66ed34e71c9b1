"""Whether the process serves, whether it works, and its figures."""

import asyncio
import hmac
from collections.abc import Sequence
from ipaddress import ip_address

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from console import metrics
from console.database import read, together
from console.parts import parts
from console.standing import measure

router = APIRouter(include_in_schema=False)

PATIENCE = 5.0


@router.get('/health')
async def health() -> dict[str, object]:
    return {'code': 200, 'message': 'ok', 'data': {'status': 'ok', 'version': parts().version}}


@router.get('/health/ready')
async def ready() -> JSONResponse:
    """200 only when the database keeps a write and every worker loop comes round.

    The write goes the way of the callbacks: before other work that waits, and with all who ask at the same time.
    """
    trouble: dict[str, str] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            await together(_write, None)
    except (SQLAlchemyError, TimeoutError) as fault:
        trouble['database'] = type(fault).__name__
    if stuck := parts().workers.stuck():
        trouble['workers'] = ', '.join(stuck)
    status = 503 if trouble else 200
    answer = {'code': status, 'message': 'not ready' if trouble else 'ok', 'data': {'trouble': trouble}}
    return JSONResponse(answer, status)


@router.get('/metrics')
async def figures(request: Request) -> Response:
    """From loopback, or with `Authorization: Bearer METRICS_TOKEN`."""
    if not _may_measure(request):
        return JSONResponse({'code': 403, 'message': '只允许本机访问，或请携带令牌。', 'error': {'detail': ''}}, 403)
    await read(measure)
    return Response(metrics.exposition(), media_type='text/plain; version=0.0.4; charset=utf-8')


def _may_measure(request: Request) -> bool:
    token = request.app.state.metrics_token
    given = request.headers.get('authorization', '').removeprefix('Bearer ')
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _write(session: Session, _asked: Sequence[None]) -> None:
    """The smallest write there is. A full disk shows in the commit, so that it is not rolled back."""
    session.execute(text('UPDATE alembic_version SET version_num = version_num'))
