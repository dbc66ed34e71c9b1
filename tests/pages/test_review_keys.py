"""Releasing replies without a mouse, many at once, and beside a colleague."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.desk import eventually
from tests.pages.conftest import OpenPage
from tests.pages.office import HEAD, IS_ABOVE, Office, at, editor

PLAIN = 23
A_GLANCE = 600
"""Milliseconds; a press right after the page moved on is taken for a second press at the draft before."""

QUESTION = '滑翔伞课几点上课'
ANSWER = '滑翔伞课每周六上午十点上课。'
ANSWER_IN_A_REPLY = re.compile(ANSWER)
ZHOU = {'username': 'zhou', 'name': '小周', 'role': 'agent', 'password': 'pears in september'}


@pytest.fixture(scope='module')
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Office(tmp_path_factory.mktemp('office')) as office:
        office.desk.post('/knowledge', status=201, question=QUESTION, answer=ANSWER)
        yield office


def test_twenty_plain_drafts_are_released_in_a_minute_and_the_rest_at_once(office: Office, open_page: OpenPage) -> None:
    parents = [office.parent(f'plain{number}') for number in range(PLAIN)]
    for userid in parents:
        office.wecom.say(userid, QUESTION)
    page = open_page(office.server, credentials=HEAD, path='/review')
    expect(page.locator('.item .chip', has_text='可直接通过')).to_have_count(PLAIN, timeout=30_000)

    page.reload()
    began = time.monotonic()
    expect(page.get_by_text('实时')).to_be_visible()
    for number in range(1, 21):
        expect(editor(page)).to_have_value(ANSWER_IN_A_REPLY)
        expect(page.get_by_role('button', name='通过并下一条')).to_be_enabled()
        page.wait_for_timeout(A_GLANCE)
        before = page.url
        page.keyboard.press('a')
        page.wait_for_function('before => location.href !== before', arg=before)
        expect(page.locator('.queue .total')).to_have_text(str(PLAIN - number))
    assert time.monotonic() - began < 60

    page.keyboard.press('b')
    page.locator('.bulk').get_by_text(ANSWER).first.wait_for()
    expect(page.locator('.bulk').get_by_role('button', name='取消')).to_be_focused()
    page.locator('.bulk .q-checkbox').last.click()
    page.keyboard.press('a')
    page.get_by_text('已通过 2 条').wait_for()
    expect(page.locator('.queue .total')).to_have_text('1')
    page.keyboard.press('z')
    page.get_by_text('已撤回 2 条').wait_for()
    expect(page.locator('.item .chip', has_text='可直接通过')).to_have_count(3)
    assert eventually(lambda: any(entry.text.endswith(ANSWER) for entry in office.wecom.phone(parents[0])))


def test_who_has_a_draft_open_is_seen_at_once_until_she_moves_on(office: Office, open_page: OpenPage) -> None:
    first, second = office.asked('first')[1], office.asked('second')[1]
    page = at(open_page, office, second)
    other = at(open_page, office, first, lin=True)
    holder = page.locator('.holder', has_text='林主管')
    holder.wait_for(timeout=1000)
    other.keyboard.press('k')
    other.wait_for_url(lambda url: f'draft={first}' not in url)
    other.goto(f'{office.server.url}/')
    expect(holder).to_have_count(0, timeout=1500)


def test_a_script_goes_where_the_caret_is_and_a_correction_is_kept(office: Office, open_page: OpenPage) -> None:
    _, draft_id = office.asked('script')
    page = open_page(office.server, credentials=HEAD, path='/knowledge/scripts')
    page.get_by_role('button', name='添加话术').click()
    page.get_by_label('标题').fill('邀约')
    page.get_by_label('内容').fill('方便加一下老师微信吗？')
    page.get_by_role('button', name='保存').click()
    page.get_by_text('已保存').wait_for()
    page.goto(f'{office.server.url}/review?draft={draft_id}')
    editor(page).fill('您好！再见。')
    editor(page).press('Home')
    for _ in range(3):
        editor(page).press('ArrowRight')
    page.keyboard.press('Escape')
    page.keyboard.press('s')
    page.get_by_label('搜索话术').fill('微信')
    page.locator('.dialog').get_by_text('邀约').wait_for()
    page.keyboard.press('Enter')
    expect(editor(page)).to_have_value('您好！方便加一下老师微信吗？再见。')
    expect(editor(page)).to_be_focused()
    expect(page.locator('.q-dialog')).to_have_count(0)
    page.keyboard.press('Escape')
    page.keyboard.press('a')
    for words, kept in (
        ('存为测试用例', '已存为测试用例'),
        ('提议加入知识库', '已提议加入知识库'),
        ('提议为话术', '已提议为话术'),
    ):
        page.get_by_role('button', name=words).click()
        page.locator('.snack').get_by_text(kept, exact=True).wait_for()
    page.goto(f'{office.server.url}/review?draft={draft_id}')
    page.get_by_text('经过').click()
    page.get_by_text(re.compile('改动 [0-9]+ 字')).wait_for()


def test_a_filter_is_in_the_address_and_kept_under_a_name(office: Office, open_page: OpenPage) -> None:
    office.wecom.say(office.parent('refund'), '我要退费')
    page = open_page(office.server, credentials=HEAD, path='/review')
    page.locator('.item .chip', has_text='退费').first.wait_for()
    page.get_by_role('button', name='筛选').click()
    page.get_by_label('风险').click()
    page.locator('.q-menu').get_by_text('退费', exact=True).click()
    expect(page.locator('.queue .total')).to_have_text('1')
    page.wait_for_url('**risk=refund**')
    page.get_by_role('button', name='视图').click()
    page.get_by_label('视图名称').fill('退费急件')
    page.get_by_label('视图名称').press('Enter')
    page.locator('.views').get_by_text('退费急件').wait_for()
    page.locator('.views').get_by_role('button', name='改名').click()
    page.get_by_label('新名字').fill('退费先看')
    page.get_by_label('新名字').press('Enter')
    page.locator('.views').get_by_text('退费先看').wait_for()
    page.reload()
    expect(page.locator('.queue .total')).to_have_text('1')
    page.get_by_role('button', name='全部', exact=True).click()
    page.wait_for_url(lambda url: 'risk' not in url)
    expect(page.locator('.item')).not_to_have_count(1)
    page.get_by_role('button', name='视图').click()
    page.locator('.views').get_by_text('退费先看').click()
    expect(page.locator('.item')).to_have_count(1)


@pytest.mark.parametrize('width', [1440, 360])
def test_the_way_back_covers_nothing_one_writes_with_and_names_its_key_where_it_works(
    office: Office, open_page: OpenPage, width: int
) -> None:
    office.asked('sent')
    number = office.desk.get('/conversations')['items'][0]['id']
    page = open_page(office.server, credentials=HEAD, path=f'/conversations/{number}', width=width)
    reply = page.get_by_label('回复', exact=True)
    reply.fill('有课。')
    reply.press('Control+Enter')
    notice = page.locator('.snack', has_text='已发送')
    expect(notice).to_be_visible()
    assert notice.evaluate(IS_ABOVE, page.locator('reply-box').element_handle())
    expect(reply).to_be_focused()
    expect(notice.locator('kbd')).to_be_hidden()

    page.keyboard.press('Escape')
    expect(notice.locator('kbd')).to_be_visible()
    page.keyboard.press('z')
    expect(reply).to_have_value('有课。')


def test_no_key_reaches_a_draft_under_an_open_menu(office: Office, open_page: OpenPage) -> None:
    _, draft_id = office.asked('menu')
    page = at(open_page, office, draft_id)
    page.get_by_role('button', name='视图').click()
    name = page.get_by_label('视图名称')
    expect(name).to_be_focused()
    page.keyboard.type('jiaji')
    expect(name).to_have_value('jiaji')
    page.locator('.views').get_by_text('同事也能看到').click()
    page.keyboard.press('a')
    page.wait_for_timeout(A_GLANCE)
    assert office.desk.get(f'/drafts/{draft_id}')['status'] == 'pending'

    page.keyboard.press('Escape')
    expect(page.locator('.q-menu')).to_have_count(0)
    page.keyboard.press('a')
    page.get_by_text('已通过').wait_for()


def test_a_filter_that_matches_nothing_says_so_and_is_cleared(office: Office, open_page: OpenPage) -> None:
    office.asked()
    page = open_page(office.server, credentials=HEAD, path='/review?channel=simulate')
    queue = page.locator('.queue')
    expect(queue.get_by_text('没有符合条件的草稿')).to_be_visible()
    expect(page.locator('.desk').get_by_text('没有符合条件的草稿')).to_be_visible()
    expect(page.get_by_text('暂时没有待审核的草稿')).to_be_hidden()

    queue.get_by_role('button', name='清除筛选').click()

    expect(page.locator('.item').first).to_be_visible()
    expect(page.get_by_text('没有符合条件的草稿').first).to_be_hidden()
    page.wait_for_url(lambda url: 'channel' not in url)


def test_an_agent_releases_plain_drafts_where_the_school_lets_her(office: Office, open_page: OpenPage) -> None:
    office.desk.post('/staff', status=201, **ZHOU)
    (mother, plain), _ = office.asked('plain', QUESTION), office.asked('risky', '我要退费')
    rules = open_page(office.server, credentials=HEAD, path='/settings/policy')
    _let_agents_release(rules)

    page = open_page(office.server, credentials=(ZHOU['username'], ZHOU['password']))
    page.locator('nav.rail').get_by_text('审核').click()
    page.locator('.item', has_text='退费').first.click()
    page.get_by_text('这份草稿有风险或检查项，按审核规则由主管或管理员放行。').wait_for()
    expect(page.get_by_role('button', name='通过并下一条')).to_be_disabled()
    page.goto(f'{office.server.url}/review?draft={plain}')
    expect(editor(page)).to_have_value(ANSWER_IN_A_REPLY)
    page.get_by_role('button', name='通过并下一条').click()
    assert eventually(lambda: any(entry.text.endswith(ANSWER) for entry in office.wecom.phone(mother)))

    _let_agents_release(rules)
    open_page.allowed.append('status of 403')
    page.goto(f'{office.server.url}/review')
    page.get_by_text('您没有权限审核草稿').wait_for()


def _let_agents_release(rules: Page) -> None:
    """Or no longer."""
    rules.reload()
    rules.get_by_text('客服可以放行没有风险的草稿').click()
    rules.get_by_role('button', name='保存').click()
    rules.get_by_text('审核规则已保存').wait_for()
