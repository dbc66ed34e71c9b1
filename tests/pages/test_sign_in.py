"""Signing in and out, the first start, and what a stranger gets to see."""

import http.client
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg2
import pytest

from tests.conftest import ADMIN, QUICK
from tests.pages.conftest import OpenPage
from tests.postgres import PostgresServer
from tests.server import ROOT, ConsoleServer
from tests.warm import WarmConsole, run

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
COOKIE = 'edudesk_session'
FOREIGN = ['https://evil.example', 'http://[', 'null']
SOURCES = {file.name: file.read_text(encoding='utf-8') for file in (ROOT / 'pages').glob('*.py')}
PAGES = sorted(
    re.sub(r'\{.*?\}', '1', path)
    for source in SOURCES.values()
    for path in re.findall(r"@staff_page\('(/[^']+)'", source)
)


@pytest.fixture(scope='module')
def server() -> Iterator[ConsoleServer]:
    """A demo server of these tests' own, since wrong passwords close the door to an address."""
    with WarmConsole(ADMIN | QUICK) as running:
        yield running


@pytest.fixture
def browser(server: ConsoleServer) -> Iterator[httpx.Client]:
    with _browser(server) as client:
        yield client


@pytest.mark.parametrize('path', PAGES)
def test_a_page_sends_a_stranger_to_sign_in_and_remembers_where_to(browser: httpx.Client, path: str) -> None:
    answer = browser.get(f'{path}?a=1')
    assert answer.status_code == 303
    assert answer.headers['location'] == f'/login?next={path}%3Fa%3D1'


def test_only_the_guard_makes_pages() -> None:
    makers = {name for name, source in SOURCES.items() if re.search(r'@ui\.page\b', source)}
    assert makers == {'layout.py'}


def test_the_start_leads_a_stranger_to_a_page(browser: httpx.Client) -> None:
    answer = browser.get('/', follow_redirects=True)
    assert answer.status_code == 200
    assert '登录' in answer.text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: httpx.Client) -> None:
    answer = _sign_in(browser, *HEAD)
    cookie = answer.headers['set-cookie'].lower()
    assert 'httponly' in cookie
    assert 'samesite=lax' in cookie
    assert 'path=/' in cookie
    assert answer.headers['cache-control'] == 'no-store'


def test_a_planted_cookie_is_worth_nothing_after_sign_in(server: ConsoleServer, browser: httpx.Client) -> None:
    planted = {'cookie': f'{COOKIE}=planted-by-somebody-else'}
    form = {'username': HEAD[0], 'password': HEAD[1]}
    assert browser.post('/login', data=form, headers=planted).status_code == 303
    assert browser.cookies[COOKIE] != 'planted-by-somebody-else'
    with _browser(server) as other:
        assert other.get('/', headers=planted).headers['location'] == '/login'


def test_signing_in_again_ends_the_sign_in_before(server: ConsoleServer, browser: httpx.Client) -> None:
    _sign_in(browser, *HEAD)
    first = browser.cookies[COOKIE]
    _sign_in(browser, *HEAD)
    with _browser(server) as other:
        other.cookies.set(COOKIE, first)
        assert other.get('/').status_code == 303


def test_signing_out_ends_the_session_and_not_only_the_cookie(server: ConsoleServer, browser: httpx.Client) -> None:
    _sign_in(browser, *HEAD)
    kept = browser.cookies[COOKIE]
    assert browser.post('/logout').headers['location'] == '/login'
    with _browser(server) as thief:
        thief.cookies.set(COOKIE, kept)
        assert thief.get('/').status_code == 303


def test_signing_out_everywhere_ends_the_other_browser_too(server: ConsoleServer, browser: httpx.Client) -> None:
    _sign_in(browser, *HEAD)
    with _browser(server) as other:
        _sign_in(other, *HEAD)
        assert other.get('/').status_code == 200
        browser.post('/logout-everywhere')
        assert other.get('/').status_code == 303


def test_a_wrong_password_keeps_the_name_and_never_the_password(browser: httpx.Client) -> None:
    answer = _sign_in(browser, 'head"><b>', 'not the password <i>')
    assert answer.status_code == 401
    assert '用户名或密码不正确' in answer.text
    assert 'value="head&#34;&gt;&lt;b&gt;"' in answer.text
    assert 'not the password' not in answer.text


@pytest.mark.parametrize(
    ('asked', 'given'),
    [
        ('/review?draft=3', '/review?draft=3'),
        ('//evil.example', '/'),
        ('/\\evil.example', '/'),
        ('https://evil.example', '/'),
        ('/\t/evil.example', '/'),
        ('', '/'),
    ],
)
def test_sign_in_leads_only_to_pages_of_our_own(browser: httpx.Client, asked: str, given: str) -> None:
    answer = browser.post('/login', data={'username': HEAD[0], 'password': HEAD[1], 'next': asked})
    assert answer.headers['location'] == given


