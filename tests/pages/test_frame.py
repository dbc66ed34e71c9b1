"""What every page shares: what the rail offers, what is live, and what happens when the connection is lost."""

import sqlite3
import time

import httpx
import pytest

from console.sandbox import Sandbox
from tests.conftest import ADMIN, QUICK
from tests.desk import Desk
from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer
from tests.warm import WarmConsole

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
RAIL = {
    'agent': ['工作台', '会话', '学员', '侧边栏', '知识库', '模拟'],
    'supervisor': ['工作台', '审核', '会话', '学员', '侧边栏', '知识库', '报表', '模拟', '规则'],
    'tester': ['工作台', '会话', '侧边栏', '知识库', '模拟'],
    'admin': ['工作台', '审核', '会话', '学员', '侧边栏', '知识库', '报表', '模拟', '设置'],
}


@pytest.mark.parametrize('role', RAIL)
def test_the_rail_shows_only_what_the_role_may_open(demo: ConsoleServer, open_page: OpenPage, role: str) -> None:
    page = open_page(demo, role)
    assert page.locator('nav.rail .word').all_inner_texts() == RAIL[role]
    assert page.locator('nav.rail [aria-current=page]').inner_text() == '工作台'


def test_a_demo_says_that_nothing_reaches_a_parent(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'supervisor', '/knowledge')
    assert page.get_by_text('演示环境: 消息不会发给真实客户').is_visible()
    assert page.title() == '知识库 · EduDesk'


def test_a_disabled_member_is_taken_out_of_the_open_page(
    console: ConsoleServer, admin: Desk, open_page: OpenPage
) -> None:
    given = {'username': f'leaver{time.time_ns()}', 'name': '小周', 'password': 'soon to be gone'}
    member = admin.post('/staff', status=201, role='supervisor', **given)
    page = open_page(console, credentials=(given['username'], given['password']), path='/knowledge')
    page.get_by_text('小周').first.wait_for()
    admin.call('PATCH', f'/staff/{member["id"]}', json={'active': False})
    page.wait_for_url('**/login', timeout=5000)


def test_signing_out_everywhere_closes_the_page_in_the_other_browser(
    console: ConsoleServer, open_page: OpenPage
) -> None:
    here = open_page(console, credentials=HEAD)
    there = open_page(console, credentials=HEAD, path='/knowledge')
    there.get_by_text('实时').wait_for()
    here.get_by_label('我的账号').click()
    here.get_by_role('menuitem', name='全部退出').click()
    here.wait_for_url('**/login')
    there.wait_for_url('**/login', timeout=5000)


def test_a_lost_connection_is_told_and_the_page_comes_back(open_page: OpenPage) -> None:
    open_page.allowed += ['ERR_CONNECTION_REFUSED', 'WebSocket', 'ERR_SOCKET', 'ERR_EMPTY_RESPONSE']
    with WarmConsole(ADMIN | QUICK) as server:
        page = open_page(server, credentials=HEAD)
        page.get_by_text('实时').wait_for()
        server.kill()
        page.get_by_text('连接中断，正在重新连接').wait_for()
        server.start()
        page.get_by_text('连接中断，正在重新连接').wait_for(state='hidden', timeout=20_000)
        page.get_by_text('实时').wait_for(timeout=20_000)


def test_a_question_mark_shows_the_keys_but_not_while_typing(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'supervisor', '/knowledge')
    box = page.get_by_label('试问', exact=True).first
    box.fill('')
    box.press_sequentially('在吗?')
    assert box.input_value() == '在吗?'
    assert page.get_by_role('heading', name='快捷键').count() == 0
    box.press('Escape')
    page.keyboard.press('?')
    page.get_by_role('heading', name='快捷键').wait_for()


def test_a_new_conversation_is_counted_without_a_reload(
    console: ConsoleServer, wecom: Sandbox, open_page: OpenPage
) -> None:
    page = open_page(console, credentials=HEAD)
    page.get_by_text('实时').wait_for()
    waiting = page.locator('nav.rail a[href="/conversations"] .count:not(.mark)')
    before = int(waiting.inner_text() or 0) if waiting.is_visible() else 0
    userid = f'counted_{time.time_ns()}'
    wecom.ensure_member(userid, '数一数')
    wecom.say(userid, '请问周六有课吗')
    page.locator('nav.rail a[href="/conversations"] .count:not(.mark)', has_text=str(before + 1)).wait_for(timeout=3000)


def test_a_page_that_cannot_be_built_says_so_and_what_to_do() -> None:
    with (
        WarmConsole(QUICK, allowed_errors=['']) as server,
        httpx.Client(base_url=server.url, trust_env=False) as http,
    ):
        http.post('/login/demo', data={'role': 'supervisor'}, headers={'Origin': server.url})
        _sql(server, 'ALTER TABLE knowledge_entry RENAME TO elsewhere')
        broken = http.get('/knowledge', headers={'Accept': 'text/html', 'Connection': 'close'})
        _sql(server, 'ALTER TABLE elsewhere RENAME TO knowledge_entry')
        well = http.get('/knowledge', headers={'Accept': 'text/html'})

    assert (broken.status_code, well.status_code) == (500, 200)
    assert '页面没能打开' in broken.text
    assert 'Traceback' not in broken.text


def _sql(server: WarmConsole, statement: str) -> None:
    with sqlite3.connect(server.data / 'edudesk.sqlite3') as file:
        file.execute(statement)
