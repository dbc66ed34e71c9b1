"""A WeCom by other hands: HTTP, callbacks and the cipher are written here anew, and no word is said beyond the need."""

import base64
import hashlib
import json
import os
import re
import secrets
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from sqlalchemy import Engine, NullPool, create_engine, select, update
from sqlalchemy.orm import Session

from models import KfAccount, utc_now
from tests.conftest import ADMIN, QUICK
from tests.desk import Desk, eventually
from tests.server import ConsoleServer
from tests.warm import WarmConsole

CORP, AGENT, SECRET, TOKEN = 'wwother0000000000', 1000077, 'other-secret', 'otherToken'
KEY = bytes(range(255, 223, -1))
"""With / and + in its base64, which the real one leaves out."""
ACCOUNT = 'wkOther'
OK = {'errcode': 0, 'errmsg': 'ok'}


class OtherWeCom:
    """One company with one 微信客服 account. Answers eight calls, and 404 to every other."""

    def __init__(self) -> None:
        self.base_url = self.callback = ''
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.reached: list[dict[str, Any]] = []
        """What customers and members saw, as it was sent."""
        self.page = 1000
        self.hangs_at: str | None = None
        """The cursor whose page is never given."""
        self.hanging = threading.Event()
        self._log: list[dict[str, Any]] = []
        self._states: dict[str, int] = {}
        self._used: set[str] = set()

    @property
    def cursor(self) -> int:
        """How long the log is."""
        return len(self._log)

    def calls(self, path: str) -> list[dict[str, Any]]:
        return [body for asked, body in self.asked if asked == path]

    def logs(self, customer: str, words: str) -> None:
        """The customer wrote; nobody is told. Every other time stands there as a text, and then no origin."""
        now = int(time.time())
        said = {'msgid': f'm{self.cursor}', 'external_userid': customer, 'msgtype': 'text', 'text': {'content': words}}
        when = {'send_time': now, 'origin': 3} if self.cursor % 2 else {'send_time': str(now)}
        self._log.append(said | when)

    def rings(self, token: str = '', *, at: int | None = None) -> int:
        return self.calls_back(
            f'<MsgType>event</MsgType><Event>kf_msg_or_event</Event><Token>{token or f"t{self.cursor}"}</Token>'
            f'<OpenKfId>{ACCOUNT}</OpenKfId>',
            at=at,
        )

    def calls_back(self, inside: str, *, at: int | None = None) -> int:
        """Posts an event or message of the second `at`; the status of the answer."""
        now, nonce = str(int(time.time())), secrets.token_hex(5)
        sealed = seal(f'<xml><ToUserName>{CORP}</ToUserName><CreateTime>{at or now}</CreateTime>{inside}</xml>')
        signature = hashlib.sha1(''.join(sorted([TOKEN, now, nonce, sealed])).encode(), usedforsecurity=False)
        query = {'msg_signature': signature.hexdigest(), 'timestamp': now, 'nonce': nonce}
        body = f'<xml><ToUserName>{CORP}</ToUserName><Encrypt>{sealed}</Encrypt></xml>'
        with httpx.Client(trust_env=False, timeout=5) as http:
            return http.post(self.callback, params=query, content=body.encode()).status_code

    def answer(self, path: str, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any] | None:
        """None: there is no such call."""
        self.asked.append((path, body))
        if path == 'gettoken':
            known = (query.get('corpid'), query.get('corpsecret')) == (CORP, SECRET)
            return {'errcode': 0, 'access_token': 'the-token'} if known else {'errcode': 40001}
        if query.get('access_token') != 'the-token':
            return {'errcode': 40014, 'errmsg': 'invalid access_token'}
        calls = {
            'kf/account/list': lambda _: {'errcode': 48002, 'errmsg': 'api forbidden'},
            'kf/sync_msg': self._page,
            'kf/service_state/get': lambda body: OK | {'service_state': self._states.get(body['external_userid'], 0)},
            'kf/service_state/trans': self._moved,
            'kf/send_msg': self._sent,
            'kf/customer/batchget': _named,
            'message/send': self._delivered,
        }
        return calls[path](body) if path in calls else None

    def _page(self, body: dict[str, Any]) -> dict[str, Any]:
        if body['open_kfid'] != ACCOUNT:
            return {'errcode': 95000, 'errmsg': 'invalid open_kfid'}
        cursor = body.get('cursor', '0')
        if cursor == self.hangs_at:
            self.hanging.set()
            time.sleep(60)
        at = int(cursor)
        until = min(at + min(self.page, body['limit']), self.cursor)
        found = {'next_cursor': str(until), 'msg_list': self._log[at:until]}
        return OK | found | ({'has_more': 1} if until < self.cursor else {})

    def _moved(self, body: dict[str, Any]) -> dict[str, Any]:
        self._states[body['external_userid']] = body['service_state']
        return OK

    def _sent(self, body: dict[str, Any]) -> dict[str, Any]:
        if self._states.get(body['touser'], 0) != 1:
            return {'errcode': 95018, 'errmsg': 'invalid service state'}
        if body['msgid'] in self._used:
            return {'errcode': 95033, 'errmsg': 'msgid repeated'}
        self._used.add(body['msgid'])
        return self._delivered(body)

    def _delivered(self, body: dict[str, Any]) -> dict[str, Any]:
        self.reached.append(body)
        return OK