@pytest.mark.parametrize('origin', FOREIGN)
def test_a_form_of_another_site_is_refused(browser: httpx.Client, origin: str) -> None:
    answer = browser.post('/login/demo', data={'role': 'admin'}, headers={'origin': origin})
    assert answer.status_code == 403


@pytest.mark.parametrize('origin', FOREIGN)
def test_a_socket_of_another_site_is_refused(server: ConsoleServer, browser: httpx.Client, origin: str) -> None:
    _sign_in(browser, *HEAD)
    assert _shake_hands(server, origin=server.url, cookie=browser.cookies[COOKIE]) == 101
    assert _shake_hands(server, origin=origin, cookie=browser.cookies[COOKIE]) == 403
    assert _shake_hands(server, origin=server.url, cookie='') == 403


def test_a_browser_without_websockets_asks_again_and_again_instead(browser: httpx.Client) -> None:
    _sign_in(browser, *HEAD)
    address = '/_nicegui_ws/socket.io/?EIO=4&transport=polling'
    opened = browser.get(address)
    sid = re.search(r'"sid":"([^"]+)"', opened.text)
    assert sid, opened.text
    answer = browser.post(f'{address}&sid={sid[1]}', content='40', headers={'Content-Type': 'text/plain'})
    assert (answer.status_code, answer.text) == (200, 'OK')


def test_an_upload_without_a_sign_in_is_refused(browser: httpx.Client) -> None:
    answer = browser.post('/_nicegui/client/any/upload/1', files={'file': ('a.txt', b'hello')})
    assert answer.status_code == 401


def test_an_unknown_address_says_so(browser: httpx.Client) -> None:
    answer = browser.get('/no-such-page', headers={'accept': 'text/html'})
    assert answer.status_code == 404
    assert '没有这个页面' in answer.text


@pytest.mark.parametrize(
    'path',
    ['/conversations/abc', f'/conversations/{10**20}', f'/students/-{10**20}', f'/knowledge?entry={10**20}'],
)
def test_what_cannot_be_a_number_of_ours_is_not_found(browser: httpx.Client, path: str) -> None:
    browser.post('/login/demo', data={'role': 'supervisor'})
    answer = browser.get(path, headers={'accept': 'text/html'})
    assert answer.status_code == 404
    assert 'text/html' in answer.headers['content-type']


def test_a_page_beyond_the_role_says_so(browser: httpx.Client) -> None:
    browser.post('/login/demo', data={'role': 'agent'})
    answer = browser.get('/settings')
    assert answer.status_code == 403
    assert '您没有权限' in answer.text


@pytest.mark.parametrize(
    ('came_from', 'back'),
    [
        ('{url}/knowledge?show=draft', ['/knowledge?show=draft']),
        ('{url}/settings', []),
        ('{url}/login?next=%2Fsettings', []),
        ('{url}//evil.example/', []),
        ('https://evil.example/knowledge', []),
        ('javascript:alert(1)', []),
        ('http://[', []),
    ],
)
def test_a_refusal_leads_back_to_the_page_of_ours_one_came_from(
    server: ConsoleServer, browser: httpx.Client, came_from: str, back: list[str]
) -> None:
    browser.post('/login/demo', data={'role': 'agent'})
    answer = browser.get('/settings', headers={'referer': came_from.format(url=server.url)})
    assert re.findall('href="([^"]*)">返回上一页', answer.text) == back


