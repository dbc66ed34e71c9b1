"""Signing in and out, and the first start: plain HTML that works without a script."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from console import demo, sign_in, staff
from console.database import read, transact
from console.errors import ConsoleError, Invalid
from console.parts import parts
from models import Role
from pages import plain
from pages.account import PASSWORD_RULE
from pages.frame import ROLES

router = APIRouter(include_in_schema=False)

Typed = Annotated[str, Form()]


@router.get('/login')
async def ask(request: Request, next: str = '/') -> Response:  # noqa: A002  the name in the address
    if await _setup_code() is not None:
        return RedirectResponse('/setup', 303, plain.HEADERS)
    if _signed_in_as(request) is not None:
        return RedirectResponse(sign_in.local_path(next), 303, plain.HEADERS)
    if _known_to_wecom(request) and request.query_params.get('with') != 'password':
        return RedirectResponse(_to_wecom(next), 303, plain.HEADERS)
    return await _form(request, next)


@router.post('/login')
async def check(
    request: Request,
    username: Typed = '',
    password: Typed = '',
    next: Typed = '/',  # noqa: A002
) -> Response:
    try:
        if not username.strip():
            raise Invalid('username', '请输入用户名。')
        if not password:
            raise Invalid('password', '请输入密码。')
        member_id = await sign_in.with_password(username, password, address=_address(request))
        return await _signed_in(request, member_id, next)
    except ConsoleError as refusal:
        return await _form(request, next, username=username, refusal=refusal)


@router.post('/login/demo')
async def enter_demo(request: Request, role: Typed = '', next: Typed = '/') -> Response:  # noqa: A002
    """One click, only while nothing here reaches a real parent."""
    if not parts().demo or role not in set(Role):
        raise HTTPException(404)
    account = await read(demo.account, Role(role))
    if account is None:
        raise HTTPException(404)
    return await _signed_in(request, account.id, next)


@router.get('/setup')
async def ask_setup() -> Response:
    if await _setup_code() is None:
        return RedirectResponse('/login', 303, plain.HEADERS)
    return _setup_form()


@router.post('/setup')
async def set_up(
    request: Request, code: Typed = '', username: Typed = '', name: Typed = '', password: Typed = ''
) -> Response:
    """Make the first administrator. The code opens this once."""
    expected = await _setup_code()
    if expected is None:
        return RedirectResponse('/login', 303, plain.HEADERS)
    try:
        await sign_in.with_setup_code(code, expected, address=_address(request))
        member_id = await _first_administrator(username, name, password)
        return await _signed_in(request, member_id, '/')
    except ConsoleError as refusal:
        return _setup_form(code=code, username=username, name=name, refusal=refusal)


@router.post('/logout')
async def leave(request: Request) -> Response:
    secret = request.cookies.get(parts().cookie)
    if secret:
        await transact(sign_in.close_session, secret[:200])
    return _signed_out(request)


@router.post('/logout-everywhere')
async def leave_everywhere(request: Request) -> Response:
    member_id = _signed_in_as(request)
    if member_id is not None:
        await transact(sign_in.close_all_sessions, member_id, by=member_id)
    return _signed_out(request)


async def _setup_code() -> str | None:
    """What opens the set-up page; None once somebody is there, also if another process made them."""
    if parts().setup_code is not None and await read(staff.count):
        parts().setup_code = None
    return parts().setup_code


async def _first_administrator(username: str, name: str, password: str) -> int:
    folded = staff.checked_username(username)
    password_hash = await sign_in.hash_password(staff.checked_password(password, username=folded))
    code = parts().setup_code
    if code is None:
        raise Invalid('code', '安装码已经用过了，请直接登录。')
    parts().setup_code = None  # before the first await: of two forms sent at once, one is late
    try:
        made = await transact(staff.create_first, username=folded, name=name or folded, password_hash=password_hash)
    except BaseException:  # also a form that was given up: `_setup_code` finds out whether somebody is there
        parts().setup_code = code
        raise
    return made.id


async def _signed_in(request: Request, member_id: int, next_page: str) -> Response:
    """A new secret at every sign-in: one that was planted before is worth nothing afterwards."""
    secret = await transact(
        sign_in.renew_session, member_id, before=request.cookies.get(parts().cookie), address=_address(request)
    )
    answer = RedirectResponse(sign_in.local_path(next_page), 303, plain.HEADERS)
    answer.set_cookie(
        parts().cookie, secret, max_age=int(sign_in.BROWSER_SESSION.total_seconds()), **parts().cookie_rules
    )
    return answer


def _signed_out(request: Request) -> Response:
    # Inside WeCom the plain address would sign the member in again at once.
    target = '/login?with=password' if _known_to_wecom(request) else '/login'
    answer = RedirectResponse(target, 303, plain.HEADERS)
    answer.delete_cookie(parts().cookie, **parts().cookie_rules)
    return answer


async def _form(
    request: Request, next_page: str, *, username: str = '', refusal: ConsoleError | None = None
) -> Response:
    roles = [(role.value, ROLES[role]) for role in Role] if parts().demo else []
    return plain.page(
        'login',
        refusal.http_status if refusal else 200,
        next=sign_in.local_path(next_page),
        wecom=_to_wecom(next_page) if _reaches_wecom(request) else '',
        username=username[:64],
        roles=roles,
        **_said(refusal),
    )


def _setup_form(*, code: str = '', username: str = '', name: str = '', refusal: ConsoleError | None = None) -> Response:
    return plain.page(
        'setup',
        refusal.http_status if refusal else 200,
        code=code[:64],
        username=username[:64],
        name=name[:64],
        rule=PASSWORD_RULE,
        **_said(refusal),
    )


def _said(refusal: ConsoleError | None) -> dict[str, str]:
    return {'refusal': str(refusal or ''), 'field_name': (refusal.field if refusal else None) or ''}


def _signed_in_as(request: Request) -> int | None:
    """As the door found out."""
    member_id: int | None = request.scope['state']['member_id']
    return member_id


def _address(request: Request) -> str:
    return request.client.host if request.client else ''


def _to_wecom(next_page: str) -> str:
    return f'/api/v1/wechat/login?{urlencode({"next": sign_in.local_path(next_page)})}'


def _reaches_wecom(request: Request) -> bool:
    """The sandbox's sign-in page is there only for browsers on its own machine."""
    return not parts().demo or sign_in.is_this_machine(request.headers.get('host', ''))


def _known_to_wecom(request: Request) -> bool:
    """Whether this browser is the one inside WeCom, which tells who its member is. The sandbox would have to ask."""
    return not parts().demo and 'wxwork/' in request.headers.get('user-agent', '').lower()
