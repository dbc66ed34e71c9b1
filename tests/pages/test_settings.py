"""Settings: who works here and what they may do, and one's own password."""

import secrets

from playwright.sync_api import Locator, Page

from console.sandbox import Sandbox
from tests.conftest import ADMIN
from tests.desk import Desk
from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
PASSWORD = 'three blind mice'


def test_an_account_is_added_with_what_is_wrong_told_at_the_field(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(console, credentials=HEAD, path='/settings')
    username, name = f'm{secrets.token_hex(4)}', '<img src=x onerror=alert(1)>'
    page.get_by_role('button', name='添加员工').click()
    dialog = page.get_by_role('dialog')
    dialog.get_by_label('用户名').fill(username)
    dialog.get_by_label('姓名').fill(name)
    dialog.get_by_label('初始密码').fill('short')
    dialog.get_by_role('button', name='保存').click()
    dialog.get_by_text('密码须为 12–128 个字符。').wait_for()
    assert dialog.get_by_label('姓名').input_value() == name
    dialog.get_by_label('初始密码').fill(PASSWORD)
    dialog.get_by_role('button', name='保存').click()
    _row(page, username).get_by_text(name).wait_for()
    open_page(console, credentials=(username, PASSWORD))


def test_a_name_that_is_taken_is_told_at_the_field(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(console, credentials=HEAD, path='/settings')
    page.get_by_role('button', name='添加员工').click()
    dialog = page.get_by_role('dialog')
    dialog.get_by_label('用户名').fill(HEAD[0])
    dialog.get_by_label('姓名').fill('第二个')
    dialog.get_by_label('初始密码').fill(PASSWORD)
    dialog.get_by_role('button', name='保存').click()
    dialog.get_by_text('这个用户名或企业微信账号已被使用。').wait_for()


def test_who_comes_through_wecom_needs_no_password(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(console, path='/settings', credentials=HEAD)
    username = f'w{secrets.token_hex(4)}'
    page.get_by_role('button', name='添加员工').click()
    dialog = page.get_by_role('dialog')
    dialog.get_by_label('用户名').fill(username)
    dialog.get_by_label('姓名').fill('吴顾问')
    dialog.get_by_label('企业微信 userid').fill('吴')
    dialog.get_by_role('button', name='保存').click()
    dialog.get_by_text('须为 1–64 位字母').wait_for()
    dialog.get_by_label('企业微信 userid').fill(f'Wu.{username}')
    dialog.get_by_role('button', name='保存').click()
    _row(page, username).get_by_text(f'Wu.{username}').wait_for()


def test_the_last_administrator_stays(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(console, credentials=HEAD, path='/settings')
    _row(page, HEAD[0]).get_by_role('button', name='停用').click()
    page.get_by_role('alertdialog').get_by_role('button', name='停用').click()
    page.get_by_text('这是最后一位管理员').wait_for()


def test_a_new_role_sends_the_member_to_sign_in_again(console: ConsoleServer, admin: Desk, open_page: OpenPage) -> None:
    username = _colleague(admin, 'agent')
    theirs = open_page(console, credentials=(username, PASSWORD), path='/knowledge')
    theirs.get_by_text('实时').wait_for()
    page = open_page(console, credentials=HEAD, path='/settings')
    _row(page, username).get_by_role('button', name='编辑').click()
    page.get_by_label('角色').click()
    page.get_by_role('option', name='主管').click()
    page.get_by_role('button', name='保存').click()
    theirs.wait_for_url('**/login', timeout=5000)
    _row(page, username).get_by_text('主管').wait_for()


def test_a_reset_password_replaces_the_old_one(console: ConsoleServer, admin: Desk, open_page: OpenPage) -> None:
    username = _colleague(admin, 'agent')
    page = open_page(console, credentials=HEAD, path='/settings')
    _row(page, username).get_by_role('button', name='重置密码').click()
    page.get_by_label('新密码').last.fill('a fresh start today')
    page.get_by_role('dialog').get_by_role('button', name='保存').click()
    page.get_by_text('已重置').wait_for()
    open_page(console, credentials=(username, 'a fresh start today'))


def test_ones_own_password_changes_only_with_the_present_one(
    console: ConsoleServer, admin: Desk, open_page: OpenPage
) -> None:
    username = _colleague(admin, 'supervisor')
    page = open_page(console, credentials=(username, PASSWORD))
    page.get_by_label('我的账号').click()
    page.get_by_role('menuitem', name='修改密码').click()
    page.get_by_label('当前密码').fill('not this one at all')
    page.get_by_label('新密码').fill('a fresh start today')
    page.get_by_role('button', name='保存').click()
    page.get_by_text('当前密码不正确。').wait_for()
    page.get_by_label('当前密码').fill(PASSWORD)
    page.get_by_role('button', name='保存').click()
    page.wait_for_url('**/login')
    open_page(console, credentials=(username, 'a fresh start today'))


def test_secrets_are_not_shown(console: ConsoleServer, wecom: Sandbox, open_page: OpenPage) -> None:
    page = open_page(console, credentials=HEAD, path='/settings')
    page.get_by_text('EncodingAESKey').wait_for()
    shown = page.content()
    given = wecom.credentials
    for secret in (given.corp_id, given.secret, given.token, given.encoding_aes_key):
        assert secret not in shown
    assert f'{console.url}/api/v1/wechat/message' in shown


def test_an_entry_of_the_knowledge_base_is_added_found_and_retired(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(console, credentials=HEAD, path='/knowledge')
    question = f'停车场{secrets.token_hex(3)}在哪里'
    page.get_by_role('button', name='添加条目').click()
    dialog = page.get_by_role('dialog')
    dialog.get_by_label('问题', exact=True).fill(question)
    dialog.get_by_role('button', name='保存').click()
    dialog.get_by_text('答案须为').wait_for()
    dialog.get_by_label('答案').fill('校门口右转五十米，凭听课证免费两小时。')
    dialog.get_by_role('button', name='添加要点').click()
    dialog.get_by_label('名称').fill('免费')
    dialog.get_by_role('button', name='保存').click()
    page.get_by_text('要点的名称和内容都要填写').wait_for()
    dialog.get_by_label('内容').fill('两小时')
    dialog.get_by_role('button', name='保存').click()
    row = page.locator('tr', has_text=question)
    row.wait_for()
    page.get_by_label('试问', exact=True).fill(question)
    page.get_by_role('button', name='试问').click()
    page.locator('.hit', has_text=question).wait_for()
    page.get_by_role('button', name='看草稿').click()
    page.locator('.trial').get_by_text('凭听课证免费两小时').wait_for()
    row.get_by_role('button', name='停用').click()
    row.get_by_text('已停用').wait_for()
    page.get_by_role('button', name='撤销').click()
    row.get_by_text('已启用').wait_for()


def _row(page: Page, username: str) -> Locator:
    return page.locator('tr', has=page.get_by_role('cell', name=username, exact=True))


def _colleague(admin: Desk, role: str) -> str:
    username = f'm{secrets.token_hex(4)}'
    admin.post('/staff', status=201, username=username, name='同事', role=role, password=PASSWORD)
    return username
