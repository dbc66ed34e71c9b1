"""What a page asks for to register with the WeCom around it."""

import hashlib

import httpx
import pytest

from console.sandbox import Sandbox
from console.wecom.client import WeComClient
from tests.conftest import ADMIN
from tests.desk import Desk
from tests.server import ConsoleServer

CONFIG = '/api/v1/wechat/config'


@pytest.fixture
def tickets(wecom: Sandbox) -> dict[str, str]:
    """As WeCom has them."""
    given = wecom.credentials
    client = WeComClient(given.corp_id, given.agent_id, given.secret, wecom.api_base_url)
    return {'signature': client.ticket('corp'), 'agentSignature': client.ticket('agent')}


def test_both_signatures_are_those_wecom_computes(
    console: ConsoleServer, admin: Desk, wecom: Sandbox, tickets: dict[str, str]
) -> None:
    page = f'{console.url}/sidebar?entry=single_kf_tools&name=%E6%9D%8E'
    given = admin.get('/wechat/config', {'url': f'{page}#/here'})
    assert (given['corpId'], given['agentId']) == (wecom.credentials.corp_id, str(wecom.credentials.agent_id))
    assert given['url'] == page
    for name, ticket in tickets.items():
        words = f'jsapi_ticket={ticket}&noncestr={given["nonceStr"]}&timestamp={given["timestamp"]}&url={page}'
        assert given[name] == hashlib.sha1(words.encode(), usedforsecurity=False).hexdigest()
    assert given['signature'] != given['agentSignature']


def test_the_answer_can_be_read_in_both_shapes(console: ConsoleServer, admin: Desk) -> None:
    answer = admin.http.get('/wechat/config', params={'url': f'{console.url}/sidebar'})
    body = answer.json()
    assert (body.pop('code'), body.pop('message')) == (200, 'ok')
    assert body == {**body['data'], 'data': body['data']}
    assert answer.headers['cache-control'] == 'no-store'
    assert 'ticket' not in answer.text


def test_the_cookie_of_a_signed_in_page_is_enough(console: ConsoleServer) -> None:
    with httpx.Client(base_url=console.url, trust_env=False) as browser:
        asked = {'url': f'{console.url}/sidebar'}
        assert browser.get(CONFIG, params=asked).status_code == 401
        browser.post('/login', data={'username': ADMIN['ADMIN_USERNAME'], 'password': ADMIN['ADMIN_PASSWORD']})
        assert browser.get(CONFIG, params=asked).status_code == 200
        browser.post('/logout')
        assert browser.get(CONFIG, params=asked).status_code == 401


@pytest.mark.parametrize('url', [None, '', 'https://evil.example/', '{ours}.evil.example/', '/sidebar'])
def test_a_foreign_page_is_not_signed(console: ConsoleServer, admin: Desk, url: str | None) -> None:
    query = {} if url is None else {'url': url.format(ours=console.url)}
    assert admin.get('/wechat/config', query, status=400)['field'] == 'url'


def test_a_hundred_pages_cost_one_ticket_of_each_kind(console: ConsoleServer, admin: Desk, wecom: Sandbox) -> None:
    admin.get('/wechat/config', {'url': console.url})
    asked = [len(wecom.calls(path)) for path in ('get_jsapi_ticket', 'ticket/get')]
    nonces = {admin.get('/wechat/config', {'url': f'{console.url}/{number}'})['nonceStr'] for number in range(100)}
    assert len(nonces) == 100
    assert [len(wecom.calls(path)) for path in ('get_jsapi_ticket', 'ticket/get')] == asked
