"""Forms in dialogs: what was typed is not lost by Esc or by a click beside them."""

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ADMIN
from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
FORMS = {
    '添加条目': ('/knowledge', '答案'),
    '添加学员': ('/students', '家长姓名'),
    '添加话术': ('/knowledge/scripts', '内容'),
    '添加同义词': ('/knowledge/terms', '说法'),
    '添加用例': ('/knowledge/cases', '家长的问题'),
    '添加员工': ('/settings', '姓名'),
    '添加二维码': ('/settings', '来源名称'),
}


def test_a_form_that_was_begun_asks_before_it_goes(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(console, credentials=HEAD, path='/knowledge')
    form = _opened(page, '添加条目')
    form.get_by_label('答案').fill('周一至周五 9:00 到 18:00。')
    _click_beside(page)

    asked = page.get_by_role('alertdialog').filter(has_text='放弃修改？')
    asked.get_by_role('button', name='取消').click()
    expect(asked).to_be_hidden()
    expect(form.get_by_label('答案')).to_have_value('周一至周五 9:00 到 18:00。')
    page.keyboard.press('Escape')
    asked.get_by_role('button', name='放弃').click()

    expect(page.get_by_role('dialog')).to_have_count(0)
    expect(_opened(page, '添加条目').get_by_label('答案')).to_have_value('')


@pytest.mark.parametrize('opener', FORMS)
def test_every_form_goes_at_once_unless_it_was_begun(console: ConsoleServer, open_page: OpenPage, opener: str) -> None:
    path, field = FORMS[opener]
    page = open_page(console, credentials=HEAD, path=path)
    _opened(page, opener)
    _click_beside(page)
    expect(page.get_by_role('dialog')).to_have_count(0)

    form = _opened(page, opener)
    form.get_by_label(field, exact=True).fill('一')
    page.keyboard.press('Escape')

    expect(page.get_by_role('alertdialog')).to_contain_text('放弃修改？')


def _opened(page: Page, opener: str) -> Page:
    page.get_by_role('button', name=opener, exact=True).click()
    form = page.get_by_role('dialog')
    expect(form).to_be_visible()
    return form


def _click_beside(page: Page) -> None:
    page.mouse.click(5, 450)
