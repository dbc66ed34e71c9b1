"""Around the knowledge base: files brought in, the school's own words, and what nobody could answer."""

import re
import secrets
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from console.sandbox import Sandbox
from tests.conftest import ADMIN
from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
NO_HOSTS = '还没有自己的允许的链接'


def test_a_file_is_tried_then_brought_in_and_its_faults_are_told_by_row_and_field(
    console: ConsoleServer, open_page: OpenPage
) -> None:
    page = open_page(console, credentials=HEAD, path='/knowledge/import')
    assert page.title() == f'{page.locator(".knowledge-nav [aria-current]").inner_text()} · EduDesk'
    _give(page, '知识.xlsx', b'no table at all')
    page.get_by_text('这不是 Excel (.xlsx) 文件').wait_for()
    question = f'游泳馆{secrets.token_hex(3)}在哪里'
    content = f'问题,答案,失效日期\n{question},校门右边。,\n没有答案的,,明天\n'.encode()

    _give(page, '知识.csv', content)
    wrong = page.locator('tr', has_text='没有答案的').get_by_role('cell')
    why = re.compile('失效日期“明天”须写成 2026-09-01；答案须为')
    expect(wrong).to_have_text(['3', '有误', '没有答案的', why])
    page.get_by_role('button', name='开始导入').click()
    done = page.locator('.import > *').first
    for words in ('知识.csv', '新增 1', '有误 1'):
        done.get_by_text(words, exact=True).wait_for()
    with page.expect_download() as download:
        done.get_by_role('button', name='下载有误的行').click()
    assert why.search(Path(download.value.path()).read_text('utf-8-sig'))

    _give(page, '知识.csv', content)
    page.get_by_text('不变 1', exact=True).wait_for()
    expect(page.get_by_role('button', name='开始导入')).to_be_disabled()


