"""自检 and the guide to WeCom's set-up: live, for administrators, and without a secret until it is asked for."""

import os
import re

from playwright.sync_api import Locator, Page

from console.doctor import LINKS
from console.sandbox import Sandbox
from tests.conftest import ADMIN
from tests.desk import Desk
from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
SUMMARY = re.compile('项(正常|要留意|要解决)')


def test_the_chain_is_examined_line_by_line_and_again_on_request(
    console: ConsoleServer, wecom: Sandbox, open_page: OpenPage
) -> None:
    page = open_page(console, credentials=HEAD, path='/settings')
    page.get_by_text(SUMMARY).wait_for()
    _picture(page, 'settings')
    assert page.locator('.checkup-line').count() == len(LINKS)
    assert page.locator('.checkup-line.waiting').count() == 0
    _line(page, '回调地址').get_by_text('回答正确').wait_for()
    _line(page, '企业 ID 与 Secret').get_by_role('img', name='正常').wait_for()

    page.get_by_role('button', name='试一下').click()
    page.get_by_text(re.compile(r'用时 [\d.]+ 秒: .+')).wait_for()

    wecom.delay_next(2, path='agent/get')
    page.get_by_role('button', name='重新检查').click()
    page.get_by_text('正在检查…').wait_for()
    page.get_by_text(SUMMARY).wait_for()


def test_what_went_wrong_in_between_is_seen_with_its_mend(
    console: ConsoleServer, wecom: Sandbox, open_page: OpenPage
) -> None:
    page = open_page(console, credentials=HEAD, path='/settings')
    page.get_by_text(SUMMARY).wait_for()
    wecom.fail_next(60020, path='agent/get')
    page.get_by_role('button', name='重新检查').click()
    line = _line(page, '企业可信 IP')
    line.get_by_role('img', name='要解决').wait_for()
    assert '要加入的 IP' in line.inner_text()
    assert '127.0.0.1' in line.inner_text()
    wecom.clear_faults()
    page.get_by_role('button', name='重新检查').click()
    line.get_by_role('img', name='正常').wait_for()


def test_the_report_is_copied_without_a_secret(console: ConsoleServer, wecom: Sandbox, open_page: OpenPage) -> None:
    page = open_page(console, credentials=HEAD, path='/settings')
    copied = page.get_by_role('button', name='复制报告')
    copied.wait_for()
    report = copied.get_attribute('data-copy') or ''
    given = wecom.credentials
    assert '回调地址' in report
    for secret in (given.secret, given.token, given.encoding_aes_key):
        assert secret not in report


def test_the_guide_gives_every_value_and_shows_the_keys_only_when_asked(
    console: ConsoleServer, wecom: Sandbox, open_page: OpenPage
) -> None:
    page = open_page(console, credentials=HEAD, path='/settings/guide')
    given = wecom.credentials
    page.locator('.setup-step').first.get_by_role('img', name='正常').first.wait_for()
    _picture(page, 'guide')
    for value in (
        f'{console.url}/api/v1/wechat/message',
        f'{console.url}/sidebar',
        console.url.removeprefix('http://'),
    ):
        assert page.get_by_text(value, exact=True).count() >= 1, value
    assert given.token not in page.content()
    assert given.encoding_aes_key not in page.content()

    page.get_by_role('button', name='显示 Token 和 EncodingAESKey').click()
    page.get_by_text(given.encoding_aes_key, exact=True).wait_for()
    page.get_by_text(given.token, exact=True).wait_for()
    assert given.secret not in page.content()


def test_only_administrators_are_shown_either(console: ConsoleServer, admin: Desk, open_page: OpenPage) -> None:
    open_page.allowed.append('status of 403')
    admin.post(
        '/staff', status=201, username='lead.of.doctor', name='主管', role='supervisor', password='three blind mice'
    )
    page = open_page(console, credentials=('lead.of.doctor', 'three blind mice'), path='/settings/guide')
    page.get_by_text('没有权限').first.wait_for()


def _line(page: Page, title: str) -> Locator:
    return page.locator('.checkup-line', has=page.locator('b', has_text=re.compile(f'^{title}$')))


def _picture(page: Page, name: str) -> None:
    """With DOCTOR_PICTURES a picture for the eyes of whoever changes these pages."""
    if folder := os.environ.get('DOCTOR_PICTURES'):
        page.wait_for_timeout(1500)
        page.screenshot(path=f'{folder}/{name}.png', full_page=False)
