"""微信客服 in the settings: which accounts are read, how that stands, and the texts they say by themselves."""

from datetime import datetime

from nicegui import ui
from sqlalchemy.orm import Session

from console import kf_accounts, signals
from console.database import read, transact
from console.errors import Conflict
from console.kf_accounts import LONGEST_TEXT, Listed
from console.parts import parts
from models import KfAccount
from pages.layout import me, reload_on
from pages.widgets import ago, button, chip, panel, refusals_at, row, stack, text


async def kf_panel() -> None:
    """Its accounts come, change and go by themselves; a form that is being filled in stays. Raises `NotAllowed`."""
    by = me()
    drawn: dict[int, _Account] = {}

    async def reload() -> None:
        show(await read(_look, by))

    def show(found: list[Listed]) -> None:
        for gone in drawn.keys() - {listed.account.id for listed in found}:
            drawn.pop(gone).place.delete()
        for listed in found:
            if listed.account.id not in drawn:
                with place:
                    drawn[listed.account.id] = _Account(by)
            drawn[listed.account.id].show(listed)
        nothing.set_visibility(not found)

    reload_on(reload, signals.kf_changed)
    with panel('kf-accounts'):
        with ui.element('header'):
            text('微信客服', 'grow', tag='h2')
        nothing = stack('padded')
        with nothing:
            text('还没有客服账号', tag='b')
            text(
                '请在企业微信管理后台打开“应用管理 → 微信客服”，新建客服账号，并在“可调用接口的应用”里选择本应用。'
                '账号会自动出现在这里，最迟一小时。',
                'muted',
            )
        place = ui.element('div')
        show(await read(_look, by))


def _look(session: Session, by: int) -> list[Listed]:
    client = parts().channels.kf
    return kf_accounts.everyone(session, client.corp_id if client else '', by=by)


class _Account:
    """One account: what is true of it, and below, while it is edited, the form for its texts."""

    def __init__(self, by: int) -> None:
        self._by = by
        self._listed: Listed | None = None
        self._begun_on: datetime | None = None
        with stack('padded kf-account') as self.place:
            self._facts = stack()
            with stack() as self._form:
                self._welcome = _Words('欢迎语', '客户进入会话时自动发送。留空则不发送。')
                self._closing = _Words('结束语', '会话结束时自动发送。留空则不发送。')
                text('保存即批准：以后由系统自动发送，不再逐条审核。', 'muted', tag='p')
                with ui.element('div').classes('actions'):
                    button('批准并保存', self._save, kind='primary')
                    button('取消', self._leave)
        self._form.set_visibility(False)

    def show(self, listed: Listed) -> None:
        self._listed = listed
        self._facts.clear()
        with self._facts:
            self._draw(listed)

    def _draw(self, listed: Listed) -> None:
        account = listed.account
        with row('wrap'):
            text(account.name or account.open_kfid, tag='h3')
            chip('已授权', 'good') if account.active else chip('未授权', 'warn')
            ui.element('span').classes('grow')
            if not self._form.visible:
                button('编辑自动消息', self._begin, small=True)
        if not account.active:
            text('账号已删除，或没有授权给本应用。请在企业微信管理后台“微信客服 → 可调用接口的应用”中检查。', 'muted')
        with ui.element('dl'):
            text('上次读取', tag='dt')
            with ui.element('dd'):
                if account.pulled_at:
                    ago(account.pulled_at)
                else:
                    text('还没有读取过')
            if account.last_error:
                text('读取失败', tag='dt')
                text(account.last_error, 'words bad', tag='dd')
            _said('欢迎语', account.welcome_text)
            _said('结束语', account.closing_text)
            if account.texts_at:
                text('批准', tag='dt')
                with ui.element('dd'):
                    text(f'{listed.approved_by or "已离开的同事"} · ')
                    ago(account.texts_at)

    def _begin(self) -> None:
        account = self._account
        self._begun_on = account.texts_at
        self._welcome.begin(account.welcome_text or '')
        self._closing.begin(account.closing_text or '')
        self._open(True)

    def _leave(self) -> None:
        self._open(False)

    def _open(self, opened: bool) -> None:
        self._form.set_visibility(opened)
        if self._listed is not None:
            self.show(self._listed)

    async def _save(self) -> None:
        given = {'welcome': self._welcome.field.value or '', 'closing': self._closing.field.value or ''}
        with refusals_at({'welcome': self._welcome.field, 'closing': self._closing.field}):
            try:
                await transact(kf_accounts.set_texts, self._account.id, **given, seen_at=self._begun_on, by=self._by)
            except Conflict:
                self._begun_on = self._account.texts_at  # she is told to read what stands there before she saves again
                raise
            self._leave()
            ui.notify('已批准并保存')

    @property
    def _account(self) -> KfAccount:
        assert self._listed is not None, 'shown before it can be used'  # noqa: S101
        return self._listed.account


class _Words:
    """A text with its bytes against what one message may have."""

    def __init__(self, label: str, hint: str) -> None:
        with stack('measured'):
            self.field = ui.textarea(label, placeholder=hint, on_change=self._measure).props('autogrow')
            self._size = text('', 'num muted')

    def begin(self, words: str) -> None:
        self.field.value = words
        self.field.error = None
        self._measure()

    def _measure(self) -> None:
        size = len((self.field.value or '').strip().encode(errors='replace'))
        self._size.set_text(f'{size:,} / {LONGEST_TEXT:,} 字节')
        self._size.classes(replace='num bad' if size > LONGEST_TEXT else 'num muted')


def _said(name: str, words: str | None) -> None:
    text(name, tag='dt')
    if words:
        text(words, 'words', tag='dd')
    else:
        text('不发送', 'muted', tag='dd')