def test_words_of_the_school_are_added_changed_and_taken_away(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(console, credentials=HEAD, path='/knowledge/terms')
    hosts = page.locator('.word-list', has=page.get_by_role('heading', name='允许的链接'))
    hosts.get_by_text(NO_HOSTS).wait_for()
    hosts.get_by_role('button', name='添加允许的链接').click()
    dialog = page.get_by_role('dialog')
    dialog.get_by_label('域名').fill('school.example/path')
    dialog.get_by_role('button', name='保存').click()
    dialog.get_by_text('不要带路径').wait_for()
    dialog.get_by_label('域名').fill('https://www.school.example/')
    dialog.get_by_role('button', name='保存').click()
    hosts.get_by_text('school.example', exact=True).wait_for()

    hosts.get_by_role('button', name='编辑').click()
    dialog.get_by_label('域名').fill('campus.example')
    dialog.get_by_role('button', name='保存').click()
    hosts.get_by_text('campus.example', exact=True).wait_for()

    hosts.get_by_role('button', name='删除').click()
    hosts.get_by_text(NO_HOSTS).wait_for()
    page.get_by_role('button', name='撤销').click()
    hosts.get_by_text('campus.example', exact=True).wait_for()


def test_what_nobody_could_answer_becomes_an_entry(console: ConsoleServer, wecom: Sandbox, open_page: OpenPage) -> None:
    page = open_page(console, credentials=HEAD, path='/knowledge/unknown')
    page.get_by_text('实时').wait_for()
    question = f'攀岩墙{secrets.token_hex(3)}有多高'
    for words in (question, f'请问{question}呀'):
        userid = f'climber_{time.time_ns()}'
        wecom.ensure_member(userid, '攀岩')
        wecom.say(userid, words)
    asked = page.locator('.list > .row', has_text=question)
    asked.get_by_text('2 次').wait_for()

    asked.get_by_role('button', name='搁置').click()
    expect(asked).to_have_count(0)
    page.get_by_role('button', name='撤销').click()
    asked.get_by_role('button', name='写成条目').click()
    dialog = page.get_by_role('dialog')
    for field in (dialog.get_by_label('问题', exact=True), dialog.get_by_label('问法', exact=True)):
        expect(field).to_have_value(re.compile(question))
    dialog.get_by_label('答案').fill('六米，有教练保护。')
    dialog.get_by_role('button', name='保存').click()
    expect(asked).to_have_count(0)
    page.goto(f'{console.url}/knowledge')
    page.locator('tr', has_text=question).get_by_text('六米，有教练保护。').wait_for()


def test_headings_stand_on_one_line_on_a_phone(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(console, credentials=HEAD, width=360)
    for path, words in (('/knowledge', '试问'), ('/knowledge/unknown', '未知问题')):
        page.goto(f'{console.url}{path}')
        heading = page.get_by_role('heading', name=words, level=2)
        assert heading.evaluate('one => one.getBoundingClientRect().height') < 30, path


def _give(page: Page, name: str, content: bytes) -> None:
    page.locator('.pick-file input[type=file]').set_input_files(
        {'name': name, 'mimeType': 'application/octet-stream', 'buffer': content}
    )


def test_filters_of_the_entries_outlive_a_reload(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'supervisor', '/knowledge')
    rows = page.locator('table.knowledge tbody tr')
    expect(rows).to_have_count(20)
    page.get_by_label('搜索条目').fill('试听')
    expect(rows).not_to_have_count(20)
    found = rows.count()

    page.reload()
    expect(rows).to_have_count(found)
    expect(page.get_by_label('搜索条目')).to_have_value('试听')

    page.goto(f'{demo.url}/knowledge?q=%00&owner=nobody&show=none&page=x')
    expect(rows).to_have_count(20)


def test_who_may_not_change_an_entry_reads_all_of_it(demo: ConsoleServer, open_page: OpenPage) -> None:
    head = open_page(demo, 'supervisor', '/knowledge')
    question, end = f'游泳馆{secrets.token_hex(3)}开放吗', '最后一句也要能看到。'
    head.get_by_role('button', name='添加条目').click()
    form = head.get_by_role('dialog')
    form.get_by_label('问题').fill(question)
    form.get_by_label('答案').fill('每天都开放，请带泳帽。' * 30 + end)
    form.get_by_role('button', name='添加要点').click()
    form.get_by_label('名称').fill('开放时间')
    form.get_by_label('内容').fill('9:00 到 21:00')
    form.get_by_role('button', name='添加其他问法').click()
    form.get_by_label('问法', exact=True).fill('游泳池几点开门')
    form.get_by_role('button', name='保存').click()
    head.get_by_text('已保存').wait_for()

    page = open_page(demo, 'agent', '/knowledge')
    page.get_by_label('搜索条目').fill(question)
    page.locator('table.knowledge tbody tr', has_text=question).get_by_role('button', name='看全文').click()
    whole = page.get_by_role('dialog')
    for words in (question, end, '开放时间', '9:00 到 21:00', '游泳池几点开门', '长期'):
        expect(whole).to_contain_text(words)
    whole.get_by_role('button', name='关闭').click()
    expect(whole).to_have_count(0)

    page.keyboard.press('Control+k')
    page.get_by_role('combobox', name='全站搜索').fill(question)
    page.get_by_role('group', name='知识').get_by_role('option', name=question).click()
    page.wait_for_url('**/knowledge?entry=*')
    expect(page.get_by_role('dialog')).to_contain_text(end)


def test_the_preview_of_a_file_shows_what_it_would_overwrite(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(console, credentials=HEAD, path='/knowledge/import')
    question = f'食堂{secrets.token_hex(3)}在哪里'
    _give(page, f'{question}.csv', f'问题,答案\n{question},校门左边。\n'.encode())
    page.get_by_role('button', name='开始导入').click()
    page.locator('.import > *', has_text=question).get_by_text('新增 1', exact=True).wait_for()

    _give(
        page,
        '知识.csv',
        f'问题,答案\n食堂{secrets.token_hex(3)}几点开门,七点。\n{question},搬到体育馆旁边了。\n'.encode(),
    )

    row = page.locator('.table tbody tr').first
    expect(row).to_contain_text('更新')
    expect(row.locator('del')).to_have_text('校门左边。')
    expect(row.locator('ins')).to_have_text('搬到体育馆旁边了。')
