"""What every page shares: the guard, the frame around it, and reloading."""

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import nicegui
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from nicegui import Client, background_tasks, ui

from console import policies, sign_in, signals, staff
from console.database import read
from console.errors import NotAllowed, NotFound
from console.parts import parts
from console.signals import Signal
from models import LARGEST_INTEGER, Staff
from pages import packed, plain
from pages.frame import frame, narrow_frame
from pages.news import on_news
from pages.widgets import refusals_shown

FAVICON = (packed.ASSETS / 'favicon.svg').read_text(encoding='utf-8').strip()


@dataclass
class _Visit:
    """Who opened this page, and the secret of the sign-in they did it with."""

    member: Staff
    secret: str
    back: str = '/login'
    left: bool = False

    def leave(self) -> None:
        """To the sign-in, once: a second navigation would cut off the first."""
        if not self.left:
            self.left = True
            ui.navigate.to(self.back)


_visits: WeakKeyDictionary[Client, _Visit] = WeakKeyDictionary()


def staff_page(
    path: str, *, title: str, action: staff.Action | None = None, narrow: bool = False
) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., Awaitable[Response | None]]]:
    """A page only staff can open; strangers go to sign in and come back. The one way to make a page here.

    `action`: what a role must be allowed for it. A `NotFound` raised while building becomes a page saying so.
    `narrow`: for a pane inside WeCom, without the rail; signed out, it comes back to where it was.
    """

    def decorate(build: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[Response | None]]:
        @ui.page(path, title=f'{title} · EduDesk', favicon=FAVICON, dark=None, response_timeout=10)
        @functools.wraps(build)
        async def page(**params: Any) -> Response | None:
            request = ui.context.client.request
            visit = await _visit(request)
            if visit is None:
                return _instead(_to_sign_in(request))
            try:
                if any(isinstance(value, int) and abs(value) > LARGEST_INTEGER for value in params.values()):
                    raise NotFound('这个页面')
                await read(staff.require, visit.member.id, action)
                _visits[ui.context.client] = visit
                ui.on_exception(_crashed)
                if narrow:
                    visit.back = _sign_in_and_back(request)
                    with narrow_frame():
                        await build(**params)
                else:
                    reviews = await read(policies.may_review, visit.member)
                    with frame(title, path, visit.member, visit.secret, reviews=reviews, leave=visit.leave):
                        await build(**params)
                _leave_when_signed_out(visit)
            except NotFound as refusal:
                return _instead(plain.message(request, 404, '没有找到', str(refusal)))
            except NotAllowed as refusal:
                return _instead(plain.message(request, 403, '没有权限', str(refusal)))
            return None

        return page

    return decorate


def me() -> int:
    """The id of the member this page belongs to."""
    return member().id


def member() -> Staff:
    """The member this page belongs to, as of when it was opened."""
    return _visits[ui.context.client].member


def reload_on(reload: Callable[[], Awaitable[None]], *news: Signal) -> None:
    """Run `reload` when one of `news` is announced, in this place of the page. A burst makes two runs, not twenty."""
    slot = ui.context.slot
    client = ui.context.client
    name = f'{client.id} {id(reload)}'

    async def run() -> None:
        if client.is_deleted:
            return
        try:
            with slot, refusals_shown():
                await reload()
        except RuntimeError:
            if not client.is_deleted:  # the tab was closed meanwhile: nothing is left to draw on
                raise

    on_news(lambda: background_tasks.create_lazy(run(), name=name), *news)


def link_assets() -> None:
    """Have every page load our styles and scripts, and at once what NiceGUI's last script would ask for late."""
    links = (
        f'<link rel="stylesheet" href="{packed.styles()}"><script defer src="{packed.scripts()}"></script>'
        f'<link rel="modulepreload" href="/_nicegui/{nicegui.__version__}/static/dompurify.mjs">'
    )
    ui.add_head_html(links, shared=True)


async def _visit(request: Request) -> _Visit | None:
    secret = request.cookies.get(parts().cookie, '')[:200]
    found = await read(sign_in.member_of, secret) if secret else None
    return _Visit(found, secret) if found else None


def _instead(answer: Response) -> Response:
    """In place of the page: nobody will connect to what was drawn of it, which NiceGUI would keep for a minute."""
    ui.context.client.delete()
    return answer


def _to_sign_in(request: Request) -> Response:
    return RedirectResponse(_sign_in_and_back(request), 303)


def _sign_in_and_back(request: Request) -> str:
    here = request.url.path + (f'?{request.url.query}' if request.url.query else '')
    return '/login' if here == '/' else f'/login?next={quote(here, safe="/")}'


def _leave_when_signed_out(visit: _Visit) -> None:
    """An open page outlives its sign-in: ask again when the account changed, and now and then since it also expires."""

    async def look() -> None:
        if await read(sign_in.member_of, visit.secret) is None:
            visit.leave()

    async def changed(staff_id: int) -> None:
        if staff_id == visit.member.id:
            await look()

    signals.staff_changed.subscribe(changed)
    ui.timer(60, look, immediate=False)


def _crashed() -> None:
    ui.notify('出错了，刚才的操作没有完成。请重试；如果仍然不行，请把现在的时间告诉管理员。', type='negative')
