"""What survives a restart, and the control side over HTTP."""

import stat
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.sandbox import Sandbox, invent_credentials
from tests.sandbox.conftest import Caller
from tests.sandbox.receiver import CREDENTIALS, Receiver


def test_phones_and_the_duplicate_check_survive_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    seen: list[Any] = []
    for _ in range(2):
        sandbox = Sandbox(tmp_path / 'sandbox.sqlite3', **asdict(CREDENTIALS), callback_url=receiver.url)
        sandbox.start()
        sandbox.ensure_member('LiNa', '李娜')
        if not seen:
            sandbox.say('LiNa', '在吗')
        caller = Caller(sandbox)
        caller.text('LiNa', '在的', enable_duplicate_check=1)
        caller.close()
        seen.append(sandbox.phone('LiNa'))
        sandbox.stop()
    assert seen[0] == seen[1]
    assert [(entry.direction, entry.text) for entry in seen[1]] == [('out', '在吗'), ('in', '在的')]


def test_credentials_are_invented_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / 'data' / 'sandbox.json'
    credentials = invent_credentials(path)
    assert invent_credentials(path) == credentials
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert credentials.corp_id.startswith('wwsandbox')
    assert len(credentials.encoding_aes_key) == 43
    assert len(b64decode(credentials.encoding_aes_key + '=', validate=True)) == 32


def test_a_taken_port_is_an_error(sandbox: Sandbox) -> None:
    port = int(sandbox.base_url.rsplit(':', 1)[1])
    second = Sandbox(':memory:', **asdict(CREDENTIALS))
    with pytest.raises(OSError, match='in use'):
        second.start(port=port)
    second.stop()


def test_stopping_lets_a_hanging_caller_go(receiver: Receiver) -> None:
    sandbox = Sandbox(':memory:', **asdict(CREDENTIALS))
    sandbox.start()
    sandbox.hang_next(path='gettoken')
    with httpx.Client(trust_env=False, timeout=0.2) as client, pytest.raises(httpx.ReadTimeout):
        client.get(sandbox.api_base_url + 'gettoken')
    sandbox.stop()


def test_it_runs_on_its_own_until_it_is_told_to_stop(tmp_path: Path) -> None:
    program = (
        'import logging, pathlib, sys; from console.sandbox import serve_forever; '
        'logging.basicConfig(level=logging.INFO); serve_forever(pathlib.Path(sys.argv[1]), port=0)'
    )
    with subprocess.Popen([sys.executable, '-c', program, str(tmp_path)], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if 'sandbox WeCom at' in line)
        base_url = line.split(' at ')[1].split(',')[0]
        assert httpx.get(f'{base_url}/cgi-bin/gettoken', trust_env=False).json()['errcode'] == 40013
        process.terminate()
        assert process.wait(10) == 0
    assert {path.name for path in tmp_path.iterdir()} == {'sandbox.json', 'sandbox.sqlite3'}


@pytest.fixture
def guarded(receiver: Receiver) -> Iterator[Sandbox]:
    sandbox = Sandbox(':memory:', **asdict(CREDENTIALS), callback_url=receiver.url, control_key='open sesame')
    sandbox.start()
    yield sandbox
    sandbox.stop()


def control(
    sandbox: Sandbox, method: str, /, headers: dict[str, str] | None = None, **arguments: Any
) -> httpx.Response:
    key = {'X-Sandbox-Key': 'open sesame'} if headers is None else headers
    return httpx.post(f'{sandbox.base_url}/_sandbox/{method}', json=arguments, headers=key, trust_env=False)


def test_the_control_side_does_over_http_what_the_methods_do(guarded: Sandbox, receiver: Receiver) -> None:
    control(guarded, 'ensure_member', userid='ZhangWei', name='张伟')
    report = control(guarded, 'say', userid='ZhangWei', text='你好', copies=2).json()['result']
    assert [attempt['status'] for attempt in report['attempts']] == [200, 200]
    assert len(receiver.pushed) == 2
    (entry,) = control(guarded, 'phone', userid='zhangwei').json()['result']
    assert (entry['text'], entry['msg_id']) == ('你好', report['msg_id'])
    last = report['attempts'][-1]
    control(guarded, 'post_again', query=last['query'], body=last['request_bytes'])
    assert receiver.pushed[-1] in receiver.pushed[:2]
    control(guarded, 'fail_next', errcode=45009, path='gettoken')
    assert httpx.get(guarded.api_base_url + 'gettoken', trust_env=False).json()['errcode'] == 45009
    assert [call['errcode'] for call in control(guarded, 'calls', path='gettoken').json()['result']] == [45009]


def test_the_control_side_is_closed_to_others(guarded: Sandbox) -> None:
    assert control(guarded, 'members', headers={}).status_code == 403
    assert control(guarded, 'members', headers={'X-Sandbox-Key': 'wrong'}).status_code == 403
    with_key = {'X-Sandbox-Key': 'open sesame', 'Origin': 'https://evil.example'}
    assert control(guarded, 'members', headers=with_key).status_code == 403


def test_the_control_side_explains_what_it_does_not_understand(guarded: Sandbox) -> None:
    assert control(guarded, 'stop').status_code == 404
    assert control(guarded, 'say', userid='x').status_code == 400
    assert control(guarded, 'say', userid='nobody', text='你好').status_code == 404
