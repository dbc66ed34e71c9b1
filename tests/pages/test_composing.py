"""Chinese is typed through an input method, whose Enter takes the signs into the field and sends nothing."""

from playwright.sync_api import Locator, Page, expect

from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer

A_GLANCE = 600
"""Milliseconds in which what Enter does would have been done."""


def composed(page: Page, field: Locator, words: str) -> None:
    """Type a word and then one more through an input method, which Enter ends."""
    field.press_sequentially(words[:-2])
    browser = page.context.new_cdp_session(page)
    browser.send('Input.imeSetComposition', {'text': words[-2:], 'selectionStart': 2, 'selectionEnd': 2})
    page.keyboard.press('Enter')
    browser.send('Input.insertText', {'text': words[-2:]})
    page.wait_for_timeout(A_GLANCE)
    expect(field).to_have_value(words)


def test_a_question_is_tried_only_when_it_is_written(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'supervisor', '/knowledge')
    question = page.get_by_label('试问', exact=True).first
    composed(page, question, '英语课多少钱')
    expect(page.locator('.hits .hit')).to_have_count(0)
    question.press('Enter')
    page.locator('.hits .hit').first.wait_for()


def test_a_view_and_a_remark_are_kept_only_when_they_are_written(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'supervisor', '/review')
    page.get_by_label('回复内容').wait_for()
    page.get_by_role('button', name='视图').click()
    composed(page, page.get_by_label('视图名称'), '加急的')
    page.get_by_text('还没有保存的视图').wait_for()
    page.keyboard.press('Escape')
    expect(page.locator('.q-menu')).to_have_count(0)

    page.keyboard.press('r')
    note = page.get_by_label('备注')
    note.wait_for()
    page.keyboard.press('n')
    expect(note).to_be_focused()
    composed(page, note, '语气不对')
    expect(note).to_be_focused()
    note.press('Enter')
    expect(note).not_to_be_focused()
    page.keyboard.press('Escape')
    expect(page.locator('.q-dialog')).to_have_count(0)

    page.keyboard.press('g')
    composed(page, page.locator('.q-dialog input'), '短一点')
    expect(page.locator('.q-dialog')).to_have_count(1)


def test_a_played_parent_sends_only_what_is_written(demo: ConsoleServer, open_page: OpenPage) -> None:
    for path, chat, words in (('/sidebar?sim=1', '.side-phone', '旁边还在写'), ('/simulate', '.phone', '手机还在写')):
        page = open_page(demo, 'supervisor', path)
        said = page.locator(f'{chat} .me-says, {chat} .them-says', has_text=words)
        field = page.get_by_label('以家长身份输入')
        composed(page, field, words)
        expect(said).to_have_count(0)
        field.press('Enter')
        expect(said).to_have_count(1)
