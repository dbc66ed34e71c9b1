import base64
import hashlib
import random
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import httpx
import pytest
from wechatpy.crypto import PrpCrypto

from console.sandbox import Sandbox
from tests.desk import Desk, eventually
from tests.server import ConsoleServer
from tests.warm import WarmConsole
from tests.wecom import vectors

PATH = '/api/v1/wechat/message'


class Caller:
    """WeCom, or someone who would like to be: seals and posts whatever a test wants."""

    def __init__(self, server: ConsoleServer, wecom: Sandbox) -> None:
        given = wecom.credentials
        self.corp_id, self.token = given.corp_id, given.token
        self.key = base64.b64decode(given.encoding_aes_key + '=')
        self.http = httpx.Client(base_url=server.url, trust_env=False, timeout=10)

    def text(self, who: str, text: str, *, msg_id: str | None = None) -> str:
        return (
            f'<xml><ToUserName><![CDATA[{self.corp_id}]]></ToUserName><FromUserName><![CDATA[{who}]]></FromUserName>'
            f'<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[text]]></MsgType>'
            f'<Content><![CDATA[{text}]]></Content><MsgId>{msg_id or random.getrandbits(62)}</MsgId>'
            f'<AgentID>1000002</AgentID></xml>'
        )

    def sealed(self, xml: str, *, at: float | None = None, receiver: str | None = None) -> tuple[dict[str, str], bytes]:
        """Query and body of a genuine callback, or of one for another `receiver`."""
        encrypted = PrpCrypto(self.key).encrypt(xml, receiver or self.corp_id).decode()
        query = self.signed(encrypted, nonce=uuid.uuid4().hex[:10], timestamp=str(int(at or time.time())))
        return query, self.envelope(encrypted)

    def signed(self, encrypted: str, *, nonce: str = 'nonce', timestamp: str | None = None) -> dict[str, str]:
        timestamp = timestamp or str(int(time.time()))
        joined = ''.join(sorted([self.token, timestamp, nonce, encrypted]))
        signature = hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()
        return {'msg_signature': signature, 'timestamp': timestamp, 'nonce': nonce}

    def envelope(self, encrypted: str) -> bytes:
        to = f'<ToUserName><![CDATA[{self.corp_id}]]></ToUserName>'
        return f'<xml>{to}<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>'.encode()

    def post(self, query: dict[str, str], body: bytes, path: str = PATH) -> httpx.Response:
        return self.http.post(path, params=query, content=body)


@pytest.fixture
def caller(console: ConsoleServer, wecom: Sandbox) -> Iterator[Caller]:
    made = Caller(console, wecom)
    yield made
    made.http.close()


def inside(body: bytes) -> str:
    """The sealed text of an envelope."""
    return body.decode().split('<Encrypt><![CDATA[')[1].split(']]>')[0]


def someone() -> str:
    return f'parent_{uuid.uuid4().hex[:10]}'


def messages_of(desk: Desk, who: str) -> list[dict[str, object]]:
    found = [one for one in desk.get('/conversations', {'limit': 100})['items'] if one['external_userid'] == who]
    return desk.get(f'/conversations/{found[0]["id"]}/messages')['items'] if found else []


def stored(desk: Desk, who: str, count: int = 1) -> list[dict[str, object]]:
    """The parent's messages as soon as there are `count`, and still as many a moment later."""
    eventually(lambda: len(messages_of(desk, who)) >= count)
    time.sleep(0.3)
    return messages_of(desk, who)


@pytest.mark.parametrize('slash', ['', '/'])
def test_the_address_is_verified_with_exactly_the_echo(caller: Caller, slash: str) -> None:
    query, body = caller.sealed('1616140317555161061')
    encrypted = inside(body)

    answer = caller.http.get(PATH + slash, params=query | {'echostr': encrypted})

    assert (answer.status_code, answer.content) == (200, b'1616140317555161061')
    assert answer.headers['content-type'].startswith('text/plain')


def test_an_echo_with_a_wrong_signature_is_refused(caller: Caller) -> None:
    query, body = caller.sealed('1616140317555161061')
    encrypted = inside(body)

    assert caller.http.get(PATH, params=query | {'echostr': encrypted, 'nonce': 'other'}).status_code == 403


@pytest.mark.parametrize('missing', ['msg_signature', 'timestamp', 'nonce', 'echostr'])
def test_a_missing_parameter_is_named(caller: Caller, missing: str) -> None:
    query = {'msg_signature': 'a' * 40, 'timestamp': '1700000000', 'nonce': 'n', 'echostr': 'AAAA'}
    del query[missing]

    answer = caller.http.get(PATH, params=query)

    assert answer.status_code == 400
    assert missing in answer.text


