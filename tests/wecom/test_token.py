import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from console.wecom.client import WeComClient
from console.wecom.refusals import RefusalKind
from tests.wecom.asking import Clock, refused, unreached
from tests.wecom.fake_api import FakeApi, Raw

EXPIRED = {'errcode': 42001, 'errmsg': 'access_token expired'}
OK = {'errcode': 0, 'errmsg': 'ok'}


def test_a_token_is_renewed_five_minutes_before_its_end(api: FakeApi, client: WeComClient, clock: Clock):
    client.get('user/get')
    clock.now += 6899
    client.get('user/get')
    assert len(api.asked_for('gettoken')) == 1

    clock.now += 1
    client.get('user/get')

    assert len(api.asked_for('gettoken')) == 2


@pytest.mark.parametrize('code', [42001, 40014, 41001, '42001'])
def test_a_token_found_bad_is_renewed_once_and_the_call_repeated(api: FakeApi, client: WeComClient, code: int | str):
    api.answers('user/get', {'errcode': code, 'errmsg': 'bad token'}, {**OK, 'userid': 'LiMing'})

    assert client.user('LiMing')['userid'] == 'LiMing'

    assert [asked.query['access_token'] for asked in api.asked_for('user/get')] == ['token-1', 'token-2']
    assert len(api.asked_for('gettoken')) == 2


def test_a_token_that_stays_bad_costs_two_sends_and_no_more(api: FakeApi, client: WeComClient):
    api.answers('message/send', EXPIRED)

    assert refused(client.post, 'message/send', {}).kind is RefusalKind.TOKEN

    assert len(api.asked_for('message/send')) == 2
    assert len(api.asked_for('gettoken')) == 2


def test_a_hundred_threads_with_an_expired_token_fetch_one(api: FakeApi, client: WeComClient):
    client.get('user/get')
    api.current_token = 'another'
    api.token_delay = 0.2
    together = threading.Barrier(100)

    def call(_: int) -> int:
        together.wait()
        return client.get('user/get')['errcode']

    with ThreadPoolExecutor(100) as threads:
        assert set(threads.map(call, range(100))) == {0}

    assert len(api.asked_for('gettoken')) == 1 + 1


def test_threads_that_wait_for_a_token_share_the_failure_too(api: FakeApi, client: WeComClient):
    api.answers('gettoken', Raw(status=502, after=0.3))
    together = threading.Barrier(20)

    def call(_: int) -> bool:
        together.wait()
        return unreached(client.get, 'user/get').sent_maybe

    with ThreadPoolExecutor(20) as threads:
        assert set(threads.map(call, range(20))) == {False}

    assert len(api.asked_for('gettoken')) == 1
    assert not api.asked_for('user/get')


def test_a_wrong_secret_is_tried_once_in_ten_minutes(api: FakeApi, client: WeComClient, clock: Clock):
    api.answers('gettoken', {'errcode': 40001, 'errmsg': 'invalid credential, hint: [123_4_abc], from ip: 10.0.0.1'})
    for _ in range(5):
        found = refused(client.get, 'user/get')
        assert (found.kind, found.errcode, found.hint) == (RefusalKind.CREDENTIAL, 40001, '123_4_abc')
        clock.now += 119
    assert len(api.asked_for('gettoken')) == 1

    clock.now += 5
    refused(client.get, 'user/get')

    assert len(api.asked_for('gettoken')) == 2
    assert not api.asked_for('user/get')


def test_a_secret_that_was_mended_works_after_the_pause(api: FakeApi, client: WeComClient, clock: Clock):
    api.answers('gettoken', {'errcode': 40001, 'errmsg': ''}, {**OK, 'access_token': 'good', 'expires_in': 7200})
    refused(client.get, 'user/get')

    clock.now += 600
    client.get('user/get')

    assert api.asked_for('user/get')[0].query['access_token'] == 'good'


def test_a_call_refused_for_its_secret_is_not_repeated_and_fetches_nothing(
    api: FakeApi, client: WeComClient, clock: Clock
):
    api.answers('user/get', {'errcode': 40001, 'errmsg': 'invalid credential'})
    refused(client.get, 'user/get')
    assert (len(api.asked_for('user/get')), len(api.asked_for('gettoken'))) == (1, 1)

    api.answers('user/get', EXPIRED)
    assert refused(client.get, 'user/get').kind is RefusalKind.CREDENTIAL

    assert len(api.asked_for('gettoken')) == 1


@pytest.mark.parametrize('answer', [OK, {'errmsg': 'ok'}, {**OK, 'access_token': ''}, {**OK, 'access_token': 7}])
def test_a_success_without_a_token_is_none(api: FakeApi, client: WeComClient, answer: dict[str, Any]):
    api.answers('gettoken', answer)

    assert refused(client.get, 'user/get').kind is RefusalKind.UNKNOWN
    assert not api.asked_for('user/get')


def test_tickets_are_two_and_each_is_kept(api: FakeApi, client: WeComClient, clock: Clock):
    api.answers('get_jsapi_ticket', {**OK, 'ticket': 'of the corp', 'expires_in': 7200})
    api.answers('ticket/get', {'ticket': 'of the app', 'expires_in': 7200})

    assert [client.ticket('corp'), client.ticket('agent')] * 2 == ['of the corp', 'of the app'] * 2
    client.ticket('corp')
    assert len(api.asked_for('get_jsapi_ticket')) == len(api.asked_for('ticket/get')) == 1
    assert api.asked_for('ticket/get')[0].query['type'] == 'agent_config'

    clock.now += 7000
    client.ticket('agent')
    assert len(api.asked_for('ticket/get')) == 2
