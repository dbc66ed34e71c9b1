"""The rules of the school and the prompts: what only a browser shows."""

from playwright.sync_api import Dialog, expect

from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer


def test_rules_are_saved_taken_back_and_the_red_switch_is_the_supervisors_too(
    demo: ConsoleServer, open_page: OpenPage
) -> None:
    page = open_page(demo, 'admin', '/settings/policy')
    page.get_by_text('可以放行自己写的回复').click()
    page.get_by_role('button', name='保存').click()
    page.get_by_text('审核规则已保存').wait_for()
    page.get_by_role('button', name='撤销').click()
    expect(page.get_by_role('switch', name='可以放行自己写的回复')).to_have_attribute('aria-checked', 'true')
    begins = page.get_by_label('开始')
    begins.fill('22:00')
    page.get_by_role('button', name='保存').click()
    page.get_by_text('要同时填写开始和结束').wait_for()
    begins.evaluate("field => { field.type = 'text'; }")
    begins.fill('夜里')
    page.get_by_role('button', name='保存').click()
    page.get_by_text('请按 22:00 的样子填写时间').wait_for()
    begins.fill('')
    for words in ('AI 可以单独回复', '应用消息', '地址'):
        page.get_by_text(words, exact=True).click()
    page.get_by_role('button', name='保存').click()
    page.get_by_role('alertdialog').get_by_role('button', name='允许').click()

    theirs = open_page(demo, 'supervisor', '/settings/policy')
    expect(theirs.get_by_role('button', name='保存')).to_be_hidden()
    theirs.get_by_role('button', name='停止所有自动回复').click()
    theirs.get_by_role('alertdialog').get_by_role('button', name='停止所有自动回复').click()

    page.locator('.policy-alone').get_by_text('已关闭').wait_for()
    expect(page.get_by_role('switch', name='AI 可以单独回复')).to_have_attribute('aria-checked', 'false')


def test_a_version_is_made_tried_compared_and_put_to_use(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'admin', '/settings/prompts')
    page.get_by_role('button', name='新版本').click()
    rules = page.get_by_label('提示词', exact=True)
    rules.fill(rules.input_value().replace('一百五十字', '<b>一百字</b>'))
    page.get_by_label('这一版要改进什么').fill('更短')
    page.get_by_role('button', name='保存').click()
    version = page.locator('.version').first
    page.locator('.text-diff .added').get_by_text('<b>一百字</b>').wait_for()
    version.get_by_role('button', name='启用').click()
    page.get_by_role('alertdialog').get_by_role('button', name='启用').click()
    page.get_by_text('还没有评测过。请先评测').wait_for()
    page.get_by_role('button', name='取消').click()
    version.get_by_role('button', name='评测').click()
    version.get_by_text('16/16 通过').wait_for()
    version.get_by_role('button', name='启用').click()
    page.get_by_role('alertdialog').get_by_role('button', name='启用').click()
    version.get_by_text('使用中').wait_for()

    page.locator('.version').last.get_by_role('button', name='启用').click()
    page.get_by_role('alertdialog').get_by_role('button', name='启用').click()

    page.locator('.version').last.get_by_text('使用中').wait_for()


def test_leaving_with_unsaved_rules_asks_first(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'admin', '/settings/policy')
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on('dialog', stay)
    tone = page.get_by_label('语气')
    tone.click()
    tone.press_sequentially('简短')
    page.locator('[data-unsaved]').wait_for()
    page.get_by_role('link', name='工作台').click(no_wait_after=True)
    expect(tone).to_have_value('简短')
    page.wait_for_timeout(300)
    assert asked == ['beforeunload']

    tone.fill('')
    expect(page.locator('[data-unsaved]')).to_have_count(0)
    page.get_by_role('link', name='工作台').click()
    page.wait_for_url(f'{demo.url}/')
    assert asked == ['beforeunload']