def test_a_message_is_kept_and_answered_with_success(caller: Caller, admin: Desk) -> None:
    who = someone()

    answer = caller.post(*caller.sealed(caller.text(who, '周六有课吗')))

    assert (answer.status_code, answer.text) == (200, 'success')
    assert 'set-cookie' not in answer.headers
    [message] = stored(admin, who)
    assert message['text'] == '周六有课吗'


def test_the_same_bytes_again_have_no_second_effect(caller: Caller, admin: Desk) -> None:
    who = someone()
    call = caller.sealed(caller.text(who, '周六有课吗'))

    assert [caller.post(*call).status_code for _ in range(3)] == [200, 200, 200]
    assert len(stored(admin, who)) == 1


def test_the_same_message_encrypted_anew_has_no_second_effect(caller: Caller, admin: Desk) -> None:
    who = someone()
    xml = caller.text(who, '周六有课吗')

    assert [caller.post(*caller.sealed(xml)).status_code for _ in range(3)] == [200, 200, 200]
    assert len(stored(admin, who)) == 1


def test_50_copies_at_once_become_one_message_and_one_draft(caller: Caller, admin: Desk) -> None:
    who = someone()
    xml = caller.text(who, '周六有课吗')
    calls = [caller.sealed(xml) for _ in range(25)] + [caller.sealed(xml)] * 25

    with ThreadPoolExecutor(25) as threads:
        answers = list(threads.map(lambda call: caller.post(*call), calls))

    assert {answer.status_code for answer in answers} == {200}
    assert len(stored(admin, who)) == 1
    admin.draft_for(who)
    drafts = [one for one in admin.get('/drafts', {'limit': 100})['items'] if one['external_userid'] == who]
    assert len(drafts) == 1


def test_the_same_ciphertext_under_another_nonce_is_no_new_message(caller: Caller, admin: Desk) -> None:
    who = someone()
    query, body = caller.sealed(caller.text(who, '周六有课吗'))
    assert caller.post(query, body).status_code == 200

    other = caller.signed(inside(body), nonce='another', timestamp=query['timestamp'])

    assert caller.post(other, body).status_code == 200
    assert len(stored(admin, who)) == 1


@pytest.mark.parametrize('age', [-3600, 301, 86_400])
def test_a_genuine_message_outside_the_window_is_quarantined(caller: Caller, admin: Desk, age: int) -> None:
    who = someone()

    answer = caller.post(*caller.sealed(caller.text(who, '迟到的消息'), at=time.time() - age))

    assert answer.status_code == 200
    time.sleep(1)
    assert messages_of(admin, who) == []


def test_what_is_not_for_us_is_answered_alike(caller: Caller) -> None:
    query, body = caller.sealed(caller.text(someone(), '你好'))
    encrypted = inside(body)
    other_receiver = caller.sealed(caller.text(someone(), '你好'), receiver='ww0000000000000000')
    broken = encrypted[:-24] + 'A' * 24
    cases = [
        (query | {'msg_signature': 'f' * 40}, body),
        (query | {'msg_signature': 'not-a-signature-é'}, body),
        other_receiver,
        (caller.signed(broken), caller.envelope(broken)),
        (caller.signed('AAAA'), caller.envelope('AAAA')),
        (caller.signed('!!!!'), caller.envelope('!!!!')),
    ]

    answers = [caller.post(*case) for case in cases]

    assert {(answer.status_code, answer.content) for answer in answers} == {(403, b'')}


@pytest.mark.parametrize(
    'body',
    [b'', b'hello', b'<xml></xml>', b'<xml><Encrypt></Encrypt></xml>', b'\xff\xfe<\x00x\x00', b'<a>' * 40_000],
)
def test_an_unreadable_envelope_is_a_bad_request(caller: Caller, body: bytes) -> None:
    query, _ = caller.sealed('x')

    assert caller.post(query, body).status_code == 400


def test_a_large_body_is_cut_off(caller: Caller) -> None:
    query, _ = caller.sealed('x')

    assert caller.post(query, b'x' * (128 * 1024 + 1)).status_code == 413


def test_a_large_body_without_a_length_is_cut_off_while_it_streams(caller: Caller, console: ConsoleServer) -> None:
    query, _ = caller.sealed('x')
    target = f'{PATH}?' + '&'.join(f'{name}={quote(value)}' for name, value in query.items())

    with socket.create_connection(('127.0.0.1', console.port), timeout=10) as stream:
        stream.sendall(f'POST {target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'.encode())
        piece = b'8000\r\n' + b'x' * 0x8000 + b'\r\n'
        sent = 0
        try:
            while sent < 5_000_000:
                stream.sendall(piece)
                sent += 0x8000
        except (ConnectionError, TimeoutError):
            pass
        answer = stream.recv(100)

    assert b' 413 ' in answer
    assert sent < 5_000_000


