"""The member's own account: a new password, which needs the present one."""

from collections.abc import Callable

from nicegui import ui

from console import sign_in, staff
from models import Staff
from pages.widgets import Form, button, refusals_at, text

PASSWORD_RULE = f'{staff.SHORTEST_PASSWORD}–{staff.LONGEST_PASSWORD} 个字符，不要用常见密码。'


def account_dialog(member: Staff, leave: Callable[[], None]) -> Callable[[], None]:
    """Draws the dialog, closed; returns what opens it. A new password ends all sign-ins, so then it calls `leave`."""

    peer = ui.context.client.request.client
    address = peer.host if peer else ''

    async def save() -> None:
        with refusals_at({'present': present, 'password': new}):
            await sign_in.change_own_password(member.id, present.value, new.value, address=address)
            dialog.close()
            leave()

    def show() -> None:
        for field in (present, new):
            field.value = ''
            field.error = None
        dialog.open()

    with Form() as dialog, ui.element('div').classes('dialog'):
        text('修改密码', tag='h3')
        present = ui.input('当前密码', password=True).props('autofocus autocomplete=current-password')
        new = ui.input('新密码', password=True).props('autocomplete=new-password')
        text(f'{PASSWORD_RULE}保存后，您在所有设备上的登录都会结束，请用新密码重新登录。', 'muted', tag='p')
        with ui.element('div').classes('actions end'):
            button('取消', dialog.close)
            button('保存', save, kind='primary')
    return show
