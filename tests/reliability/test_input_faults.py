"""What arrives at the front door and should not, or not so: nothing genuine is lost, and nothing else has an effect."""

import random
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import httpx
import pytest

from console.sandbox import Sandbox
from models import Role
from tests.callbacks.test_wechat import PATH, Caller, inside, someone, stored
from tests.conftest import ADMIN
from tests.desk import Desk
from tests.server import ConsoleServer

FORM = 'application/x-www-form-urlencoded'
FORMS = ['/login', '/login/demo', '/setup', '/logout', '/logout-everywhere']
PUNYCODE = 'multipart/form-data; boundary=b; charset=punycode'
NAMED = b'--b\r\nContent-Disposition: form-data; name="username"\r\n\r\n'
AGE_OF_MAN = '\u05e9\u05dc\u05d5\u05dd \u0627\u0644\u0633\u0644\u0627\u0645'
ODD = {
    'family': '👨‍👩‍👧‍👦🇨🇳👍🏽',
    'right to left': '\u202eabc\u202c ' + AGE_OF_MAN,
    'combining': 'e\u0301' * 50 + 'ก็็็็',
    'astral': '𠮷野家 \U0010fffd',
    'line ends': 'a' + '\n' * 10_000 + 'b',
}


@pytest.fixture
def caller(console: ConsoleServer, wecom: Sandbox) -> Iterator[Caller]:
    made = Caller(console, wecom)
    yield made
    made.http.close()


def test_the_same_signature_split_anew_between_time_and_nonce_has_no_second_effect(caller: Caller, admin: Desk) -> None:
    """WeCom signs its values without a delimiter: this is another genuine request to whoever remembers time and nonce.

    The encrypted text and the token stand in the signed order as well, so the letter is sealed until they do not part
    the two.
    """
    who, now = someone(), int(time.time())
    first = {'timestamp': str(now), 'nonce': f'{now - 1}18'}
    again = {'timestamp': str(now - 1), 'nonce': f'18{now}'}
    while True:
        _, body = caller.sealed(caller.text(who, '周六有课吗'))
        query = caller.signed(inside(body), **first)
        replayed = caller.signed(inside(body), **again)
        if query['msg_signature'] == replayed['msg_signature']:
            break

    assert [caller.post(query, body).status_code, caller.post(replayed, body).status_code] == [200, 200]
    assert len(stored(admin, who)) == 1


@pytest.mark.parametrize('age', [600, 8 * 86_400])
def test_an_old_letter_that_comes_again_has_no_second_effect(caller: Caller, admin: Desk, age: int) -> None:
    who = someone()
    xml = caller.text(who, '周六有课吗')
    letter = caller.sealed(xml)
    assert caller.post(*letter).status_code == 200
    dated_back = caller.signed(inside(letter[1]), timestamp=str(int(time.time()) - age))

    assert caller.post(dated_back, letter[1]).status_code == 200
    assert caller.post(*caller.sealed(xml, at=time.time() - age)).status_code == 200
    assert len(stored(admin, who)) == 1


def test_an_album_whose_pictures_overtake_each_other_is_one_draft_in_the_order_of_its_making(
    caller: Caller, admin: Desk
) -> None:
    who, now = someone(), int(time.time())

    def places(number: int) -> tuple[dict[str, str], bytes]:
        return caller.sealed(
            f'<xml><ToUserName>{caller.corp_id}</ToUserName><FromUserName>{who}</FromUserName>'
            f'<CreateTime>{now - 20 + number}</CreateTime><MsgType>location</MsgType><Label>第{number}处</Label>'
            f'<Location_X>1</Location_X><Location_Y>2</Location_Y><Scale>9</Scale>'
            f'<MsgId>{10**17 + random.getrandbits(40)}</MsgId><AgentID>1000002</AgentID></xml>'
        )

    letters = [places(number) for number in (8, 3, 5, 0, 7, 1, 6, 2, 4)]
    with ThreadPoolExecutor(9) as threads:
        assert {answer.status_code for answer in threads.map(lambda letter: caller.post(*letter), letters)} == {200}

    draft = admin.draft_for(who)
    lines = draft['customer_message'].split('\n')
    assert [line[line.index('第') :][:3] for line in lines] == [f'第{number}处' for number in range(9)]
    talks = [one for one in admin.get('/conversations', {'limit': 100})['items'] if one['external_userid'] == who]
    drafts = [one for one in admin.get('/drafts', {'limit': 100})['items'] if one['external_userid'] == who]
    assert (len(talks), len(drafts)) == (1, 1)


