"""The students' table and one student: found, added, changed where they stand, and erased."""

import time

import pytest
from playwright.sync_api import Page, expect

from models import Role
from tests.conftest import ADMIN
from tests.desk import Desk
from tests.pages.conftest import OpenPage
from tests.pages.test_conversations import colleague
from tests.server import ConsoleServer

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
PHONE = '13912345678'


def named(start: str = '学员') -> str:
    return f'{start}{time.time_ns() % 10**10}'


def enrolled(desk: Desk, name: str, **more: object) -> int:
    guardians = [{'name': '王女士', 'kinship': '妈妈', 'phone': PHONE}]
    enrolments = [{'course': '英语小班', 'lessons_total': 48, 'lessons_used': 45}]
    made = desk.post('/students', status=201, name=name, guardians=guardians, enrolments=enrolments, **more)
    return int(made['id'])


def at(open_page: OpenPage, server: ConsoleServer, path: str, **given: object) -> Page:
    page = open_page(server, **{'credentials': HEAD, 'path': path} | given)
    expect(page.get_by_text('实时')).to_be_visible()
    return page


def test_the_table_is_turned_page_by_page(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'supervisor', '/students')
    rows = page.locator('.students tbody tr')
    expect(rows).to_have_count(25)
    first = rows.locator('a.name').all_inner_texts()

    page.get_by_role('button', name='下一页').click()
    expect(rows.first.locator('a.name')).not_to_have_text(first[0])
    second = rows.locator('a.name').all_inner_texts()
    page.get_by_role('button', name='上一页').click()

    expect(rows.first.locator('a.name')).to_have_text(first[0])
    assert not set(first) & set(second)


def test_a_student_is_found_by_a_whole_number_and_shown_with_a_mask(
    console: ConsoleServer, admin: Desk, open_page: OpenPage
) -> None:
    name = named()
    enrolled(admin, name)
    page = at(open_page, console, '/students')

    page.get_by_label('搜索学员').fill(name)
    expect(page.locator('.students tbody tr')).to_have_count(1)
    row = page.locator('.students tbody tr')
    for words in (name, '139****5678', '英语小班', '3 / 48', '未分配'):
        expect(row).to_contain_text(words)
    page.get_by_label('搜索学员').fill(PHONE)
    expect(page.locator('.students tbody tr', has_text=name)).to_be_visible()
    page.get_by_label('搜索学员').fill(PHONE[:8])
    expect(page.get_by_text('没有符合条件的学员')).to_be_visible()


def test_a_student_is_added_and_what_is_wrong_stands_at_its_field(console: ConsoleServer, open_page: OpenPage) -> None:
    name = named()
    page = at(open_page, console, '/students')
    page.get_by_role('button', name='添加学员').click()
    dialog = page.locator('.q-dialog')
    dialog.get_by_label('学员姓名').fill(name)
    dialog.get_by_label('家长姓名').fill('李先生')
    dialog.get_by_label('家长手机号').fill('12345')
    dialog.get_by_role('button', name='添加').click()
    expect(dialog.get_by_text('手机号须为 11 位数字')).to_be_visible()
    expect(dialog.get_by_label('学员姓名')).to_have_value(name)

    dialog.get_by_label('家长手机号').fill('137 0000 1111')
    dialog.get_by_role('button', name='添加').click()

    expect(page.locator('.student .title')).to_have_text(name)
    page.get_by_role('tab', name='家长').click()
    expect(page.get_by_text('137****1111')).to_be_visible()


def test_a_change_is_made_in_place_and_seen_by_others(console: ConsoleServer, admin: Desk, open_page: OpenPage) -> None:
    number = enrolled(admin, named())
    page, other = at(open_page, console, f'/students/{number}'), at(open_page, console, f'/students/{number}')

    page.get_by_role('button', name='编辑').first.click()
    page.get_by_label('出生年月').fill('2017-13')
    page.get_by_role('textbox', name='备注').fill('周六没空')
    page.get_by_role('button', name='保存').first.click()
    expect(page.get_by_text('出生年月请写成 2017-05 这样的形式')).to_be_visible()
    page.get_by_label('出生年月').fill('2017-11')
    page.get_by_role('button', name='保存').first.click()

    expect(other.get_by_text('周六没空')).to_be_visible(timeout=1500)
    expect(other.get_by_text('2017-11')).to_be_visible()
    other.get_by_role('tab', name='变更记录').click()
    expect(other.get_by_text('修改了 出生年月、备注')).to_be_visible()