def test_a_slow_body_is_not_waited_for(caller: Caller, console: ConsoleServer) -> None:
    query, _ = caller.sealed('x')
    target = f'{PATH}?' + '&'.join(f'{name}={quote(value)}' for name, value in query.items())

    with socket.create_connection(('127.0.0.1', console.port), timeout=10) as stream:
        stream.sendall(f'POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc'.encode())
        answer = stream.recv(100)

    assert b' 408 ' in answer


def test_a_compressed_body_is_refused(caller: Caller) -> None:
    query, body = caller.sealed('x')

    assert caller.http.post(PATH, params=query, content=body, headers={'Content-Encoding': 'gzip'}).status_code == 403


@pytest.mark.parametrize(
    ('xml', 'text'),
    [
        ('<MsgType>image</MsgType><PicUrl>http://x/y</PicUrl><MediaId>m1</MediaId>', '[图片]'),
        ('<MsgType>sticker_2027</MsgType><Thing>1</Thing>', '[暂不支持的消息]'),
    ],
)
def test_every_kind_of_message_is_kept(caller: Caller, admin: Desk, xml: str, text: str) -> None:
    who = someone()
    whole = (
        f'<xml><ToUserName>{caller.corp_id}</ToUserName><FromUserName>{who}</FromUserName>'
        f'<CreateTime>{int(time.time())}</CreateTime>{xml}<MsgId>{random.getrandbits(62)}</MsgId>'
        f'<AgentID>1000002</AgentID></xml>'
    )

    assert caller.post(*caller.sealed(whole)).status_code == 200
    [message] = stored(admin, who)
    assert str(message['text']).startswith(text)


def test_an_unknown_event_is_kept_and_answered(caller: Caller) -> None:
    xml = '<xml><MsgType>event</MsgType><Event>new_in_2027</Event></xml>'

    assert caller.post(*caller.sealed(xml)).text == 'success'


def test_five_thousand_mutated_callbacks_to_each_database_break_nothing(caller: Caller, console: ConsoleServer) -> None:
    chance = random.Random(20261124)
    before = console.resident()

    def mutated(number: int) -> int:
        with_reason = chance.random()
        query, body = caller.sealed(caller.text(f'fuzz{number % 40}', '你好' * chance.randint(0, 30)))
        if with_reason < 0.5:
            at = chance.randrange(len(body))
            body = body[:at] + chance.randbytes(chance.randint(0, 6)) + body[at + chance.randint(0, 9) :]
        elif with_reason < 0.7:
            name = chance.choice(list(query))
            query[name] = chance.choice(['', '0', '9' * 30, 'é', query[name][:-1], '\x00', query[name] * 3])
        elif with_reason < 0.8:
            raw = chance.randbytes(16 * chance.randint(1, 9))
            encrypted = base64.b64encode(raw).decode()
            query, body = caller.signed(encrypted), caller.envelope(encrypted)
        elif with_reason < 0.9:
            xml = caller.text('fuzz', 'x').encode()
            at = chance.randrange(len(xml))
            query, body = caller.sealed((xml[:at] + chance.randbytes(3) + xml[at + 3 :]).decode('utf-8', 'ignore'))
        else:
            del query[chance.choice(list(query))]
        return caller.post(query, body).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = set(threads.map(mutated, range(5_000)))

    assert statuses <= {200, 400, 403, 408, 413}
    assert console.errors() == []
    assert console.resident() - before < 30_000_000


@pytest.mark.parametrize('given', [vectors.A, vectors.B, vectors.D, vectors.E], ids='ABDE')
def test_the_official_vectors_are_taken_over_http(given: vectors.Vector) -> None:
    account = given.account
    settings = {
        'WECHAT_CORP_ID': account.receive_id,
        'WECHAT_AGENT_ID': '1000002',
        'WECHAT_SECRET': 'secret',
        'WECHAT_TOKEN': account.token,
        'WECHAT_ENCODING_AES_KEY': account.encoding_aes_key,
        'WECHAT_API_BASE_URL': 'http://127.0.0.1:9/cgi-bin/',
    }
    query = {'msg_signature': given.signature, 'timestamp': given.timestamp, 'nonce': given.nonce}
    with WarmConsole(settings) as server, httpx.Client(base_url=server.url, trust_env=False) as http:
        if given in (vectors.A, vectors.D):
            answer = http.get(PATH, params=query | {'echostr': given.encrypted})
            assert (answer.status_code, answer.text) == (200, given.plain)
        else:
            body = f'<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{given.encrypted}]]></Encrypt></xml>'
            answer = http.post(PATH, params=query, content=body)
            assert (answer.status_code, answer.text) == (200, 'success')