def test_a_message_without_an_id_and_with_fields_we_never_saw_is_kept_once(caller: Caller, admin: Desk) -> None:
    who = someone()
    xml = (
        f'<xml><ToUserName>{caller.corp_id}</ToUserName><FromUserName>{who}</FromUserName>'
        f'<CreateTime>{int(time.time())}</CreateTime><MsgType>text</MsgType><Content>没有编号</Content>'
        '<Mood><Colour>blue</Colour><Colour>red</Colour></Mood></xml>'
    )

    assert [caller.post(*caller.sealed(xml)).status_code for _ in range(2)] == [200, 200]
    assert [message['text'] for message in stored(admin, who)] == ['没有编号']


@pytest.mark.parametrize('text', ODD.values(), ids=ODD)
def test_odd_characters_come_back_as_they_came(caller: Caller, admin: Desk, text: str) -> None:
    who = someone()

    assert caller.post(*caller.sealed(caller.text(who, text))).status_code == 200
    [message] = stored(admin, who)
    assert message['text'] == text


def test_broken_letters_are_refused_in_words_of_http(caller: Caller, console: ConsoleServer) -> None:
    query, body = caller.sealed(caller.text(someone(), '你好'))
    target = f'{PATH}?' + '&'.join(f'{name}={quote(value)}' for name, value in query.items())
    twice = [(name, value) for name, value in query.items()] + [('nonce', 'other')]
    signature = query['msg_signature'].encode()
    raw = {
        'not UTF-8': target.encode().replace(signature, b'\xff\xfe' * 20),
        'NUL': target.encode().replace(signature, b'%00' * 40),
    }

    statuses = [
        caller.post(query, b'\xef\xbb\xbf' + body[:20]).status_code,
        caller.post(query, body.decode().encode('utf-16')).status_code,
        caller.post(query, body.replace(b'<Encrypt>', b'\x00<Encrypt')).status_code,
        caller.http.post(PATH, params=twice, content=body).status_code,
    ]
    assert set(statuses) <= {400, 403}
    for line in raw.values():
        assert _status(console, b'POST ' + line + b' HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n') in (400, 403)


@pytest.mark.parametrize('length', [b'-1', b'abc', b'1, 2', b'99999999999999999999', b''])
def test_a_length_that_is_none_is_refused(console: ConsoleServer, length: bytes) -> None:
    head = b'POST ' + PATH.encode() + b' HTTP/1.1\r\nHost: x\r\nContent-Length: ' + length + b'\r\n\r\nabc'

    assert _status(console, head) in (400, 403, 408, 413)


def test_who_sends_one_byte_at_a_time_keeps_nobody_waiting(caller: Caller, console: ConsoleServer) -> None:
    slow = []
    try:
        for _ in range(50):
            slow.append(socket.create_connection(('127.0.0.1', console.port), timeout=10))
            slow[-1].sendall(f'POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na'.encode())
        started = time.monotonic()
        assert caller.post(*caller.sealed(caller.text(someone(), '你好'))).status_code == 200
        assert time.monotonic() - started < 1
    finally:
        for stream in slow:
            stream.close()


@pytest.mark.parametrize(
    ('path', 'form', 'status'),
    [
        ('/login', 'username=a%00&password=x', 401),
        ('/login', 'username=%00&password=%00', 401),
        ('/setup', 'code=%00&username=%00&name=%00&password=%00', 303),
        ('/sidebar/first?customer=%00&entry=%00', None, 204),
        ('/sidebar?customer=%00&entry=%00', None, 200),
        ('/students?q=%00', None, 200),
        ('/conversations?q=%00', None, 200),
        ('/knowledge?q=%00', None, 200),
        ('/review?q=%00', None, 200),
    ],
)
def test_a_nul_is_never_an_error_of_the_servers(
    console: ConsoleServer, path: str, form: str | None, status: int
) -> None:
    method, kind = ('GET', {}) if form is None else ('POST', {'Content-Type': FORM})
    with httpx.Client(base_url=console.url, trust_env=False, timeout=20) as http:
        if form is None:
            http.post('/login', data={'username': ADMIN['ADMIN_USERNAME'], 'password': ADMIN['ADMIN_PASSWORD']})
        headers = kind | {'X-Forwarded-For': '198.18.0.1'}
        assert http.request(method, path, content=form, headers=headers).status_code == status
    assert console.errors() == []


