"""Signing in through WeCom, for browsers: out to WeCom's page, and back with a code that says who it is.

See developer.work.weixin.qq.com/document/path/91022 and 98152, read 2026-11-24.
"""

import asyncio
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from console import sign_in, wecom_sign_in
from console.database import transact
from console.errors import ConsoleError, TooMany
from console.parts import parts
from console.wecom.client import OAuthUser
from console.wecom.refusals import WeComRefused, WeComUnreachable
from console.wecom_sign_in import CodeSpent

log = logging.getLogger(__name__)

PREFIX = '/api/v1/wechat'
router = APIRouter(prefix=PREFIX, include_in_schema=False)

INSIDE = re.compile(r'wxwork/', re.IGNORECASE)
"""What WeCom's own browser calls itself (path/90315); it says MicroMessenger, too."""
HEADERS = {'cache-control': 'no-store', 'referrer-policy': 'no-referrer'}
CODE_REFUSED = 40029

_asking = ThreadPoolExecutor(4, thread_name_prefix='who')
"""Of their own: the threads that send the files of pages must not wait for a WeCom that hangs."""

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / 'templates'), autoescape=True, undefined=StrictUndefined
)


class NoWord(ConsoleError):
    """WeCom cannot be asked who it is."""

    http_status = 503
    reason = 'unreachable'

    def __init__(self) -> None:
        super().__init__('暂时无法连接企业微信，不能确认您的身份。请稍后再试，或者用密码登录。')


@router.get('/login')
async def begin(request: Request, next: str = '/') -> Response:  # noqa: A002  the name in the address
    """To WeCom: inside it straight on, elsewhere by QR code. Binds the way back to this browser."""
    next_path = sign_in.local_path(next)
    if _came_by_another_name(request) and 'renamed' not in request.query_params:
        again = urlencode({'next': next_path, 'renamed': 1})  # once: a proxy may go on using the other name
        return RedirectResponse(f'{parts().base_url}{PREFIX}/login?{again}', 303, HEADERS)
    entrance = parts().entrance
    cookie = request.cookies.get(parts().visitor_cookie, '')
    visitor = entrance.visitors.name_in(cookie)
    if visitor is None:
        cookie = entrance.visitors.new()
        visitor = entrance.visitors.name_in(cookie) or ''
    try:
        state = await transact(wecom_sign_in.begin, next_path=next_path, visitor=visitor, address=_address(request))
    except TooMany as refusal:
        return _refused(refusal, next_path)
    inside = INSIDE.search(request.headers.get('user-agent', '')) is not None
    answer = RedirectResponse(entrance.address(state, inside=inside), 303, HEADERS)
    answer.set_cookie(
        parts().visitor_cookie, cookie, max_age=int(wecom_sign_in.PATIENCE.total_seconds()), **parts().cookie_rules
    )
    return answer


@router.get('/oauth')
async def finish(request: Request, code: str = '', state: str = '') -> Response:
    """From WeCom: signs the member in and leads on, or says why not. The code is asked about once, if ever."""
    next_path = '/'
    try:
        visitor = parts().entrance.visitors.name_in(request.cookies.get(parts().visitor_cookie, ''))
        begun = await transact(wecom_sign_in.redeem, state=state, code=code, visitor=visitor)
        next_path = begun.next_path
        if begun.spent or not code or len(code) > wecom_sign_in.LONGEST_CODE:
            raise CodeSpent
        user = await asyncio.get_running_loop().run_in_executor(_asking, _who, code)
        member_id = await transact(wecom_sign_in.member_for, user)
        secret = await transact(
            sign_in.renew_session,
            member_id,
            before=request.cookies.get(parts().cookie),
            address=_address(request),
            through='wecom',
        )
    except ConsoleError as refusal:
        log.info('sign-in through WeCom refused: %s %s', type(refusal).__name__, refusal.reason)
        return _refused(refusal, next_path)
    answer = RedirectResponse(next_path, 303, HEADERS)
    answer.set_cookie(
        parts().cookie, secret, max_age=int(sign_in.BROWSER_SESSION.total_seconds()), **parts().cookie_rules
    )
    answer.delete_cookie(parts().visitor_cookie, **parts().cookie_rules)
    return answer


def _who(code: str) -> OAuthUser:
    """Blocks."""
    try:
        return parts().entrance.client.oauth_user(code)
    except WeComUnreachable:
        raise NoWord from None
    except WeComRefused as refused:
        if refused.errcode == CODE_REFUSED:
            raise CodeSpent from None
        raise


def _refused(refusal: ConsoleError, next_path: str) -> HTMLResponse:
    """A page in words. It takes the code out of the address bar, where a reload would send it once more."""
    retry_after = getattr(refusal, 'retry_after', None)
    headers = HEADERS if retry_after is None else {**HEADERS, 'retry-after': str(retry_after)}
    page = _environment.get_template('refused.html').render(
        text=str(refusal),
        again=f'{PREFIX}/login?{urlencode({"next": next_path})}',
        password=f'/login?{urlencode({"with": "password", "next": next_path})}',
    )
    return HTMLResponse(page, refusal.http_status, headers)


def _came_by_another_name(request: Request) -> bool:
    """localhost instead of 127.0.0.1, or the like: WeCom would send the browser back to where our cookie is not."""
    used, public = request.headers.get('host', ''), urlsplit(parts().base_url).netloc
    names = {name.rpartition(':')[0] or name for name in (used, public)}
    return len(names) > 1 and sign_in.is_this_machine(used) and sign_in.is_this_machine(public)


def _address(request: Request) -> str:
    return request.client.host if request.client else ''
