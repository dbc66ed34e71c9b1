"""Every link of the chain, broken one at a time: what is found, and that its mend is named."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from console.config import Settings
from console.doctor import Case, Doctor, Finding, State, places, report
from console.doctor.callback import callback
from console.doctor.clock import clock
from console.doctor.database import database
from console.doctor.examination import LINKS
from console.doctor.storage import backups
from tests.fakes.model import FakeModel
from tests.server import free_port
from tests.wecom.fake_api import FakeApi, Raw, serving
from tests.wecom.vectors import SECOND

SECRET = 'the-secret-of-the-app'
KEYS = {
    'wechat_corp_id': SECOND.receive_id,
    'wechat_agent_id': 1000002,
    'wechat_secret': SECRET,
    'wechat_token': SECOND.token,
    'wechat_encoding_aes_key': SECOND.encoding_aes_key,
}
WELL = {
    'agent/get': {
        'errcode': 0,
        'close': 0,
        'allow_userinfos': {'user': [{'userid': 'LiNa'}]},
        'allow_partys': {'partyid': [1, 2]},
        'redirect_domain': 'desk.school.cn',
    },
    'kf/account/list': {'errcode': 0, 'account_list': [{'open_kfid': 'wk1', 'name': '招生', 'manage_privilege': True}]},
    'kf/servicer/list': {'errcode': 0, 'servicer_list': [{'userid': 'LiNa', 'status': 0}]},
    'externalcontact/get_follow_user_list': {'errcode': 0, 'follow_user': ['LiNa']},
    'get_jsapi_ticket': {'errcode': 0, 'ticket': 'corp-ticket', 'expires_in': 7200},
    'ticket/get': {'errcode': 0, 'ticket': 'agent-ticket', 'expires_in': 7200},
}

Answer = tuple[int, bytes]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """A WeCom where all is set up."""
    with serving() as fake:
        for path, answer in WELL.items():
            fake.answers(path, answer)
        yield fake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / 'data').mkdir()
    return tmp_path / 'data'


@contextmanager
def site(answer: Callable[[str], Answer]) -> Iterator[str]:
    """Whatever answers at a public address: `answer` gets the echostr; /health/ready is always well."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            echo = parse_qs(url.query).get('echostr', [''])[0]
            status, body = (200, b'{}') if url.path == '/health/ready' else answer(echo)
            self.send_response(status)
            self.send_header('Content-Length', str(len(body)))
            if status == 302:
                self.send_header('Location', 'https://elsewhere/')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f'http://127.0.0.1:{server.server_port}'
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ours(echo: str) -> Answer:
    return 200, SECOND.crypto().open(echo).encode()


def case(folder: Path, api: FakeApi | None = None, *, site: str = '', **more: object) -> Case:
    """`site`: both where the console listens and its public address."""
    given: dict[str, object] = {'data_dir': folder, 'port': urlsplit(site).port or free_port(), **more}
    if api is not None:
        given = {**KEYS, 'wechat_api_base_url': api.base_url, **given}
    return Case.of(Settings(_env_file=None, **given))  # type: ignore[arg-type,call-arg]


def examined(case: Case, **how: bool) -> dict[str, Finding]:
    doctor = Doctor(case)

    async def all_of_it() -> None:
        async for _ in doctor.examine(**how):
            pass

    asyncio.run(all_of_it())
    return doctor.found


def test_a_chain_that_is_whole_is_well_and_no_secret_is_in_the_report(folder: Path, api: FakeApi) -> None:
    with site(ours) as url:
        found = examined(case(folder, api, site=url))

    assert {finding.name for finding in found.values() if finding.state is State.BAD} == set()
    assert '回答正确' in found['callback'].cause  # however late on a busy machine
    for name in ('settings', 'workers', 'clock', 'token', 'trusted_ip', 'visible_range', 'kf', 'contacts'):
        assert found[name].state is State.GOOD, found[name]
    told = ''.join(finding.as_text() + str(finding.as_json()) for finding in found.values())
    for secret in (SECRET, SECOND.token, SECOND.encoding_aes_key, 'token-1'):
        assert secret not in told


