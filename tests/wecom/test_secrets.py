import logging
from typing import Any

import pytest

from console.wecom.refusals import WeComRefused, WeComUnreachable
from tests.wecom.asking import Clock, client_of, told_by, unreached
from tests.wecom.fake_api import SECRET, FakeApi, Raw


@pytest.mark.parametrize(
    'trouble',
    [
        {'errcode': 40058, 'errmsg': 'echo access_token=token-1 hint: [1_2_x]'},
        {'errmsg': 'echo token-1'},
        Raw(b'token-1 ' + SECRET.encode()),
        Raw(b'', status=503),
        Raw(b'{}', after=0.5),
    ],
)
@pytest.mark.parametrize('path', ['gettoken', 'message/send'])
def test_no_secret_reaches_an_exception_or_a_log(
    api: FakeApi, clock: Clock, caplog: pytest.LogCaptureFixture, path: str, trouble: Any
):
    caplog.set_level(logging.DEBUG)
    client = client_of(api.base_url, clock, timeout=(3, 0.2))
    answer = trouble
    if path == 'gettoken' and isinstance(trouble, dict):
        answer = {**trouble, 'errmsg': trouble['errmsg'].replace('token-1', SECRET)}
    api.answers(path, answer)

    with pytest.raises((WeComRefused, WeComUnreachable)) as found:
        client.send_message(b'{}', 'LiMing')

    for text in (told_by(found.value), caplog.text):
        assert SECRET not in text
        assert 'token-1' not in text


def test_a_header_urllib3_complains_of_costs_no_secret(api: FakeApi, clock: Clock, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    client = client_of(api.base_url, clock, timeout=(3, 0.2))
    api.answers('message/send', Raw(b'{"errcode":0}', headers={'X Bad Header': 'x'}))

    unreached(client.send_message, b'{}', 'LiMing')

    assert 'token-1' not in caplog.text


def test_a_request_to_a_dead_address_names_no_secret(clock: Clock, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)

    found = unreached(client_of('http://wecom.invalid/cgi-bin/', clock).get, 'user/get')

    assert SECRET not in told_by(found) + caplog.text
