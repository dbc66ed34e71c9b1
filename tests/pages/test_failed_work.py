"""消息故障: what was kept apart is let in by a press, and appears by itself."""

import time

from playwright.sync_api import expect

from console.sandbox import Sandbox
from tests.callbacks.test_wechat import Caller, messages_of, someone
from tests.conftest import ADMIN
from tests.desk import Desk, eventually
from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])


def test_a_late_message_appears_is_let_in_or_dropped(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    page = open_page(console, credentials=HEAD, path='/settings/failed')
    page.get_by_text('实时').wait_for()
    caller, wanted, unwanted = Caller(console, wecom), someone(), someone()
    for who in (wanted, unwanted):
        caller.post(*caller.sealed(caller.text(who, '迟到的消息'), at=time.time() - 3600))
    line = page.locator('.list > *', has_text=wanted)
    line.get_by_role('button', name='仍然处理').click()
    expect(line).to_have_count(0)

    other = page.locator('.list > *', has_text=unwanted)
    other.get_by_role('button', name='放弃').click()
    page.get_by_role('alertdialog').get_by_role('button', name='放弃').click()
    expect(other).to_have_count(0)

    assert eventually(lambda: len(messages_of(admin, wanted)) == 1)
    assert messages_of(admin, unwanted) == []
    caller.http.close()