@pytest.mark.parametrize(
    ('answer', 'said'),
    [
        (lambda _: (404, b'not here'), '没有通到控制台'),
        (lambda _: (302, b''), '转到了别处'),
        (lambda _: (200, b'<!DOCTYPE html><html>welcome</html>'), '一个网页'),
        (lambda _: (200, b'success'), '别的程序'),
        (lambda echo: (200, b'"' + ours(echo)[1] + b'"'), '引号'),
        (lambda echo: (200, ours(echo)[1] + b'\n'), '引号、空格或换行'),
        (lambda _: (403, b''), '另一套 Token'),
        (lambda _: (403, b'<html>go away</html>'), '一个网页'),
        (lambda _: (400, '缺少参数'.encode()), '参数没有完整'),
        (lambda _: (502, b'<html>Bad Gateway</html>'), '没有应答'),
    ],
)
def test_what_the_callback_met_instead_of_the_console_is_said(
    folder: Path, api: FakeApi, answer: Callable[[str], Answer], said: str
) -> None:
    with site(answer) as url:
        found = callback(case(folder, api, site=url))

    assert found.state is State.BAD
    assert said in found.cause
    assert found.where
    assert found.step


def test_an_answer_later_than_wecom_waits_is_told(folder: Path, api: FakeApi) -> None:
    def late(echo: str) -> Answer:
        time.sleep(1.05)
        return ours(echo)

    with site(late) as url:
        found = callback(case(folder, api, site=url))

    assert (found.state, '1 秒' in found.cause) == (State.WARN, True)


def test_a_console_that_does_not_run_is_said_with_how_to_start_it(folder: Path, api: FakeApi) -> None:
    for one in (case(folder, api), case(folder)):
        found = callback(one)

        assert (found.state, found.cause.split('，')[0]) == (State.BAD, '控制台没有在运行')
        assert 'make run' in found.step


def test_a_public_address_that_leads_elsewhere_is_told_from_a_console_that_is_down(folder: Path, api: FakeApi) -> None:
    with site(ours) as url:
        wrong_port = callback(case(folder, api, site=url, public_base_url=f'http://127.0.0.1:{free_port()}'))
        no_name = callback(case(folder, api, site=url, public_base_url='http://desk.school.invalid'))

    assert '端口不对' in wrong_port.cause
    assert '解析不到' in no_name.cause


def test_an_address_only_this_machine_knows_is_no_callback_for_the_real_wecom(folder: Path) -> None:
    with site(ours) as url:
        found = callback(case(folder, site=url, **KEYS))  # type: ignore[arg-type]

    assert found.state is State.BAD
    assert '企业微信够不到' in found.cause


@pytest.mark.parametrize(('off', 'state'), [(0, State.GOOD), (20, State.WARN), (-20, State.WARN), (400, State.BAD)])
def test_a_clock_that_is_off_is_measured_against_wecoms(folder: Path, api: FakeApi, off: int, state: State) -> None:
    found = clock(case(folder, api), now=lambda: time.time() + off)

    assert found.state is state
    assert not off or f'比企业微信{"快" if off > 0 else "慢"} ' in found.cause


@pytest.mark.parametrize(('errcode', 'where'), [(40001, places.APP), (40013, places.COMPANY)])
def test_a_refused_credential_names_its_page_and_is_not_asked_with_again(
    folder: Path, api: FakeApi, errcode: int, where: str
) -> None:
    api.answers('gettoken', {'errcode': errcode, 'errmsg': 'invalid'})
    wrong = case(folder, api)
    examined(wrong)
    found = examined(wrong)

    assert (found['token'].state, found['token'].where) == (State.BAD, where)
    assert str(errcode) in found['token'].cause
    assert found['kf'].state is State.NOT_USED
    assert '企业 ID 与 Secret' in found['kf'].cause
    asked = [one for one in api.asked_for('gettoken') if one.query]  # the clock is looked at without credentials
    assert len(asked) == (1 if errcode == 40001 else 2)


def test_an_address_that_is_not_trusted_is_named_to_be_pasted(folder: Path, api: FakeApi) -> None:
    refusal = {'errcode': 60020, 'errmsg': 'not allow to access from your ip, hint: [1_2], from ip: 203.0.113.7, more'}
    api.answers('agent/get', refusal)
    found = examined(case(folder, api))['trusted_ip']

    assert (found.state, found.where) == (State.BAD, places.TRUSTED_IP)
    assert '203.0.113.7' in found.cause
    assert dict(found.values)['要加入的 IP'] == '203.0.113.7'


class Broken(NamedTuple):
    """One answer of WeCom's changed, and what is to be found of it."""

    path: str
    answer: dict[str, object] | Raw
    name: str
    state: State
    said: str
    where: str


