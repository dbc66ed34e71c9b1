"""The search over everything: from any page, by keyboard alone, and as far as the role goes."""

import time

from playwright.sync_api import Page, expect

from console.sandbox import Sandbox
from models import Role
from tests.conftest import ADMIN
from tests.desk import Desk
from tests.pages.conftest import OpenPage
from tests.pages.test_conversations import asked, colleague
from tests.server import ConsoleServer

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])


def summoned(page: Page, words: str = '') -> None:
    """The palette is open, and these words are typed."""
    expect(page.locator('search-palette')).to_be_attached()
    page.wait_for_function("Boolean(customElements.get('search-palette'))")
    page.keyboard.press('Control+k')
    expect(page.get_by_role('combobox', name='全站搜索')).to_be_focused()
    page.keyboard.type(words)


def test_people_and_what_they_said_are_found_without_a_mouse(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    name = f'梦{time.time_ns() % 10**8}'
    student = admin.post('/students', status=201, name=name)
    _, conversation = asked(wecom, admin, f'<b>{name}</b>想学大提琴')
    admin.post('/knowledge', status=201, question='2345678901路公交怎么坐', answer='请在南湖站下车。')
    page = open_page(console, credentials=HEAD, path='/knowledge')
    found = page.get_by_role('listbox', name='结果')

    summoned(page, name)
    said = found.get_by_role('group', name='消息').get_by_role('option')
    expect(said).to_contain_text(f'<b>{name}</b>想学大提琴')
    expect(said.locator('mark')).to_have_text(name)
    expect(found.get_by_role('group', name='知识')).to_have_count(0)
    people = found.get_by_role('group', name='学员').get_by_role('option')
    expect(people).to_have_attribute('aria-selected', 'true')
    page.keyboard.press('ArrowDown')
    expect(said).to_have_attribute('aria-selected', 'true')
    page.keyboard.press('Enter')
    page.wait_for_url(f'**/conversations/{conversation}?at=1')
    expect(page.locator('chat-scroll [data-seq="1"]')).to_be_in_viewport()

    summoned(page, name)
    expect(people).to_be_visible()
    page.keyboard.press('Enter')
    page.wait_for_url(f'**/students/{student["id"]}')

    summoned(page)
    recent = found.get_by_role('group', name='最近').get_by_role('option')
    expect(recent).to_have_count(2)
    expect(recent.first).to_contain_text(name)
    page.keyboard.type('没有这回事的话')
    expect(page.get_by_text('没有找到。换个说法试试')).to_be_visible()
    page.keyboard.press('Escape')
    expect(page.locator('dialog.palette')).to_be_hidden()


def test_a_stroke_opens_it_and_is_among_the_keys(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'supervisor', '/review')
    expect(page.get_by_text('实时')).to_be_visible()
    page.keyboard.type('/jia')
    expect(page.get_by_role('combobox', name='全站搜索')).to_have_value('jia')
    page.keyboard.press('Escape')
    expect(page.locator('dialog.palette')).to_be_hidden()
    page.keyboard.press('?')
    expect(page.locator('dialog.keys dt', has_text='/')).to_have_count(1)


def test_it_offers_what_the_role_may_do_also_on_a_phone(
    console: ConsoleServer, admin: Desk, open_page: OpenPage
) -> None:
    admin.post('/knowledge', status=201, question='怎么退出班级群', answer='在群设置里退出。')
    page = open_page(console, credentials=colleague(admin, Role.AGENT), width=420, dark=True)
    expect(page.get_by_text('实时')).to_be_visible()
    page.get_by_role('button', name='搜索').click()
    places = page.get_by_role('group', name='前往').get_by_role('option')
    expect(places.filter(has_text='新建学员')).to_be_visible()
    assert {'审核', '设置', '打开自检'}.isdisjoint(places.all_inner_texts())
    box = page.locator('dialog.palette').bounding_box()
    assert box is not None
    assert (box['x'], box['width']) == (0, 420)

    page.keyboard.type('新建')
    expect(places).to_have_count(1)
    page.keyboard.press('Enter')
    expect(page.get_by_role('dialog').get_by_label('学员姓名')).to_be_visible()

    page.goto(f'{console.url}/')
    summoned(page, '退出')
    expect(page.get_by_role('group', name='知识')).to_contain_text('怎么退出班级群')
    expect(places).to_have_count(1)
    page.keyboard.press('Enter')
    page.wait_for_url('**/login')


def test_what_is_typed_while_an_answer_comes_is_asked_too(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(console, credentials=HEAD)
    expect(page.get_by_text('实时')).to_be_visible()
    summoned(page)
    places = page.get_by_role('group', name='前往').get_by_role('option')
    expect(places.filter(has_text='审核')).to_be_visible()

    page.keyboard.type('退出')
    page.evaluate("document.querySelector('search-palette').show('', [])")

    expect(places).to_have_count(1)
