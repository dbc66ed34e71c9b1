"""The report as a supervisor reads it: what only a browser shows."""

from pathlib import Path

from playwright.sync_api import expect

from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer


def test_a_report_is_narrowed_read_as_a_table_and_taken_away(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'supervisor', '/reports?period=30&channel=simulate')
    messages = page.get_by_label('消息', exact=True)
    expect(messages.get_by_label('消息（图）').locator('.upright')).to_have_count(30)
    expect(page.get_by_role('button', name='30 天')).to_have_attribute('aria-pressed', 'true')

    messages.get_by_role('button', name='表格').click()
    expect(messages.get_by_role('row')).to_have_count(31)
    expect(messages.get_by_label('消息（图）')).to_be_hidden()
    with page.expect_download() as download:
        messages.get_by_role('button', name='CSV').click()
    lines = Path(download.value.path()).read_text('utf-8-sig').splitlines()
    assert lines[0] == '时间,家长,AI 草稿,同事,系统'
    assert len(lines) == 31
    with page.expect_download() as download:
        page.get_by_role('button', name='全部导出 Excel').click()
    assert Path(download.value.path()).read_bytes().startswith(b'PK')
    assert download.value.suggested_filename.endswith('.xlsx')

    page.get_by_role('button', name='7 天').click()
    expect(messages.get_by_label('消息（图）').locator('.upright')).to_have_count(7)
    page.wait_for_url('**/reports?period=7&channel=simulate')
    page.get_by_role('button', name='自选').click()
    page.get_by_label('开始日期').fill('2020-01-01')
    page.get_by_text('一次最多看 93 天').wait_for()
    page.get_by_label('结束日期').fill('2020-01-02')
    page.get_by_text('这段时间没有消息，也没有草稿').wait_for()
    page.reload()
    expect(page.get_by_label('结束日期')).to_have_value('2020-01-02')
    page.get_by_text('这段时间没有消息，也没有草稿').wait_for()
