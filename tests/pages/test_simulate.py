"""Playing a parent: on the phone, along the time line, and with trouble on order."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ADMIN, QUICK
from tests.desk import Desk
from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer
from tests.warm import WarmConsole

QUESTION = '请问数学思维进阶班多少钱'


@pytest.fixture(scope='module')
def rehearsal() -> Iterator[ConsoleServer]:
    """The demo school with an administrator who can also use the API."""
    with WarmConsole(ADMIN | QUICK) as server:
        yield server


@pytest.fixture
def desk(rehearsal: ConsoleServer) -> Iterator[Desk]:
    desk = Desk.signed_in(rehearsal.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
    yield desk
    desk.close()


def play(open_page: OpenPage, server: ConsoleServer, name: str) -> Page:
    """A tester has just brought a new parent."""
    page = open_page(server, 'tester', '/simulate')
    page.get_by_role('button', name='新家长').click()
    page.get_by_label('怎么称呼').fill(name)
    page.get_by_role('button', name='开始扮演').click()
    page.wait_for_url(re.compile(r'who=sim_'))
    expect(page.locator('.phone > header')).to_contain_text(name)
    return page


def say(page: Page, words: str) -> None:
    page.get_by_label('以家长身份输入').fill(words)
    page.get_by_label('以家长身份输入').press('Enter')
    expect(page.locator('.me-says', has_text=words)).to_be_visible()


def approve(page: Page, desk: Desk) -> str:
    """Somebody releases the draft for this parent; its text."""
    [userid] = parse_qs(urlsplit(page.url).query)['who']
    draft = desk.draft_for(userid)
    desk.post(f'/drafts/{draft["id"]}/approve', version=draft['version'])
    return str(draft['content'])


def station(page: Page, title: str) -> object:
    return page.locator('.step', has=page.locator('b', has_text=re.compile(f'^{title}$')))


def test_words_walk_every_station_and_the_answer_reaches_the_phone(
    rehearsal: ConsoleServer, desk: Desk, open_page: OpenPage
) -> None:
    page = play(open_page, rehearsal, '李先生')
    expect(page.get_by_text('扮演一位家长，看她的话怎样变成回复')).to_be_visible()

    say(page, QUESTION)

    expect(station(page, '加密回调')).to_contain_text(re.compile(r'\d+ 字节，签名有效，答 200 success'))
    expect(station(page, '存下并去重')).to_contain_text(re.compile(r'received_event #\d+，1 条为一轮'))
    expect(station(page, '起草')).to_contain_text('本地知识库')
    expect(station(page, '起草')).to_contain_text('← 用到')
    expect(station(page, '审核')).to_contain_text('等待审核')
    expect(station(page, '审核')).to_have_class(re.compile('now'))
    answer = approve(page, desk)
    expect(station(page, '审核')).to_contain_text('head 未改动，直接通过')
    expect(station(page, '送达')).to_contain_text('errcode 0')
    expect(page.get_by_text(re.compile('全程 .+人工'))).to_be_visible()
    expect(page.locator('.them-says')).to_have_text(answer)


def test_the_phone_survives_a_reload(rehearsal: ConsoleServer, open_page: OpenPage) -> None:
    page = play(open_page, rehearsal, '钱女士')
    say(page, QUESTION)

    page.reload()

    expect(page.locator('.me-says')).to_have_text(QUESTION)


def test_a_burst_of_lines_is_answered_as_one_turn(rehearsal: ConsoleServer, open_page: OpenPage) -> None:
    page = play(open_page, rehearsal, '孙女士')
    page.get_by_role('button', name='更多').click()
    page.get_by_text('一次连发几条…').click()
    page.get_by_label('每行一条').fill('在吗\n想问下数学课\n\n周六还有位置吗')

    page.get_by_role('button', name='连发').click()

    expect(page.locator('.me-says')).to_have_text(['在吗', '想问下数学课', '周六还有位置吗'])
    expect(station(page, '存下并去重')).to_contain_text('3 条合为一轮')


def test_a_picture_is_sent_like_words(rehearsal: ConsoleServer, open_page: OpenPage) -> None:
    page = play(open_page, rehearsal, '周爷爷')
    page.get_by_role('button', name='更多').click()

    page.get_by_role('menuitem', name='图片').click()

    expect(page.locator('.me-says')).to_have_text('[图片]')
    expect(station(page, '存下并去重')).to_contain_text('received_event')


def test_a_message_pushed_three_times_is_stored_once(rehearsal: ConsoleServer, open_page: OpenPage) -> None:
    page = play(open_page, rehearsal, '吴先生')

    page.get_by_role('button', name='重复 ×3').click()

    expect(page.locator('.remarks li.good')).to_contain_text(
        '推送 3 次（答 200、200、200）→ 只存 1 条，家长的话出现 1 次。'
    )
    expect(station(page, '存下并去重')).to_contain_text('1 条为一轮')
    expect(page.locator('.me-says')).to_have_count(1)


def test_a_forged_callback_is_refused_and_nothing_is_stored(rehearsal: ConsoleServer, open_page: OpenPage) -> None:
    page = play(open_page, rehearsal, '郑女士')

    page.get_by_role('button', name='签名错误').click()

    expect(page.locator('.remarks li.good')).to_contain_text('回调被拒绝: 403，存下 0 条。')
    expect(page.locator('.me-says')).to_have_count(0)


def test_an_old_callback_is_kept_apart(rehearsal: ConsoleServer, open_page: OpenPage) -> None:
    page = play(open_page, rehearsal, '王伯伯')

    page.get_by_role('button', name='时间戳过旧').click()

    expect(page.locator('.remarks li.good')).to_contain_text('已隔离 1 条等人处理，没有自动起草。')


def test_a_replay_adds_nothing(rehearsal: ConsoleServer, open_page: OpenPage) -> None:
    page = play(open_page, rehearsal, '冯女士')
    say(page, QUESTION)

    page.get_by_role('button', name='重放旧消息').click()

    expect(page.locator('.remarks li.good')).to_contain_text('答 200，仍然只有 1 条、1 次。')


def test_a_rate_limit_pauses_the_delivery_and_says_why(
    rehearsal: ConsoleServer, desk: Desk, open_page: OpenPage
) -> None:
    page = play(open_page, rehearsal, '陈先生')
    say(page, QUESTION)
    page.get_by_role('button', name='错误码…').click()
    page.get_by_role('button', name='下一次发送出错').click()
    expect(page.get_by_role('button', name='清除 企业微信错误 45009 ×1')).to_be_visible()

    approve(page, desk)

    expect(station(page, '送达')).to_contain_text('已暂停：errcode 45009，调用过于频繁')
    expect(station(page, '送达')).to_contain_text('message/send → errcode 45009')
    expect(page.locator('.them-says')).to_have_count(0)
    expect(page.get_by_role('button', name='清除 企业微信错误 45009 ×1')).to_have_count(0)


def test_a_lost_answer_leaves_one_message_on_the_phone(
    rehearsal: ConsoleServer, desk: Desk, open_page: OpenPage
) -> None:
    page = play(open_page, rehearsal, '褚女士')
    say(page, QUESTION)
    page.get_by_role('button', name='发送后无应答').click()
    expect(page.get_by_role('button', name='清除 发送后无应答 ×1')).to_be_visible()

    approve(page, desk)

    expect(station(page, '送达')).to_contain_text('试了 2 次', timeout=15_000)
    expect(page.locator('.them-says')).to_have_count(1)


def test_nonsense_of_the_model_is_refused_until_the_trouble_is_lifted(
    rehearsal: ConsoleServer, open_page: OpenPage
) -> None:
    page = play(open_page, rehearsal, '卫女士')
    page.get_by_role('button', name='模型胡言').click()
    on = page.get_by_role('button', name='清除 模型胡言')
    expect(on).to_be_visible()

    say(page, QUESTION)

    expect(station(page, '起草')).to_contain_text('AI 的答复格式有误，请人工回复或重新生成。')
    expect(station(page, '审核')).to_contain_text('没有草稿可审')
    on.click()
    expect(on).to_have_count(0)
    say(page, '那周六有课吗')
    expect(station(page, '起草')).to_contain_text('本地知识库')


def test_without_the_sandbox_nothing_can_be_pressed_and_the_reason_is_said(
    console: ConsoleServer, open_page: OpenPage
) -> None:
    page = open_page(console, path='/simulate', credentials=(ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD']))

    expect(page.get_by_text('模拟功能没有开启').first).to_be_visible()
    expect(page.get_by_role('button', name='重复 ×3')).to_be_disabled()
    expect(page.get_by_role('button', name='发送')).to_be_disabled()


def test_the_pane_beside_our_chat_has_a_way_back(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'tester', '/sidebar?sim=1')
    page.locator('.side-phone').get_by_role('link', name='返回控制台').click()
    page.wait_for_url(f'{demo.url}/')