def _named(body: dict[str, Any]) -> dict[str, Any]:
    names = [{'external_userid': who, 'nickname': f'{who}的微信名'} for who in body['external_userid_list']]
    return OK | {'customer_list': names}


def seal(plain: str) -> str:
    """As developer.work.weixin.qq.com/document/path/90968 describes it."""
    content = plain.encode()
    whole = os.urandom(16) + struct.pack('>I', len(content)) + content + CORP.encode()
    pad = 32 - len(whole) % 32
    cipher = Cipher(algorithms.AES(KEY), modes.CBC(KEY[:16])).encryptor()
    return base64.b64encode(cipher.update(whole + bytes([pad]) * pad) + cipher.finalize()).decode()


@pytest.fixture(scope='module')
def other(kind: str) -> Iterator[OtherWeCom]:
    other = OtherWeCom()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            body = json.loads(self.rfile.read(int(self.headers.get('Content-Length') or 0)) or b'{}')
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            under, path = url.path[:5], url.path[5:]
            answer = other.answer(path, query, body) if under == '/api/' else None
            said = json.dumps(answer or {}).encode()
            self.send_response(404 if answer is None else 200)
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Who was killed does not wait for the answer."""

    server = Server(('127.0.0.1', 0), Handler)
    other.base_url = f'http://127.0.0.1:{server.server_port}/api'
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield other
    server.shutdown()
    server.server_close()


@pytest.fixture(scope='module')
def database(kind: str, request: pytest.FixtureRequest) -> str:
    """Its URL, empty for the file of the console itself."""
    if kind == 'sqlite':
        return ''
    return str(request.getfixturevalue('postgres').create_database(f'other_{secrets.token_hex(4)}'))


@pytest.fixture(scope='module')
def served(other: OtherWeCom, database: str) -> Iterator[ConsoleServer]:
    """The console, told of no more than the other WeCom's address, without a slash at its end."""
    settings = {
        'WECHAT_CORP_ID': CORP,
        'WECHAT_AGENT_ID': str(AGENT),
        'WECHAT_SECRET': SECRET,
        'WECHAT_TOKEN': TOKEN,
        'WECHAT_ENCODING_AES_KEY': base64.b64encode(KEY).decode().rstrip('='),
        'WECHAT_API_BASE_URL': other.base_url,
        'SIMULATION': 'off',
    }
    with WarmConsole(ADMIN | QUICK | settings | ({'DATABASE_URL': database} if database else {})) as server:
        other.callback = f'{server.url}/api/v1/wechat/message'
        yield server