APP, ACCOUNTS, SERVICERS = 'agent/get', 'kf/account/list', 'kf/servicer/list'
NOBODY = {**WELL[APP], 'allow_userinfos': {'user': []}, 'allow_partys': {'partyid': []}}
UNMANAGED = {'errcode': 0, 'account_list': [{'open_kfid': 'w', 'manage_privilege': False}]}
RESTING = {'errcode': 0, 'servicer_list': [{'userid': 'LiNa', 'status': 1}]}
NO_ACCOUNT = {'errcode': 0, 'account_list': []}
NO_SERVICER = {'errcode': 0, 'servicer_list': []}
CUSTOMERS = 'externalcontact/get_follow_user_list'


@pytest.mark.parametrize(
    'broken',
    [
        Broken(APP, {'errcode': 301002}, 'trusted_ip', State.BAD, 'AgentID', places.APP),
        Broken(APP, NOBODY, 'visible_range', State.BAD, '空的', places.VISIBLE_RANGE),
        Broken(APP, {**WELL[APP], 'close': 1}, 'visible_range', State.BAD, '已停用', places.ENABLED),
        Broken(ACCOUNTS, {'errcode': 48002}, 'kf', State.BAD, '没有此接口的权限', places.KF_API),
        Broken(ACCOUNTS, {'errcode': 95017}, 'kf', State.BAD, 'API 开关', places.KF_API),
        Broken(ACCOUNTS, NO_ACCOUNT, 'kf', State.BAD, '没有可以管理', places.KF_MANAGED),
        Broken(ACCOUNTS, UNMANAGED, 'kf', State.BAD, '没有交给本应用', places.KF_MANAGED),
        Broken(SERVICERS, NO_SERVICER, 'kf', State.WARN, '没有接待人员', places.KF_SERVICERS),
        Broken(SERVICERS, RESTING, 'kf', State.WARN, '停止了接待', places.KF_SERVICERS),
        Broken(CUSTOMERS, {'errcode': 48002}, 'contacts', State.WARN, '侧边栏认不出家长', places.CONTACTS_API),
        Broken('ticket/get', {'errcode': 50003}, 'tickets', State.BAD, '取不到应用票据', places.ENABLED),
        Broken(APP, Raw(b'', status=404), 'trusted_ip', State.WARN, '没有这个接口', places.SETTINGS),
        Broken(APP, Raw(b'<html>', status=502), 'trusted_ip', State.BAD, '连不上企业微信', '服务器'),
    ],
    ids=lambda broken: f'{broken.path} {broken.said}',
)
def test_what_is_not_set_up_in_wecom_is_named_with_the_page_that_mends_it(
    folder: Path, api: FakeApi, broken: Broken
) -> None:
    api.answers(broken.path, broken.answer)
    found = examined(case(folder, api))[broken.name]

    assert (found.state, broken.said in found.cause) == (broken.state, True), found
    assert found.where.startswith(broken.where)
    assert found.step


@pytest.mark.parametrize(
    ('set_there', 'state'),
    [('desk.school.cn', State.GOOD), ('other.school.cn', State.BAD), ('', State.BAD)],
)
def test_the_trusted_domain_must_be_the_consoles(folder: Path, api: FakeApi, set_there: str, state: State) -> None:
    api.answers('agent/get', {**WELL['agent/get'], 'redirect_domain': set_there})
    found = examined(case(folder, api, public_base_url='https://desk.school.cn'))['domain']

    assert found.state is state
    assert state is State.GOOD or dict(found.values)['可信域名'] == 'desk.school.cn'


def test_the_domain_file_must_be_served_as_it_is(folder: Path, api: FakeApi) -> None:
    def served(_: str) -> Answer:
        return 200, b'abc'

    with site(served) as url:
        missing = examined(case(folder, api, site=url))['domain_file']
        (folder / 'verify').mkdir()
        (folder / 'verify' / 'WW_verify_abc.txt').write_text('abc')
        there = examined(case(folder, api, site=url))['domain_file']
        (folder / 'verify' / 'WW_verify_abc.txt').write_text('xyz')
        other = examined(case(folder, api, site=url))['domain_file']

    assert [missing.state, there.state, other.state] == [State.WARN, State.GOOD, State.BAD]


