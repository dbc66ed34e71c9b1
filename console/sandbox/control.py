"""/_sandbox/: the control side over HTTP, for a sandbox that runs on its own.

`POST /_sandbox/<method>` with a JSON object of its keyword arguments calls that method of `Sandbox`, and
`POST /_sandbox/<part>/<method>` any public one of a part, e.g. `/_sandbox/kf/customer_says`.
"""

import asyncio
import inspect
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from console.sandbox.contacts import UnknownContact
from console.sandbox.kf_sessions import UnknownCustomer
from console.sandbox.phones import UnknownMember

KEY_HEADER = 'X-Sandbox-Key'
METHODS = {
    'accept_then_drop_answer',
    'advance_clock',
    'calls',
    'clear_faults',
    'delay_next',
    'ensure_member',
    'expire_tokens',
    'fail_next',
    'hang_next',
    'members',
    'phone',
    'post_again',
    'push_event',
    'push_xml',
    'say',
    'send_media',
    'set_callback_url',
    'set_trusted_domain',
    'verify_callback_url',
    'void_tokens',
}
PARTS = {'admin', 'cards', 'contacts', 'kf', 'media', 'robots', 'servicers'}


def routes(sandbox: object, key: str | None) -> list[Route]:
    """The control side of `sandbox`; with a `key`, for those who send it in `X-Sandbox-Key`."""

    async def control(request: Request) -> JSONResponse:
        if not _may_control(request, key):
            return _refused(403, f'{KEY_HEADER} is missing or wrong, or this is a browser')
        part, name = request.path_params.get('part'), request.path_params['method']
        method = _method(sandbox, part, name)
        if method is None:
            return _refused(404, f'there is no {name}')
        try:
            arguments = await request.json() if await request.body() else {}
            if not isinstance(arguments, dict):
                raise ValueError('the arguments are a JSON object')
            _check_arguments(method, arguments)
            result = await asyncio.to_thread(method, **arguments)
        except (UnknownMember, UnknownCustomer, UnknownContact) as error:
            return _refused(404, f'nobody is called {error}')
        except (ValueError, RuntimeError) as error:
            return _refused(400, str(error))
        return JSONResponse({'result': _plain(result)})

    return [
        Route('/_sandbox/{method}', control, methods=['POST']),
        Route('/_sandbox/{part}/{method}', control, methods=['POST']),
    ]


def _method(sandbox: object, part: str | None, name: str) -> Callable[..., Any] | None:
    if part is None:
        return getattr(sandbox, name) if name in METHODS else None
    if part not in PARTS or name.startswith('_'):
        return None
    method = getattr(getattr(sandbox, part), name, None)
    return method if inspect.ismethod(method) else None


def _may_control(request: Request, key: str | None) -> bool:
    if 'origin' in request.headers:  # any page open on this machine could reach a loopback port
        return False
    return key is None or secrets.compare_digest(request.headers.get(KEY_HEADER, '').encode(), key.encode())


def _check_arguments(method: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    try:
        inspect.signature(method).bind(**arguments)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _refused(status: int, reason: str) -> JSONResponse:
    return JSONResponse({'error': reason}, status_code=status)


def _plain(value: Any) -> Any:
    """`value` in JSON's terms: times in ISO 8601, bytes as the text they hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode(errors='replace')
    return value.isoformat() if isinstance(value, datetime) else value
