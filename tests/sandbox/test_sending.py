"""message/send treats the app as WeCom does."""

import threading

import httpx
import pytest

from console.sandbox import Sandbox
from tests.sandbox.conftest import Caller


def arrived(sandbox: Sandbox, userid: str = 'LiNa') -> list[str]:
    return [entry.text for entry in sandbox.phone(userid) if entry.direction == 'in']


def test_a_text_arrives_on_the_phone_whatever_the_case_of_the_userid(sandbox: Sandbox, caller: Caller) -> None:
    changed: list[str] = []
    sandbox.on_change(changed.append)
    answer = caller.text('lINA', '您好')
    assert (answer['errcode'], answer['errmsg']) == (0, 'ok')
    (entry,) = sandbox.phone('LiNa')
    assert (entry.direction, entry.text, entry.msg_id) == ('in', '您好', answer['msgid'])
    assert changed == ['LiNa']


def test_unknown_recipients_are_named_and_the_others_get_it(sandbox: Sandbox, caller: Caller) -> None:
    answer = caller.text('LiNa|Nobody|GHOST|lina', '您好')
    assert (answer['errcode'], answer['invaliduser']) == (0, 'nobody|ghost')
    assert arrived(sandbox) == ['您好']


@pytest.mark.parametrize(
    ('changed', 'errcode'),
    [
        ({'touser': 'nobody'}, 81013),
        ({'touser': 'passerby'}, 81013),
        ({'touser': ''}, 82001),
        ({'agentid': 1000003}, 301002),
        ({'agentid': None}, 40056),
        ({'msgtype': 'poem'}, 40008),
        ({'text': {'content': ''}}, 44004),
    ],
)
def test_a_wrong_request_is_refused_with_a_hint_and_nothing_arrives(
    sandbox: Sandbox, caller: Caller, changed: dict[str, object], errcode: int
) -> None:
    sandbox.ensure_member('passerby', '路人', outsider=True)
    answer = caller.text('LiNa', '您好', **changed)
    assert answer['errcode'] == errcode
    assert 'hint: [' in answer['errmsg']
    assert f'devtool/query?e={errcode}' in answer['errmsg']
    assert arrived(sandbox) == []


@pytest.mark.parametrize(
    ('sent', 'shown'),
    [
        ('a' * 2048, 'a' * 2048),
        ('a' * 2049, 'a' * 2048),
        ('好' * 1000, '好' * 682),
        ('a' * 2046 + '😀', 'a' * 2046),
    ],
)
def test_a_long_text_is_cut_at_2048_bytes_between_characters(
    sandbox: Sandbox, caller: Caller, sent: str, shown: str
) -> None:
    caller.text('LiNa', sent)
    assert arrived(sandbox) == [shown]


def test_the_identical_request_is_swallowed_within_its_interval(sandbox: Sandbox, caller: Caller) -> None:
    asked = {'enable_duplicate_check': 1, 'duplicate_check_interval': 600}
    first = caller.text('LiNa', '您好', **asked)
    assert caller.text('LiNa', '您好', **asked) == first
    assert arrived(sandbox) == ['您好']
    caller.text('LiNa', '您好', enable_duplicate_check=1, duplicate_check_interval=601)
    assert len(arrived(sandbox)) == 2
    sandbox.clock.advance(700)
    caller.text('LiNa', '您好', **asked)
    assert len(arrived(sandbox)) == 3


def test_without_the_check_the_same_text_arrives_twice(sandbox: Sandbox, caller: Caller) -> None:
    caller.text('LiNa', '您好')
    caller.text('LiNa', '您好')
    assert arrived(sandbox) == ['您好', '您好']


def test_a_refused_request_may_be_sent_again(sandbox: Sandbox, caller: Caller) -> None:
    caller.text('new', '您好', enable_duplicate_check=1)
    sandbox.ensure_member('new', '新家长')
    assert caller.text('new', '您好', enable_duplicate_check=1)['errcode'] == 0
    assert arrived(sandbox, 'new') == ['您好']


def test_the_31st_message_in_a_minute_vanishes_without_a_word(sandbox: Sandbox, caller: Caller) -> None:
    for number in range(32):
        assert caller.text('LiNa', f'第{number}条')['errcode'] == 0
    assert len(arrived(sandbox)) == 30
    sandbox.clock.advance(61)
    caller.text('LiNa', '一分钟后')
    assert arrived(sandbox)[-1] == '一分钟后'