def test_signing_in_needs_no_script(server: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(server, path='/login?next=/knowledge', javascript=False)
    page.get_by_label('用户名').fill(HEAD[0])
    page.get_by_label('密码').fill(HEAD[1])
    page.get_by_role('button', name='登录', exact=True).click()
    page.wait_for_url('**/knowledge')


def test_a_click_at_wecom_leads_back_to_the_page_one_came_for(server: ConsoleServer, open_page: OpenPage) -> None:
    open_page.allowed += ['status of 403', 'status of 404']  # ours for a stranger; the sandbox has no icon
    page = open_page(server, path='/login?next=/knowledge')
    page.get_by_role('link', name='企业微信登录').click()
    page.get_by_role('link', name='外婆').first.click()
    page.get_by_text('还没有对应的员工账号').wait_for()
    assert page.url == f'{server.url}/login?with=password&next=%2Fknowledge'
    page.get_by_role('link', name='重新登录').click()
    page.get_by_role('link', name='LinZhuGuan').click()
    page.wait_for_url('**/knowledge')
    page.locator('nav.rail').wait_for()
    open_page.troubles[:] = [one for one in open_page.troubles if '/wwlogin/sso/login?' not in one]


def test_the_throttle_says_when_to_come_back() -> None:
    with WarmConsole(ADMIN | QUICK) as server, _browser(server) as browser:
        answers = [_sign_in(browser, 'head', 'wrong wrong wrong') for _ in range(11)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429]
        assert re.search(r'请 \d+ 分钟后再试', answers[-1].text)
        assert _sign_in(browser, *HEAD).status_code == 429, 'the right password must not open a closed door'


def test_the_first_start_makes_one_administrator_with_the_printed_code(open_page: OpenPage) -> None:
    with WarmConsole({'APP_ENV': 'development', **_wecom_of_nobody()}) as server:
        form = _set_up_form(server)
        open_page.allowed.append('status of 422')
        page = open_page(server)
        page.wait_for_url('**/setup')
        page.get_by_label('安装码').fill('00000000')
        page.get_by_label('用户名').fill('First')
        page.get_by_label('姓名').fill('张校长')
        page.get_by_label('密码').fill('long enough to keep')
        page.get_by_role('button', name='创建管理员').click()
        page.get_by_text('安装码不正确').wait_for()
        assert page.get_by_label('姓名').input_value() == '张校长'
        page.get_by_label('安装码').fill(form['code'])
        page.get_by_label('密码').fill('long enough to keep')
        page.get_by_role('button', name='创建管理员').click()
        page.locator('nav.rail').wait_for()
        page.get_by_text('张校长').first.wait_for()
        with _browser(server) as stranger:
            again = form | {'username': 'second', 'name': '乙'}
            assert stranger.get('/setup').headers['location'] == '/login'
            assert stranger.post('/setup', data=again).headers['location'] == '/login'
            assert _sign_in(stranger, 'second', 'long enough to keep').status_code == 401


def test_the_set_up_page_is_closed_once_another_process_made_somebody(postgres: PostgresServer, tmp_path: Path) -> None:
    settings = _wecom_of_nobody() | {'DATABASE_URL': postgres.create_database('set_up_elsewhere')}
    with WarmConsole(settings) as server, _browser(server) as browser:
        assert browser.get('/login').headers['location'] == '/setup'
        form = _set_up_form(server)
        made = run(tmp_path, 'create-staff', 'boss', '--password', 'long enough to keep', **settings)
        assert made.returncode == 0, made.stderr

        assert browser.post('/setup', data=form).headers['location'] == '/login'
        assert browser.get('/login').status_code == 200
        assert browser.get('/setup').headers['location'] == '/login'
        assert _sign_in(browser, 'boss', 'long enough to keep').headers['location'] == '/'


def test_the_set_up_page_stays_open_after_a_fault_of_the_databases(postgres: PostgresServer) -> None:
    database_url = postgres.create_database('set_up_again')
    settings = _wecom_of_nobody() | {'DATABASE_URL': database_url}
    with WarmConsole(settings, allowed_errors=['ASGI application']) as server:
        form = _set_up_form(server)
        _execute(database_url, 'ALTER TABLE audit_entry RENAME TO away')
        with _browser(server) as browser:
            assert browser.post('/setup', data=form).status_code == 500
        _execute(database_url, 'ALTER TABLE away RENAME TO audit_entry')

        with _browser(server) as browser:
            assert browser.post('/setup', data=form).headers['location'] == '/'


def _set_up_form(server: ConsoleServer) -> dict[str, str]:
    printed = re.search(r'enter the code  (\w+)', server.log())
    assert printed
    return {'code': printed.group(1), 'username': 'first', 'name': '甲', 'password': 'long enough to keep'}


def _execute(database_url: str, statement: str) -> None:
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)


def _wecom_of_nobody() -> dict[str, str]:
    """Credentials of a WeCom that nobody asks in these tests; with them there is no demo school."""
    return {
        'WECHAT_CORP_ID': 'ww1234567890',
        'WECHAT_AGENT_ID': '1000002',
        'WECHAT_SECRET': 'a-secret',
        'WECHAT_TOKEN': 'a-token',
        'WECHAT_ENCODING_AES_KEY': 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
        'WECHAT_API_BASE_URL': 'http://127.0.0.1:9/cgi-bin/',
        'SIMULATION': 'off',
    }


def _browser(server: ConsoleServer) -> httpx.Client:
    return httpx.Client(base_url=server.url, trust_env=False, timeout=20)


def _sign_in(browser: httpx.Client, username: str, password: str) -> httpx.Response:
    return browser.post('/login', data={'username': username, 'password': password})


def _shake_hands(server: ConsoleServer, *, origin: str, cookie: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request(
        'GET',
        '/_nicegui_ws/socket.io/?EIO=4&transport=websocket',
        headers={
            'Connection': 'Upgrade',
            'Upgrade': 'websocket',
            'Sec-WebSocket-Version': '13',
            'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
            'Origin': origin,
            'Cookie': f'{COOKIE}={cookie}',
        },
    )
    status = connection.getresponse().status
    connection.close()
    return status
