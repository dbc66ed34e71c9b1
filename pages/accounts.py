"""Staff accounts, for administrators: who works here, as what, and whether they may still sign in."""

from collections.abc import Callable

from nicegui import ui

from console import sign_in, signals, staff
from console.database import read, transact
from console.errors import Invalid
from models import Role, Staff
from pages.account import PASSWORD_RULE
from pages.frame import ROLES
from pages.layout import me, reload_on
from pages.widgets import Form, avatar, button, chip, confirm, panel, refusals_at, refusals_shown, row, text


async def accounts_panel() -> None:
    """The table, with dialogs for adding, changing and resetting. Raises `NotAllowed`."""
    by = me()
    account = _AccountDialog(by)
    password = _PasswordDialog(by)

    async def set_active(member: Staff, active: bool) -> None:
        if not active and not await confirm(
            f'停用 {member.name}？', '停用后立即退出所有登录，记录保留，可以随时恢复。', ok='停用'
        ):
            return
        with refusals_shown():
            await transact(staff.change, member.id, active=active, by=by)
            ui.notify(f'已{"启用" if active else "停用"} {member.name}')

    async def end_sign_ins(member: Staff) -> None:
        if await confirm(f'结束 {member.name} 的所有登录？', '对方需要重新登录。', ok='结束登录'):
            with refusals_shown():
                await transact(sign_in.close_all_sessions, member.id, by=by)
                ui.notify(f'已结束 {member.name} 的登录')

    def actions(member: Staff) -> None:
        button('编辑', lambda: account.show(member), kind='quiet', small=True)
        button('重置密码', lambda: password.show(member), kind='quiet', small=True)
        button('结束登录', lambda: end_sign_ins(member), kind='quiet', small=True)
        word = '停用' if member.active else '启用'
        button(word, lambda: set_active(member, not member.active), kind='quiet', small=True)

    @ui.refreshable
    def rows(everyone: list[Staff]) -> None:
        with ui.element('tbody'):
            for member in everyone:
                _account_row(member, actions)

    async def reload() -> None:
        rows.refresh(await read(staff.everyone, by=by))

    reload_on(reload, signals.staff_changed)
    with panel():
        with ui.element('header'):
            text('员工与角色', 'grow', tag='h2')
            button('添加员工', account.show, kind='primary', small=True)
        with ui.element('div').classes('scroll-x'), ui.element('table').classes('table accounts'):
            with ui.element('thead'), ui.element('tr'):
                for head in ('姓名', '用户名', '角色', '企业微信', '校区', ''):
                    text(head, tag='th')
            rows(await read(staff.everyone, by=by))


def _account_row(member: Staff, actions: Callable[[Staff], None]) -> None:
    with ui.element('tr').classes('' if member.active else 'inactive'):
        with ui.element('td'), row():
            avatar(member.name)
            text(member.name)
            if not member.active:
                chip('已停用')
            if member.demo:
                chip('演示', 'warn')
        text(member.username, tag='td')
        with ui.element('td'):
            chip(ROLES[member.role], 'info' if member.role is Role.ADMIN else '')
            if member.approves_on_phone:
                chip('手机审批')
        text(member.wecom_userid or '—', tag='td')
        text(member.campus or '—', tag='td')
        with ui.element('td').classes('end'):
            actions(member)


class _AccountDialog:
    """One form for a new account and for a change."""

    def __init__(self, by: int) -> None:
        self._by = by
        self._member: Staff | None = None
        with Form() as self._dialog, ui.element('div').classes('dialog'):
            self._title = text('', tag='h3')
            self._username = ui.input('用户名').props('autocomplete=off')
            self._name = ui.input('姓名').props('autocomplete=off')
            self._role = ui.select(dict(ROLES), label='角色', value=Role.AGENT)
            self._password = ui.input('初始密码', password=True).props('autocomplete=new-password')
            self._rule = text(f'{PASSWORD_RULE}只用企业微信登录的员工可不填密码。', 'muted', tag='p')
            self._userid = ui.input('企业微信 userid (可不填，填后可用企业微信登录)').props('autocomplete=off')
            self._campus = ui.input('校区 (可不填)').props('autocomplete=off')
            self._phone = ui.switch('在手机上审批：草稿以企业微信卡片发给本人')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('保存', self._save, kind='primary')

    def show(self, member: Staff | None = None) -> None:
        self._member = member
        self._title.set_text(f'编辑 {member.name}' if member else '添加员工')
        self._username.value = member.username if member else ''
        self._name.value = member.name if member else ''
        self._role.value = member.role if member else Role.AGENT
        self._userid.value = (member.wecom_userid if member else '') or ''
        self._campus.value = (member.campus if member else '') or ''
        self._phone.value = member.approves_on_phone if member else False
        self._phone.set_visibility(member is not None)
        self._password.value = ''
        self._username.set_enabled(member is None)
        first, second = (self._name, self._username) if member else (self._username, self._name)
        first.props('autofocus')
        second.props(remove='autofocus')
        for new_only in (self._password, self._rule):
            new_only.set_visibility(member is None)
        for field in (self._username, self._name, self._password, self._userid):
            field.error = None
        self._dialog.open()

    async def _save(self) -> None:
        fields = {
            'username': self._username,
            'name': self._name,
            'password': self._password,
            'wecom_userid': self._userid,
            'taken': self._userid if self._member else self._username,
        }
        with refusals_at(fields):
            if self._member is None:
                await self._create()
            else:
                phone = bool(self._phone.value)
                await transact(
                    staff.change,
                    self._member.id,
                    name=self._name.value,
                    role=self._role.value,
                    wecom_userid=self._userid.value,
                    campus=self._campus.value,
                    approves_on_phone=None if phone == self._member.approves_on_phone else phone,
                    by=self._by,
                )
            self._dialog.close()
            ui.notify('已保存')

    async def _create(self) -> None:
        username = staff.checked_username(self._username.value)
        if not self._name.value.strip():
            raise Invalid('name', '请输入姓名。')
        through_wecom_only = not self._password.value and self._userid.value.strip()
        password = None
        if not through_wecom_only:
            password = staff.checked_password(self._password.value, username=username)
        await transact(
            staff.create,
            username=username,
            name=self._name.value,
            role=self._role.value,
            password_hash=await sign_in.hash_password(password) if password else None,
            wecom_userid=self._userid.value,
            campus=self._campus.value,
            by=self._by,
        )


class _PasswordDialog:
    """A new password for somebody else."""

    def __init__(self, by: int) -> None:
        self._by = by
        self._member: Staff | None = None
        with Form() as self._dialog, ui.element('div').classes('dialog'):
            self._title = text('', tag='h3')
            self._password = ui.input('新密码', password=True).props('autofocus autocomplete=new-password')
            text(f'{PASSWORD_RULE}保存后，对方的所有登录都会结束。', 'muted', tag='p')
            with ui.element('div').classes('actions end'):
                button('取消', self._dialog.close)
                button('保存', self._save, kind='primary')

    def show(self, member: Staff) -> None:
        self._member = member
        self._title.set_text(f'重置 {member.name} 的密码')
        self._password.value = ''
        self._password.error = None
        self._dialog.open()

    async def _save(self) -> None:
        member = self._member
        assert member is not None, 'opened by show'  # noqa: S101
        with refusals_at({'password': self._password}):
            password = staff.checked_password(self._password.value, username=member.username)
            password_hash = await sign_in.hash_password(password)
            await transact(staff.set_password, member.id, password_hash, by=self._by)
            self._dialog.close()
            ui.notify(f'已重置 {member.name} 的密码')