def test_the_1001st_message_in_an_hour_vanishes(sandbox: Sandbox, caller: Caller) -> None:
    for number in range(1002):
        if number % 30 == 0:
            sandbox.clock.advance(61)
        caller.text('LiNa', str(number))
    assert len(arrived(sandbox)) == 1000


def test_tokens_are_missing_made_up_voided_or_expired(sandbox: Sandbox, caller: Caller) -> None:
    good = caller.token
    caller.token = ''
    assert caller.text('LiNa', '1')['errcode'] == 41001
    caller.token = 'made-up'
    assert caller.text('LiNa', '2')['errcode'] == 40014
    caller.token = good
    sandbox.expire_tokens()
    assert caller.text('LiNa', '3')['errcode'] == 42001
    caller.token = caller.gettoken()['access_token']
    sandbox.clock.advance(7201)
    assert caller.text('LiNa', '4')['errcode'] == 42001
    caller.token = caller.gettoken()['access_token']
    sandbox.void_tokens()
    assert caller.text('LiNa', '5')['errcode'] == 40014
    assert arrived(sandbox) == []


def test_only_the_right_company_and_secret_get_a_token(caller: Caller) -> None:
    assert caller.gettoken(corpid='ww0')['errcode'] == 40013
    assert caller.gettoken(corpsecret='wrong')['errcode'] == 40001
    fresh = caller.gettoken()
    assert (fresh['errcode'], fresh['expires_in']) == (0, 7200)
    assert fresh['access_token'] != caller.token


def test_an_ordered_refusal_comes_once_and_does_nothing(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.fail_next(-1, times=2)
    assert [caller.text('LiNa', '您好')['errcode'] for _ in range(3)] == [-1, -1, 0]
    assert arrived(sandbox) == ['您好']
    assert [call.errcode for call in sandbox.calls('message/send')] == [-1, -1, 0]


def test_a_gateway_can_answer_in_wecoms_place(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.fail_next(http_status=502)
    answer = caller.post('message/send', {})
    assert (answer.status_code, answer.headers['content-type']) == (502, 'text/html; charset=utf-8')


def test_an_accepted_message_arrives_though_the_answer_is_lost(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.accept_then_drop_answer()
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        caller.text('LiNa', '您好', enable_duplicate_check=1)
    assert arrived(sandbox) == ['您好']
    assert caller.text('LiNa', '您好', enable_duplicate_check=1)['errcode'] == 0
    assert arrived(sandbox) == ['您好']


def test_an_accepted_message_arrives_though_the_answer_never_comes(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.accept_then_drop_answer(hang=True)
    caller.http.timeout = 0.3
    with pytest.raises(httpx.ReadTimeout):
        caller.text('LiNa', '您好')
    assert arrived(sandbox) == ['您好']


def test_a_hanging_call_does_nothing_until_it_is_let_go(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.hang_next()
    letting_go = threading.Timer(0.3, sandbox.clear_faults)
    letting_go.start()
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        caller.text('LiNa', '您好')
    letting_go.join()
    assert arrived(sandbox) == []
    assert [call.errcode for call in sandbox.calls('message/send')] == [None]


def test_a_delayed_call_is_done_even_if_the_caller_has_gone(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.delay_next(0.4)
    caller.http.timeout = 0.1
    with pytest.raises(httpx.ReadTimeout):
        caller.text('LiNa', '您好')
    assert arrived(sandbox) == []
    done = threading.Event()
    sandbox.on_change(lambda _userid: done.set())
    assert done.wait(5)
    assert arrived(sandbox) == ['您好']


def test_cleared_faults_are_forgotten(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.fail_next(45009, times=5)
    sandbox.clear_faults()
    assert caller.text('LiNa', '您好')['errcode'] == 0


def test_calls_are_kept_with_their_bytes(sandbox: Sandbox, caller: Caller) -> None:
    caller.text('LiNa', '您好')
    (call,) = sandbox.calls('message/send')
    assert '您好' in call.body.decode()
    assert call.query['access_token'] == caller.token
    assert [other.path for other in sandbox.calls()] == ['gettoken', 'message/send']