@pytest.mark.parametrize('path', FORMS)
def test_a_form_that_is_no_plain_form_is_refused_unread(console: ConsoleServer, path: str) -> None:
    large = NAMED + b'a-' + b'zq' * 100_000 + b'\r\n--b--\r\n'
    lone = NAMED + b'\\ud800\r\n--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nx\r\n--b--\r\n'
    with _stranger(console) as http:
        started = time.monotonic()
        statuses = [
            http.post(path, content=large, headers={'Content-Type': PUNYCODE}).status_code,
            http.post(path, content=lone, headers={'Content-Type': PUNYCODE}).status_code,
            http.post(
                path, content=lone, headers={'Content-Type': PUNYCODE.replace('punycode', 'unicode_escape')}
            ).status_code,
            http.post(path, content=lone, headers=[('Content-Type', PUNYCODE), ('Content-Type', FORM)]).status_code,
            http.post(path, content=b'a=b', headers={'Content-Type': f'{FORM}; charset=punycode'}).status_code,
            http.post(path, content=b'a=b').status_code,
        ]
    assert set(statuses) <= {413, 415}
    assert time.monotonic() - started < 2
    assert console.errors() == []


def test_a_plain_form_is_taken_as_browsers_and_programs_write_it(console: ConsoleServer) -> None:
    with _stranger(console) as http:
        for kind in (FORM, f'{FORM}; charset=UTF-8', f'{FORM.upper()};charset="utf-8"'):
            answer = http.post('/login', content=b'username=%ED%A0%80&password=x', headers={'Content-Type': kind})
            assert answer.status_code == 401, kind
        assert http.post('/logout').status_code == 303


@pytest.mark.parametrize('path', FORMS)
def test_a_form_that_does_not_end_is_given_up(console: ConsoleServer, path: str) -> None:
    head = f'POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{console.port}\r\nContent-Type: {FORM}\r\n'
    piece = b'a=' + b'x' * 8190

    assert _status(console, f'{head}Content-Length: 65537\r\n\r\n'.encode()) == 413
    chunked = f'{head}Transfer-Encoding: chunked\r\n\r\n'.encode()
    assert _status(console, chunked + (b'2000\r\n' + piece + b'\r\n') * 9) == 413


@pytest.mark.parametrize('path', ['/login', '/', '/api/v1/wechat/config', '/_nicegui_ws/socket.io/'])
def test_a_cookie_in_which_everything_is_quoted_takes_no_time(console: ConsoleServer, path: str) -> None:
    """Python 3.11 unquotes it in quadratic time (CVE-2024-7592)."""
    quoted = 'a="' + '\\"' * 3900 + '"'
    ours = 'edudesk_session="' + '\\"' * 3900 + '"'
    with _stranger(console) as http:
        http.get(path)
        started = time.monotonic()
        statuses = [
            http.get(path, headers={'Cookie': cookie}).status_code for cookie in (quoted, ours) for _ in range(20)
        ]
        assert time.monotonic() - started < 2
        assert http.get(path, headers={'Cookie': quoted * 4}).status_code == 431
        assert http.get(path, headers=[('Cookie', 'a=' + 'x' * 3000)] * 3).status_code == 431
    assert max(statuses) < 431
    assert console.errors() == []


def test_cookies_of_others_keep_nobody_from_being_known(console: ConsoleServer) -> None:
    with _stranger(console) as http:
        secret = http.post(
            '/login', data={'username': ADMIN['ADMIN_USERNAME'], 'password': ADMIN['ADMIN_PASSWORD']}
        ).cookies['edudesk_session']
        http.cookies.clear()
        for cookie in (
            f'edudesk_session={secret}',
            f'wwrtx.c_gdpr=0; a="b; c=\\"; edudesk_session={secret}; {"x" * 3000}; 中文=值',
            f'edudesk_session=old; =; ;edudesk_session={secret}',
        ):
            assert http.get('/', headers={'Cookie': cookie.encode()}).status_code == 200, cookie