def test_who_saves_second_is_told_and_loses_nothing(console: ConsoleServer, admin: Desk, open_page: OpenPage) -> None:
    number = enrolled(admin, named())
    page = at(open_page, console, f'/students/{number}')
    page.get_by_role('button', name='编辑').first.click()
    page.get_by_role('textbox', name='备注').fill('我写的')

    admin.call('PATCH', f'/students/{number}', json={'notes': '别人写的'})
    page.get_by_role('button', name='保存').first.click()

    expect(page.get_by_text('这份资料刚被他人修改')).to_be_visible()
    expect(page.get_by_role('textbox', name='备注')).to_have_value('我写的')
    page.get_by_role('button', name='取消').first.click()
    expect(page.get_by_text('别人写的')).to_be_visible()


def test_a_masked_number_left_alone_stays_and_a_whole_one_needs_a_reason(
    console: ConsoleServer, admin: Desk, open_page: OpenPage
) -> None:
    number = enrolled(admin, named())
    page = at(open_page, console, f'/students/{number}')
    page.get_by_role('tab', name='家长').click()
    guardian = page.locator('.in-place', has_text='王女士')
    guardian.get_by_role('button', name='编辑').click()
    expect(guardian.get_by_label('手机号')).to_have_value('139****5678')
    guardian.get_by_label('关系').fill('姑姑')
    guardian.get_by_role('button', name='保存').click()

    expect(guardian.locator('header')).to_have_text('王女士 · 姑姑编辑')
    guardian.get_by_role('button', name='显示').click()
    page.get_by_role('dialog').get_by_role('button', name='显示').click()
    expect(page.get_by_text('请填写后再继续')).to_be_visible()
    page.get_by_label('查看理由').fill('核对')
    page.get_by_role('dialog').get_by_role('button', name='显示').click()
    expect(guardian.get_by_text(PHONE)).to_be_visible()


def test_lessons_are_changed_and_a_course_is_added(console: ConsoleServer, admin: Desk, open_page: OpenPage) -> None:
    number = enrolled(admin, named())
    page = at(open_page, console, f'/students/{number}')
    page.get_by_role('tab', name='报名与课时').click()
    course = page.locator('.in-place', has_text='英语小班')
    course.get_by_role('button', name='编辑').click()
    course.get_by_label('已上课时').fill('49')
    course.get_by_role('button', name='保存').click()
    expect(course.get_by_text('已上课时须在 0 与总课时之间')).to_be_visible()
    course.get_by_label('已上课时').fill('0')
    course.get_by_role('button', name='保存').click()
    expect(page.locator('.student .head')).to_contain_text('剩余 48 课时')

    page.get_by_role('button', name='添加课程').click()
    new = page.locator('.in-place', has_text='新的课程')
    new.get_by_label('课程').fill('钢琴')
    new.get_by_label('总课时').fill('12')
    new.get_by_role('button', name='保存').click()

    expect(page.locator('.student .head')).to_contain_text('剩余 60 课时')
    expect(page.locator('.in-place', has_text='钢琴 · 剩 12 节')).to_be_visible()
    expect(new).to_be_hidden()

    course.get_by_role('button', name='编辑').click()
    course.get_by_role('button', name='删除').click()
    page.get_by_role('alertdialog').get_by_role('button', name='取消').click()
    expect(course).to_be_visible()
    course.get_by_role('button', name='删除').click()
    page.get_by_role('alertdialog').get_by_role('button', name='删除').click()
    expect(course).to_have_count(0)
    expect(page.locator('.student .head')).to_contain_text('剩余 12 课时')


def test_erasing_asks_once_and_names_the_student(console: ConsoleServer, admin: Desk, open_page: OpenPage) -> None:
    open_page.allowed.append('status of 404')
    name = named()
    number = enrolled(admin, name)
    page, other = at(open_page, console, f'/students/{number}'), at(open_page, console, f'/students/{number}')

    page.get_by_role('button', name='删除').click()
    expect(page.get_by_role('heading', name=f'删除学员“{name}”？')).to_be_visible()
    page.get_by_role('button', name='永久删除').click()

    page.wait_for_url('**/students')
    expect(other.get_by_text('学员已不在')).to_be_visible()
    page.goto(f'{console.url}/students/{number}')
    expect(page.get_by_role('heading', name='没有找到')).to_be_visible()


def test_a_second_enter_erases_nothing(console: ConsoleServer, admin: Desk, open_page: OpenPage) -> None:
    number = enrolled(admin, named())
    page = at(open_page, console, f'/students/{number}')
    page.get_by_role('button', name='删除').press('Enter')
    expect(page.get_by_role('button', name='取消').last).to_be_focused()
    page.keyboard.press('Enter')
    expect(page.locator('.q-dialog')).to_have_count(0)
    assert admin.get(f'/students/{number}')['id'] == number


