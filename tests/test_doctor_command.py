"""`python run.py doctor`, as the person who installs the console meets it."""

import json
from pathlib import Path

import pytest

from console import config
from console.doctor import Case, State
from console.doctor.settings import settings
from tests.console.test_doctor import KEYS, SECRET, WELL
from tests.server import free_port
from tests.test_command_line import STRONG
from tests.warm import WarmConsole, run
from tests.wecom.fake_api import FakeApi, serving

WECHAT = {name.upper(): str(value) for name, value in KEYS.items()}


@pytest.fixture
def port() -> str:
    return str(free_port())


def test_nothing_runs_yet_and_the_one_thing_to_do_is_said(tmp_path: Path, port: str) -> None:
    done = run(tmp_path, 'doctor', PORT=port)

    assert (done.returncode, done.stderr) == (1, '')
    assert [line for line in done.stdout.splitlines() if line.startswith('✗')] == [
        '✗ 回调地址: 控制台没有在运行，企业微信的消息进不来'
    ]
    assert 'make run' in done.stdout
    assert '内置沙箱' in done.stdout
    assert not (tmp_path / 'data').exists()


def test_beside_a_running_demo_all_is_well(tmp_path: Path) -> None:
    with WarmConsole() as server:
        done = run(tmp_path, 'doctor', DATA_DIR=str(server.data), PORT=str(server.port))
        as_json = run(tmp_path, 'doctor', '--json', DATA_DIR=str(server.data), PORT=str(server.port))
        assert server.ready()

    assert (done.returncode, done.stderr) == (0, ''), done.stdout
    assert '回答正确' in done.stdout
    assert '✗' not in done.stdout
    told = json.loads(as_json.stdout)
    states = {finding['name']: finding['state'] for finding in told['findings']}
    assert (told['ok'], states['workers'], states['database'], states['token']) == (True, 'good', 'good', 'not_used')


def test_beside_a_console_on_another_wecom_the_chain_is_examined_to_its_end(tmp_path: Path) -> None:
    with serving() as api:
        for path, answer in WELL.items():
            api.answers(path, answer)
        connected = {**WECHAT, 'WECHAT_API_BASE_URL': api.base_url}
        with WarmConsole(connected) as server:
            here = connected | {'DATA_DIR': str(server.data), 'PORT': str(server.port)}
            well = run(tmp_path, 'doctor', **here)
            other_keys = run(tmp_path, 'doctor', **here | {'WECHAT_TOKEN': 'another1Token'})
            _refuse(api)
            refused = run(tmp_path, 'doctor', **here)

    assert well.returncode == 0, well.stdout
    assert '✓ 企业可信 IP' in well.stdout
    assert '✓ 微信客服: 1 个客服账号可用（招生）' in well.stdout
    assert other_keys.returncode == 1
    assert '拒绝了签名' in other_keys.stdout
    assert refused.returncode == 1
    assert '203.0.113.7' in refused.stdout
    assert SECRET not in well.stdout + other_keys.stdout + refused.stdout


def test_settings_the_console_refuses_are_a_finding_and_no_crash(tmp_path: Path, port: str) -> None:
    unreadable = run(tmp_path, 'doctor', PORT='eighty')
    weak = run(tmp_path, 'doctor', APP_ENV='production', PORT=port)

    assert (unreadable.returncode, unreadable.stderr) == (1, '')
    assert 'PORT 的值不对' in unreadable.stdout
    assert (weak.returncode, weak.stderr) == (1, '')
    assert 'SECRET_KEY 没有设置' in weak.stdout
    assert '✗ 回调地址' in weak.stdout  # what can be looked at is


@pytest.mark.parametrize(
    ('given', 'said'),
    [
        ({**STRONG, 'SECRET_KEY': 'changeme'}, 'SECRET_KEY 太短'),
        ({**STRONG, 'JWT_SECRET_KEY': 'a' * 40}, 'JWT_SECRET_KEY 是示例里的或容易猜到的值'),
        ({**STRONG, 'ADMIN_PASSWORD': 'admin'}, 'ADMIN_PASSWORD 的值不对'),
        ({'WECHAT_CORP_ID': 'ww1'}, '还缺 WECHAT_AGENT_ID、WECHAT_SECRET'),
        ({**WECHAT, 'WECHAT_ENCODING_AES_KEY': 'too-short'}, 'WECHAT_ENCODING_AES_KEY 的值不对'),
        ({'DATABASE_URL': 'mysql://x/y'}, 'DATABASE_URL 的值不对'),
        ({'PUBLIC_BASE_URL': 'desk.school.cn'}, 'PUBLIC_BASE_URL 的值不对'),
        ({'LOG_LEVEL': 'loud'}, 'LOG_LEVEL 的值不对'),
    ],
)
def test_a_fault_of_the_settings_is_told_in_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    read, faults = config.look()
    found = settings(Case.of(read, faults=tuple(faults)))

    assert (found.state, said in found.cause) == (State.BAD, True), found
    assert found.where
    assert found.step


def _refuse(api: FakeApi) -> None:
    api.answers('agent/get', {'errcode': 60020, 'errmsg': 'not allow to access from your ip, from ip: 203.0.113.7,'})