@pytest.mark.parametrize(
    ('status', 'state', 'said'),
    [(200, State.GOOD, '正常'), (401, State.BAD, '密钥'), (402, State.BAD, '余额'), (429, State.WARN, '正忙')],
)
def test_the_model_is_asked_for_one_token(folder: Path, status: int, state: State, said: str) -> None:
    with FakeModel() as fake:
        fake.mode, fake.status = ('ok' if status == 200 else 'error'), status
        found = examined(case(folder, deepseek_api_url=fake.url, deepseek_api_key='sk-very-secret'))['model']

        assert (found.state, said in found.cause) == (state, True), found
        assert fake.requests[0].body['max_tokens'] == 1
        assert 'sk-very-secret' not in found.as_text()


def test_the_robot_hears_of_an_examination_only_when_asked_to(folder: Path, api: FakeApi) -> None:
    webhook = f'{api.base_url}webhook/send?key=robot-key'
    api.answers('webhook/send', {'errcode': 0}, {'errcode': 93000, 'errmsg': 'invalid webhook url'})
    quiet = examined(case(folder, wechat_alert_webhook=webhook))['robot']
    assert (quiet.state, api.asked_for('webhook/send')) == (State.GOOD, [])

    told = examined(case(folder, wechat_alert_webhook=webhook), tell_robot=True)['robot']
    removed = examined(case(folder, wechat_alert_webhook=webhook), tell_robot=True)['robot']

    assert told.state is State.GOOD
    assert (removed.state, '93000' in removed.cause) == (State.BAD, True)
    assert 'robot-key' not in removed.as_text()


def test_faults_of_the_settings_are_in_plain_words_and_the_rest_is_not_looked_at() -> None:
    broken = Case.of(None, faults=('PORT: Input should be a valid integer', 'APP_ENV: Input should be …'))
    found = examined(broken)

    assert found['settings'].state is State.BAD
    assert 'PORT 的值不对' in found['settings'].cause
    assert '1 到 65535' in found['settings'].step
    assert {finding.state for name, finding in found.items() if name != 'settings'} == {State.NOT_USED}
    assert len(found) == len(LINKS)


def test_a_token_wecom_would_not_take_is_found(folder: Path, api: FakeApi) -> None:
    found = examined(case(folder, api, wechat_token='with spaces & signs'))['settings']

    assert found.state is State.BAD
    assert 'WECHAT_TOKEN' in found.cause
    assert 'with spaces' not in found.as_text()


def test_the_database_is_judged_without_a_trace(database_url: str, kind: str, tmp_path: Path) -> None:
    found = database(case(tmp_path, database_url=database_url))

    assert found.state is State.GOOD, found
    assert ('SQLite' if kind == 'sqlite' else 'PostgreSQL') in found.cause


def test_a_database_that_is_missing_damaged_or_of_another_version_is_told(folder: Path) -> None:
    file = folder / 'edudesk.sqlite3'
    missing = database(case(folder))
    assert (missing.state, file.exists()) == (State.WARN, False)

    file.write_bytes(b'no database at all, but long enough to be taken for one' * 40)
    assert '损坏' in database(case(folder)).cause
    file.unlink()

    with sqlite3.connect(file) as connection:
        connection.execute('CREATE TABLE alembic_version (version_num TEXT)')
    assert '不是最新' in database(case(folder)).cause
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    newer = database(case(folder))
    assert (newer.state, '9999' in newer.cause) == (State.BAD, True)


def test_a_postgresql_out_of_reach_is_told_without_its_password(folder: Path) -> None:
    found = database(case(folder, database_url=f'postgresql://desk:a-password@127.0.0.1:{free_port()}/desk'))

    assert (found.state, '没有应答' in found.cause) == (State.BAD, True)
    assert 'a-password' not in found.as_text()


def test_the_age_of_the_newest_backup_is_told(folder: Path) -> None:
    assert '没有备份' in backups(case(folder)).cause
    (folder / 'backups').mkdir()
    copy = folder / 'backups' / 'today.zip'
    copy.touch()
    assert backups(case(folder)).state is State.GOOD
    os.utime(copy, (time.time() - 5 * 86400,) * 2)
    old = backups(case(folder))
    assert (old.state, '5 天' in old.cause) == (State.WARN, True)


def test_a_check_that_breaks_or_hangs_hides_nothing_of_the_others(
    folder: Path, api: FakeApi, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr('console.doctor.examination.PATIENCE', 1.5)
    api.answers('kf/account/list', Raw(b'{}', after=3.5))
    api.answers('externalcontact/get_follow_user_list', {'errcode': 0, 'follow_user': 5})
    found = examined(case(folder, api))

    assert '秒内没有结果' in found['kf'].cause
    assert found['tickets'].state is State.GOOD
    assert not report.is_well(found.values())
