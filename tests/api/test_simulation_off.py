"""Development without WeCom and with SIMULATION off: the sandbox stands in for WeCom, but nobody plays a parent."""

import httpx
import pytest

from tests.server import ConsoleServer
from tests.warm import WarmConsole


@pytest.fixture(scope='module')
def console():
    with WarmConsole({'SIMULATION': 'off'}) as server:
        yield server


def test_the_simulate_route_is_not_there(console: ConsoleServer) -> None:
    said = {'external_userid': 'test', 'content': '测试消息'}

    answer = httpx.post(f'{console.url}/api/v1/simulate-customer-msg', json=said)

    assert answer.status_code == 404
    assert answer.json()['code'] == 404