@pytest.mark.parametrize(
    ('path', 'status', 'times'),
    [('/', 303, 1000), ('/settings', 403, 1000), ('/conversations/2000000000', 404, 200)],  # the last is nearly built
)
def test_a_page_that_is_not_shown_leaves_nothing_behind(
    console: ConsoleServer, admin: Desk, path: str, status: int, times: int
) -> None:
    with _stranger(console) as http:
        if status != 303:
            agent = {'username': f'a{random.getrandbits(40):x}', 'password': 'a long enough password'}
            admin.post('/staff', status=201, name='外人', role=Role.AGENT, **agent)
            assert http.post('/login', data=agent).status_code == 303
        for _ in range(100):  # then every cache is there
            assert http.get(path).status_code == status
        before = console.resident()
        for _ in range(times):
            assert http.get(path).status_code == status
    assert console.resident() - before < 20_000_000
    assert console.errors() == []
    assert 'Client has been deleted' not in console.log()


def test_whatever_comes_to_a_public_address_is_answered_below_500_and_leaves_nothing_behind(
    console: ConsoleServer,
) -> None:
    chance = random.Random(20261124)
    places = [
        PATH, '/api/v1/login', '/api/v1/wechat/login', '/api/v1/wechat/oauth', '/api/v1/wechat/config', '/health',
        '/health/ready', '/metrics', '/WW_verify_x.txt', '/media/1', '/assets/css/console.css', '/api/v1/none', '/x',
        '/api/v1/simulate-customer-msg', '/api/v1/openapi.json', '/login', '/setup',
    ]  # fmt: skip
    odd = ['', '%00', '%ff%fe', '..%2f..%2fetc%2fpasswd', 'x' * 3000, quote('😀⟦1⟧'), "'--", '9' * 400, '{{7*7}}', '[]']
    bodies = [b'', b'{', b'[' * 5000, b'\xff\x00', b'{"username": 1e999, "password": null}', b'<xml>' * 900]
    forms = [
        b'a=b', b'username=%00&password=x', b'username=a%00b&password=%ff&next=%00', b'code=%00&username=%ff&name=%00',
    ]  # fmt: skip
    before = 0

    def ask(http: httpx.Client, number: int) -> int:
        place = chance.choice(places)
        if chance.random() < 0.2:
            place += '/' + chance.choice(odd)
        kind = chance.choice([FORM, FORM, 'application/json', 'text/xml', 'multipart/form-data', ''])
        names = ['code', 'state', 'next', 'url', 'msg_signature', 'timestamp', 'nonce', 'echostr', 'x']
        query = '&'.join(f'{chance.choice(names)}={chance.choice(odd)}' for _ in range(chance.randint(0, 4)))
        return http.request(
            chance.choice(['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE']),
            f'{place}?{query}',
            content=chance.choice(forms if kind == FORM else bodies),
            headers={
                'X-Forwarded-For': f'198.51.{number % 250}.{number // 250}',
                'Cookie': f'sid={chance.choice(odd[3:])[:200]}',
                'Content-Type': kind,
                'Range': chance.choice(['', 'bytes=0-,5-1,-9', 'bytes=' + '0-,' * 300]),
            },
        ).status_code

    def many(batch: range) -> list[int]:
        with httpx.Client(base_url=console.url, trust_env=False, timeout=30, follow_redirects=False) as http:
            return [ask(http, number) for number in batch]

    with httpx.Client(base_url=console.url, trust_env=False, timeout=30) as http:
        for number, form in enumerate(forms * 10):  # then their names are throttled: a password's check takes 19 MB
            where_from = {'X-Forwarded-For': f'198.52.{number}.1', 'Content-Type': FORM}
            assert http.post('/login', content=form, headers=where_from).status_code < 500
    statuses: set[int] = set()
    with ThreadPoolExecutor(8) as threads:
        for turn in range(3):
            batches = [range(start, start + 125) for start in range(turn * 1000, turn * 1000 + 1000, 125)]
            statuses |= {status for answered in threads.map(many, batches) for status in answered}
            before = before or console.resident()  # after the first thousand every cache is there

    assert not {status for status in statuses if status >= 500}, statuses
    assert {200, 404} <= statuses
    assert console.errors() == []
    assert console.resident() - before < 20_000_000


def _stranger(server: ConsoleServer) -> httpx.Client:
    """A browser from an address that nobody else has, so that the door is not closed to it."""
    address = f'2001:db8:1::{random.getrandbits(16):x}:{random.getrandbits(16):x}'
    return httpx.Client(base_url=server.url, headers={'X-Forwarded-For': address}, trust_env=False, timeout=30)


def _status(server: ConsoleServer, request: bytes) -> int:
    with socket.create_connection(('127.0.0.1', server.port), timeout=10) as stream:
        stream.sendall(request)
        return int(stream.recv(64).split()[1])