def test_who_begins_to_write_has_the_first_field(console: ConsoleServer, admin: Desk, open_page: OpenPage) -> None:
    page = at(open_page, console, f'/students/{enrolled(admin, named())}')
    record = page.locator('.in-place').first
    record.get_by_role('button', name='编辑').click()
    expect(record.locator('input').first).to_be_focused()

    for path, opener, first in (
        ('/knowledge', '添加条目', '问题'),
        ('/knowledge/scripts', '添加话术', '标题'),
        ('/settings', '添加员工', '用户名'),
        ('/settings', '重置密码', '新密码'),
    ):
        page.goto(f'{console.url}{path}')
        expect(page.get_by_text('实时')).to_be_visible()
        page.get_by_role('button', name=opener).first.click()
        expect(page.locator('.q-dialog').get_by_label(first, exact=True)).to_be_focused()


def test_an_agent_finds_only_her_own_and_nobodys_students(
    console: ConsoleServer, admin: Desk, open_page: OpenPage
) -> None:
    open_page.allowed.append('status of 404')
    start = named('组')
    head = next(member['id'] for member in admin.get('/staff')['items'] if member['username'] == HEAD[0])
    theirs = enrolled(admin, f'{start}甲', owner_id=head)
    enrolled(admin, f'{start}乙')
    page = at(open_page, console, '/students', credentials=colleague(admin, Role.AGENT))

    page.get_by_label('搜索学员').fill(start)
    expect(page.locator('.students tbody tr')).to_have_count(1)
    expect(page.locator('.students tbody tr')).to_contain_text(f'{start}乙')
    page.goto(f'{console.url}/students/{theirs}')
    expect(page.get_by_role('heading', name='没有找到')).to_be_visible()


@pytest.mark.parametrize('width', [1440, 1100, 420])
def test_long_names_break_nothing(console: ConsoleServer, admin: Desk, open_page: OpenPage, width: int) -> None:
    name = f'{"阿" * 25}{time.time_ns() % 10**10}'
    number = enrolled(admin, name, notes='w' * 400, tags=['标' * 20, '签' * 20])
    page = at(open_page, console, f'/students?q={name}', width=width)
    expect(page.locator('.students tbody tr')).to_have_count(1)
    assert page.locator('main.page').evaluate('(box) => box.scrollWidth - box.clientWidth') <= 0

    page.goto(f'{console.url}/students/{number}')
    expect(page.locator('.student .title')).to_have_text(name)
    assert page.locator('main.page').evaluate('(box) => box.scrollWidth - box.clientWidth') <= 0


def test_what_was_searched_for_is_there_again_on_the_way_back(
    console: ConsoleServer, admin: Desk, open_page: OpenPage
) -> None:
    name = named()
    number = enrolled(admin, name)
    page = at(open_page, console, '/students')
    page.get_by_label('搜索学员').fill(name)
    page.locator('.students tbody tr', has_text=name).locator('a.name').click()
    page.wait_for_url(f'**/students/{number}')
    page.get_by_role('tab', name='家长', exact=True).click()
    page.wait_for_url(f'**/students/{number}?tab=*')

    page.reload()
    expect(page.get_by_role('tab', name='家长', exact=True)).to_have_attribute('aria-selected', 'true')
    page.go_back()

    expect(page.get_by_label('搜索学员')).to_have_value(name)
    expect(page.locator('.students tbody tr')).to_have_count(1)


def test_a_page_that_was_turned_is_there_again_and_a_number_stays_out_of_the_address(
    demo: ConsoleServer, open_page: OpenPage
) -> None:
    page = open_page(demo, 'supervisor', '/students')
    names = page.locator('.students tbody a.name')
    first = names.first.inner_text()
    page.get_by_role('button', name='下一页').click()
    page.wait_for_url('**/students?page=2')
    expect(names.first).not_to_have_text(first)
    second = names.first.inner_text()

    page.reload()
    expect(names.first).to_have_text(second)
    page.get_by_role('button', name='上一页').click()
    expect(names.first).to_have_text(first)
    page.get_by_label('搜索学员').fill(PHONE)
    expect(page.get_by_text('没有符合条件的学员')).to_be_visible()
    assert page.url.endswith('/students')

    page.goto(f'{demo.url}/students?q=%00&stage=none&page=-7')
    expect(names.first).to_have_text(first)
