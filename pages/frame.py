"""The frame around every page: the rail, the top bar with alerts and the member's own menu, and the strips."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from nicegui import background_tasks, ui

from console import alerts, gathering, sign_in, signals, staff, today
from console.database import read, transact
from console.errors import ConsoleError
from console.parts import parts
from console.staff import Action
from models import Alert, Role, Staff
from pages.account import account_dialog
from pages.news import on_news
from pages.palette import Place, palette, palette_button
from pages.widgets import Button, Handler, Text, ago, avatar, chip, icon, icon_button, refusals_shown, text

COUNTED_AFTER = 0.4
"""Seconds from news until the rail counts anew: what was said comes first, and what it leads to is counted with it."""

ROLES = {Role.AGENT: '客服', Role.SUPERVISOR: '主管', Role.TESTER: '测试', Role.ADMIN: '管理员'}


@dataclass(frozen=True)
class _Place:
    path: str
    word: str
    icon: str
    action: Action | None
    count: str = ''  # the field of today.Counts shown beside it
    unless: Action | None = field(default=None, kw_only=True)  # who may do this finds it elsewhere
    mark: str = ''  # another one, of things that name this member


PLACES = (
    _Place('/', '工作台', 'home', None),
    _Place('/review', '审核', 'review', Action.REVIEW, 'drafts'),
    _Place('/conversations', '会话', 'conversations', Action.SEE_CONVERSATIONS, 'waiting', 'named'),
    _Place('/students', '学员', 'students', Action.SEE_STUDENTS),
    _Place('/sidebar?sim=1', '侧边栏', 'sidebar', Action.SIMULATE),
    _Place('/knowledge', '知识库', 'knowledge', Action.SEE_KNOWLEDGE),
    _Place('/reports', '报表', 'reports', Action.SEE_REPORTS),
    _Place('/simulate', '模拟', 'simulate', Action.SIMULATE),
    _Place('/settings', '设置', 'settings', Action.SEE_SETTINGS),
    _Place('/settings/policy', '规则', 'settings', Action.SEE_POLICY, unless=Action.SEE_SETTINGS),
)


@contextmanager
def frame(
    title: str, path: str, member: Staff, secret: str, *, reviews: bool, leave: Callable[[], None]
) -> Iterator[None]:
    """Everything around a page; what is drawn inside the context becomes its content.

    `reviews`: whether the school's rules let this member release drafts. `leave` goes to the sign-in.
    """
    counters: dict[str, Text] = {}

    def show(counts: today.Counts) -> None:
        for name, label in counters.items():
            number = getattr(counts, name)
            label.set_text('99+' if number > 99 else str(number))
            label.set_visibility(number > 0)

    async def reload() -> None:
        try:
            show(await gathering.ask(today.counted, member.id))
        except ConsoleError:
            return  # the member left; the guard takes the page to the sign-in

    async def recount() -> None:
        await asyncio.sleep(COUNTED_AFTER)
        await reload()

    with ui.element('div').classes('app'):
        with ui.element('nav').classes('rail').props('aria-label=主导航'):
            for place in PLACES:
                if offered(place, member.role, reviews=reviews):
                    _rail_link(place, current=_is_in(path, place.path), counters=counters)
        with ui.element('header').classes('bar'):
            text(title, tag='h1')
            palette_button()
            if staff.may(member.role, Action.SEE_ALERTS):
                _bell(member.id, counters)
            with chip('', 'good').classes('live-state').props('role=status'):
                text('实时', 'live-words')
                text('连接中断', 'lost-words')
            _me(member, secret, leave)
        _strips()
        with ui.element('main').classes('page'):
            yield
    ui.element('dialog').classes('keys').props('aria-label=快捷键')
    places = [
        Place(place.word, href=place.path, action=None if reviews and place.action is Action.REVIEW else place.action)
        for place in PLACES
    ]
    palette(member, places, {'退出': partial(_sign_out, secret, leave)})
    for label in counters.values():
        label.set_visibility(False)
    background_tasks.create(reload(), name='first counts')
    name = f'{ui.context.client.id} counts'
    on_news(
        lambda: background_tasks.create_lazy(recount(), name=name),
        signals.draft_changed, signals.conversation_changed, signals.alert_changed,
    )  # fmt: skip


@contextmanager
def narrow_frame() -> Iterator[None]:
    """Around a pane inside WeCom: nothing but the strips."""
    with ui.element('div').classes('side-frame'):
        _strips()
        with ui.element('main'):
            yield


def _strips() -> None:
    with ui.element('div').classes('strips'):
        if parts().demo:
            text('演示环境: 消息不会发给真实客户', 'strip', tag='div')
        text('连接中断，正在重新连接。恢复后会自动载入最新内容。', 'strip lost', tag='div').props('role=alert')


def offered(place: _Place, role: Role, *, reviews: bool) -> bool:
    if place.action is Action.REVIEW:
        return reviews
    elsewhere = place.unless is not None and staff.may(role, place.unless)
    return not elsewhere and (place.action is None or staff.may(role, place.action))


def _is_in(path: str, place: str) -> bool:
    return path == place or (place != '/' and path.startswith(f'{place}/'))


def _rail_link(place: _Place, *, current: bool, counters: dict[str, Text]) -> None:
    link = ui.element('a').props(f'href={place.path} title={place.word}')
    if current:
        link.props('aria-current=page')
    with link:
        icon(place.icon)
        text(place.word, 'word')
        if place.count:
            counters[place.count] = text('', 'count')
        if place.mark:
            counters[place.mark] = text('', 'count mark').props('title=同事在备注里提到您')


def _bell(me: int, counters: dict[str, Text]) -> None:
    async def close(alert: Alert) -> None:
        with refusals_shown():
            await transact(alerts.close, alert.id, by=me)
        await reload()

    @ui.refreshable
    def listed(found: list[Alert]) -> None:
        if not found:
            text('没有告警', 'muted padded', tag='div')
        for alert in found:
            _alert_row(alert, on_close=close)

    async def reload() -> None:
        with suppress(ConsoleError):  # who may see them no longer is told by what they press
            listed.refresh(await read(alerts.seen, by=me))

    with icon_button('bell', '告警', reload).classes('bell'):
        counters['alerts'] = text('', 'count')
        with _dropdown(), ui.element('div').classes('alerts'):
            text('告警', 'padded', tag='h2')
            with ui.element('div').classes('list'):
                listed([])
            with ui.element('a').classes('padded').props('href=/settings/failed'):
                text('消息故障')
    name = f'{ui.context.client.id} alerts'
    on_news(lambda: background_tasks.create_lazy(reload(), name=name), signals.alert_changed)


def _alert_row(alert: Alert, *, on_close: Callable[[Alert], Awaitable[None]]) -> None:
    with ui.element('div'):
        text(alert.text, 'words')
        icon_button('close', '关闭这条告警', lambda: on_close(alert))
        with ui.element('small'):
            ago(alert.repeated_at)
            if alert.count > 1:
                text(f' · 共 {alert.count} 次')


def _me(member: Staff, secret: str, leave: Callable[[], None]) -> None:
    async def sign_out_everywhere() -> None:
        await transact(sign_in.close_all_sessions, member.id, by=member.id)
        leave()

    change_password = account_dialog(member, leave)
    trigger = ui.element('button').classes('me').props('type=button aria-haspopup=menu')
    trigger.props['aria-label'] = f'我的账号: {member.name}'
    with trigger:
        avatar(member.name)
        text(member.name, 'clip')
        icon('down')
        with _dropdown().props('auto-close'), ui.element('div').classes('menu').props('role=menu'):
            with ui.element('div').classes('head'):
                text(member.name, tag='b')
                text(f'{ROLES[member.role]} · {member.username}', 'muted', tag='div')
            _menu_item('修改密码', change_password)
            _menu_item('退出', partial(_sign_out, secret, leave))
            _menu_item('全部退出', sign_out_everywhere).props('title=在所有浏览器和设备上退出')


async def _sign_out(secret: str, leave: Callable[[], None]) -> None:
    await transact(sign_in.close_session, secret)
    leave()


def _dropdown() -> ui.menu:
    return ui.menu().props('anchor="bottom right" self="top right" :offset="[0, 6]"')


def _menu_item(words: str, on_click: Handler) -> Button:
    item = Button(on_click)
    item.props('role=menuitem')
    with item:
        text(words)
    return item
