"""客户联系 in the settings: how the reading of customers stands, and the 「联系我」 codes they come by."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from nicegui import ui
from sqlalchemy.orm import Session

from console import contact_ways, contacts, signals
from console.database import read, transact
from console.parts import parts
from console.rounds import Round
from models import ContactWay
from pages.layout import me, reload_on
from pages.widgets import Form, ago, button, chip, confirm, copy_button, panel, refusals_at, refusals_shown, row, text

WHEN_SAID = '客户刚添加好友时自动发送一次，企业微信只等 20 秒。如果管理后台已设置欢迎语，则以那里的为准。'

_Shown = tuple[Round, int, list[ContactWay], dict[str, str]]


async def customers_panel() -> None:
    """Drawn once and again with every page of customers that was read. Raises `NotAllowed`."""
    by = me()
    adding = _WayDialog(by)
    welcoming = _WelcomeDialog(by)

    async def ask() -> None:
        with refusals_shown():
            await parts().customers.ask(by=by)
            ui.notify('已开始同步')

    async def remove(way: ContactWay) -> None:
        words = '二维码立即失效，已经添加的客户和他们的来源不变。'
        if await confirm(f'删除「{way.name}」？', words, ok='删除'):
            with refusals_shown():
                await parts().customers.remove_way(way.id, by=by)
                ui.notify('已删除')

    @ui.refreshable
    def content(state: Round, count: int, ways: list[ContactWay], names: dict[str, str]) -> None:
        _state(state, count, ask)
        with ui.element('header'):
            text('联系我', 'grow', tag='h2')
            button('添加二维码', partial(adding.show, names), small=True)
        _ways(ways, names, welcoming, remove)

    async def reload() -> None:
        content.refresh(*await read(_look, by))

    reload_on(reload, signals.customers_changed, signals.staff_changed)
    with panel('customers'):
        content(*await read(_look, by))


def _look(session: Session, by: int) -> _Shown:
    return (
        parts().customers.state(session),
        contacts.count(session),
        contact_ways.everyone(session, by=by),
        contact_ways.reachable(session),
    )


def _state(state: Round, count: int, ask: Callable[[], Awaitable[None]]) -> None:
    note = state.note
    with ui.element('header'):
        text('客户联系', 'grow', tag='h2')
        if state.running:
            chip(f'正在同步 {note.get("members", 0)} / {note.get("of", "…")} 位同事', 'info')
        elif note.get('error'):
            chip('没有同步', 'warn')
        button('立即同步', ask, small=True, disabled=state.running)
    with ui.element('dl').classes('padded'):
        text('客户', tag='dt')
        text(f'{count} 位', tag='dd')
        text('上次同步', tag='dt')
        with ui.element('dd'):
            if note.get('at'):
                ago(datetime.fromisoformat(note['at']))
            else:
                text('还没有完成过，每天自动进行一次')
        if note.get('error') and not state.running:
            text('原因', tag='dt')
            text(str(note['error']), 'words', tag='dd')


def _ways(
    ways: list[ContactWay],
    names: dict[str, str],
    welcoming: '_WelcomeDialog',
    remove: Callable[[ContactWay], Awaitable[None]],
) -> None:
    if not ways:
        text('家长扫码后直接添加同事为好友，并记下来源，例如“秋季地推”。', 'muted padded', tag='p')
        return
    with ui.element('div').classes('scroll-x'), ui.element('table').classes('table'):
        with ui.element('thead'), ui.element('tr'):
            for head in ('来源', '添加的同事', '二维码', '欢迎语', ''):
                text(head, tag='th')
        with ui.element('tbody'):
            for way in ways:
                with ui.element('tr'):
                    text(way.name, tag='td')
                    text(names.get(way.wecom_userid, way.wecom_userid), tag='td')
                    with ui.element('td'), row('wrap'):
                        _code(way)
                    text(way.welcome_text or '用学校的欢迎语', 'clip' if way.welcome_text else 'muted', tag='td')
                    with ui.element('td').classes('end'):
                        button('欢迎语', partial(welcoming.show, way), kind='quiet', small=True)
                        button('删除', partial(remove, way), kind='quiet', small=True)


def _code(way: ContactWay) -> None:
    """WeCom keeps the picture; our pages load none from elsewhere, so it opens in a tab of its own."""
    if not way.qr_code_url:
        chip('没有建成，请删除后重试', 'warn')
        return
    if way.qr_code_url.startswith('https://'):
        link = ui.element('a').props('target=_blank rel="noopener noreferrer"')
        link.props['href'] = way.qr_code_url
        with link:
            text('打开二维码')
    copy_button(way.qr_code_url)


class _WayDialog:
    """A new code: where its parents come from, and whom it adds."""

    def __init__(self, by: int) -> None:
        self._by = by
        with Form() as self._dialog, ui.element('div').classes('dialog'):
            text('添加「联系我」二维码', tag='h3')
            self._name = ui.input('来源名称').props(f'autofocus maxlength={contact_ways.LONGEST_NAME} autocomplete=off')
            self._userid = ui.select({}, label='添加谁为好友')
            text('只能选已填写企业微信 userid 的同事。', 'muted', tag='p')
            self._welcome = ui.textarea('欢迎语 (可不填)').props('rows=3 maxlength=1300')
            text(WHEN_SAID, 'muted', tag='p')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('生成', self._save, kind='primary')

    def show(self, names: dict[str, str]) -> None:
        self._name.value = self._welcome.value = ''
        self._userid.set_options(names, value=next(iter(names), None))
        self._name.error = self._userid.error = self._welcome.error = None
        self._dialog.open()

    async def _save(self) -> None:
        with refusals_at({'name': self._name, 'wecom_userid': self._userid, 'welcome_text': self._welcome}):
            await parts().customers.add_way(
                self._name.value or '', self._userid.value or '', welcome=self._welcome.value or '', by=self._by
            )
            self._dialog.close()
            ui.notify('已生成二维码')


class _WelcomeDialog:
    """What is said at once to who comes by one code."""

    def __init__(self, by: int) -> None:
        self._by = by
        self._way_id = 0
        with Form() as self._dialog, ui.element('div').classes('dialog'):
            self._title = text('', tag='h3')
            self._words = ui.textarea('欢迎语').props('autofocus rows=4 maxlength=1300')
            text(WHEN_SAID, 'muted', tag='p')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('保存', self._save, kind='primary')

    def show(self, way: ContactWay) -> None:
        self._way_id = way.id
        self._title.set_text(f'「{way.name}」的欢迎语')
        self._words.value, self._words.error = way.welcome_text or '', None
        self._dialog.open()

    async def _save(self) -> None:
        with refusals_at({'welcome_text': self._words}):
            await transact(contact_ways.set_welcome, self._way_id, self._words.value or '', by=self._by)
            self._dialog.close()
            ui.notify('已保存')