@pytest.fixture
def lead(served: ConsoleServer) -> Iterator[Desk]:
    desk = Desk.signed_in(served.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
    yield desk
    desk.close()


@pytest.fixture
def records(served: ConsoleServer, database: str) -> Iterator[Engine]:
    """The console's database from outside."""
    url = database.replace('postgresql:', 'postgresql+psycopg2:') or f'sqlite:///{served.data / "edudesk.sqlite3"}'
    engine = create_engine(url, poolclass=NullPool)
    yield engine
    engine.dispose()


def approve(desk: Desk, who: str, words: str) -> dict[str, Any]:
    """Release a reply of these words to who wrote; the draft as it was."""
    draft = desk.draft_for(who)
    desk.post(f'/drafts/{draft["id"]}/approve', version=draft['version'], content=words, confirm_reason='已核对')
    eventually(lambda: desk.get(f'/drafts/{draft["id"]}')['status'] == 'sent', seconds=20)
    return draft


def test_a_customer_is_heard_and_answered_once(other: OtherWeCom, lead: Desk) -> None:
    other.logs('wmOne', '周六有课吗')
    assert other.rings() == 200

    draft = approve(lead, 'wmOne', '您好，周六上午有课。')

    assert draft['customer_message'] == '周六有课吗'
    [sent] = other.calls('kf/send_msg')
    assert (sent['touser'], sent['open_kfid'], sent['text']) == ('wmOne', ACCOUNT, {'content': '您好，周六上午有课。'})
    assert re.fullmatch('[0-9a-zA-Z_-]{1,32}', sent['msgid'])
    assert other.reached == [sent]
    assert other.calls('kf/sync_msg')[0].get('token') == 't1'
    assert other.calls('kf/account/list'), 'the list was asked for, and its refusal was in nobody’s way'


def test_a_member_who_writes_to_the_app_is_answered_too(other: OtherWeCom, lead: Desk) -> None:
    other.calls_back(
        f'<FromUserName>WangMama</FromUserName><MsgType>text</MsgType><Content>周日呢</Content>'
        f'<MsgId>{secrets.randbits(60)}</MsgId><AgentID>{AGENT}</AgentID>'
    )

    approve(lead, 'WangMama', '周日休息。')

    [sent] = other.calls('message/send')
    assert (sent['touser'], sent['agentid'], sent['text']) == ('WangMama', AGENT, {'content': '周日休息。'})


def test_nine_words_in_a_second_read_in_threes_around_a_death_are_one_draft(
    other: OtherWeCom, served: ConsoleServer, lead: Desk
) -> None:
    start = other.cursor
    other.page, other.hangs_at = 3, str(start + 6)
    for number in range(9):
        other.logs('wmNine', f'第{number}句')
    with ThreadPoolExecutor(9) as bells:
        assert list(bells.map(lambda _: other.rings(), range(9))) == [200] * 9

    assert other.hanging.wait(20)
    served.kill()
    other.hangs_at = None
    asked_before = len(other.calls('kf/sync_msg'))
    served.start({'WECHAT_API_BASE_URL': other.base_url + '/'})

    whole = '\n'.join(f'第{number}句' for number in range(9))
    eventually(lambda: lead.draft_for('wmNine')['customer_message'] == whole, seconds=20)
    assert other.calls('kf/sync_msg')[asked_before]['cursor'] == str(start + 6)
    listed = [draft for draft in lead.get('/drafts', {'limit': 100})['items'] if draft['external_userid'] == 'wmNine']
    assert len(listed) == 1
    approve(lead, 'wmNine', '都收到了。')
    assert [sent['text']['content'] for sent in other.reached if sent['touser'] == 'wmNine'] == ['都收到了。']


def test_two_doorbells_of_one_second_and_one_token_ring_for_two_messages(other: OtherWeCom, lead: Desk) -> None:
    now = int(time.time())

    def heard(words: str) -> bool:
        talks = lead.get('/conversations', {'limit': 100})['items']
        return any(one['external_userid'] == 'wmTwice' and one['last_message_text'] == words for one in talks)

    for words in ('周三有课吗', '周四呢'):
        other.logs('wmTwice', words)
        assert other.rings('one-token', at=now) == 200
        eventually(lambda words=words: heard(words), seconds=5)


def test_words_whose_doorbells_were_lost_are_read_within_five_minutes(
    other: OtherWeCom, lead: Desk, records: Engine
) -> None:
    for number in range(3):
        other.logs('wmLost', f'第{number}句')

    def due_in() -> float:
        with Session(records) as session:
            return (session.scalars(select(KfAccount.pull_at)).one() - utc_now()).total_seconds()

    eventually(lambda: due_in() > 0)
    assert due_in() <= 300
    with Session(records) as session, session.begin():  # and now the five minutes are over
        session.execute(update(KfAccount).values(pull_at=utc_now()))

    assert lead.draft_for('wmLost')['customer_message'] == '第0句\n第1句\n第2句'


def test_nobody_is_asked_again_and_again_for_what_there_is_not(other: OtherWeCom, served: ConsoleServer) -> None:
    known = {'gettoken', 'kf/account/list', 'kf/sync_msg', 'kf/service_state/get', 'kf/service_state/trans'}
    known |= {'kf/send_msg', 'kf/customer/batchget', 'message/send'}
    strange = [path for path, _ in other.asked if path not in known]

    assert len(strange) <= 8, strange
    assert len(other.calls('gettoken')) <= 2  # one a life at most
    assert served.errors() == []
