"""Signing in and signing pages: codes, members and tickets."""

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

from console.sandbox import Sandbox
from tests.sandbox.conftest import Caller
from tests.sandbox.receiver import CREDENTIALS

HOME = 'http://127.0.0.1:5000/oauth/callback?next=%2Freview'


def authorize(**changed: str) -> dict[str, str]:
    return {
        'appid': CREDENTIALS.corp_id,
        'redirect_uri': HOME,
        'response_type': 'code',
        'scope': 'snsapi_base',
        'state': 'abc123',
        'agentid': '1000002',
    } | changed


def scan(**changed: str) -> dict[str, str]:
    return {
        'login_type': 'CorpApp',
        'appid': CREDENTIALS.corp_id,
        'agentid': '1000002',
        'redirect_uri': HOME,
        'state': 'abc123',
    } | changed


def code_for(sandbox: Sandbox, userid: str) -> str:
    answer = httpx.get(sandbox.oauth_base_url, params=authorize(member=userid), trust_env=False)
    return parse_qs(urlsplit(answer.headers['location']).query)['code'][0]


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == 'a' and name == 'href' and value]


@pytest.mark.parametrize('way', ['oauth', 'login'])
def test_one_clicks_a_member_and_is_sent_back_with_code_and_state(sandbox: Sandbox, caller: Caller, way: str) -> None:
    address, query = (sandbox.oauth_base_url, authorize()) if way == 'oauth' else (sandbox.login_base_url, scan())
    sandbox.ensure_member('evil', '<script>alert(1)</script>')
    page = httpx.get(address, params=query, trust_env=False)
    assert '李娜' in page.text
    assert '<script>' not in page.text
    back = httpx.get(urljoin(address, Links(page.text).found[0]), trust_env=False)
    target = urlsplit(back.headers['location'])
    answer = parse_qs(target.query)
    assert (back.status_code, target.netloc, target.path) == (302, '127.0.0.1:5000', '/oauth/callback')
    assert (answer['next'], answer['state']) == (['/review'], ['abc123'])
    assert caller.get('auth/getuserinfo', code=answer['code'][0])['userid'] == 'LiNa'


def test_a_code_is_good_once_and_for_five_minutes(sandbox: Sandbox, caller: Caller) -> None:
    used, old = code_for(sandbox, 'LiNa'), code_for(sandbox, 'LiNa')
    assert caller.get('auth/getuserinfo', code=used)['errcode'] == 0
    assert caller.get('auth/getuserinfo', code=used)['errcode'] == 40029
    sandbox.clock.advance(301)
    assert caller.get('auth/getuserinfo', code=old)['errcode'] == 40029
    assert caller.get('auth/getuserinfo', code='made-up')['errcode'] == 40029


def test_an_outsider_is_no_member(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.ensure_member('wmOutsider', '外部家长', outsider=True)
    answer = caller.get('auth/getuserinfo', code=code_for(sandbox, 'wmOutsider'))
    assert 'userid' not in answer
    assert answer['external_userid'] == 'wmOutsider'
    assert answer['openid'].startswith('o')
    assert caller.get('user/get', userid='wmOutsider')['errcode'] == 60111


def test_the_old_call_spells_it_with_capitals(sandbox: Sandbox, caller: Caller) -> None:
    assert caller.get('user/getuserinfo', code=code_for(sandbox, 'LiNa'))['UserId'] == 'LiNa'


@pytest.mark.parametrize(
    'changed',
    [
        {'appid': 'ww0'},
        {'redirect_uri': 'https://evil.example/oauth'},
        {'redirect_uri': 'http://127.0.0.1@evil.example/'},
        {'redirect_uri': 'javascript://127.0.0.1/%0aalert(1)'},
        {'redirect_uri': 'http://[oops'},
        {'response_type': 'token'},
        {'scope': 'everything'},
        {'state': 'a' * 129},
        {'state': 'a-b'},
        {'member': 'nobody'},
    ],
)
def test_a_wrong_address_gets_a_page_that_says_so(sandbox: Sandbox, changed: dict[str, str]) -> None:
    answer = httpx.get(sandbox.oauth_base_url, params=authorize(**changed), trust_env=False)
    assert (answer.status_code, '无法登录' in answer.text) == (400, True)


def test_the_trusted_domain_counts_with_its_port(sandbox: Sandbox) -> None:
    sandbox.set_trusted_domain('edu.example.com:8443')
    outcomes = [
        httpx.get(sandbox.oauth_base_url, params=authorize(redirect_uri=uri), trust_env=False).status_code
        for uri in ('https://edu.example.com:8443/oauth', 'https://edu.example.com/oauth', HOME)
    ]
    assert outcomes == [200, 400, 400]


def test_a_member_is_found_by_userid(sandbox: Sandbox, caller: Caller) -> None:
    member = caller.get('user/get', userid='lina')
    assert (member['errcode'], member['userid'], member['name']) == (0, 'LiNa', '李娜')
    assert caller.get('user/get', userid='nobody')['errcode'] == 60111


def test_the_two_tickets_differ_and_are_rationed(sandbox: Sandbox, caller: Caller) -> None:
    corp = caller.get('get_jsapi_ticket')
    agent = [caller.get('ticket/get', type='agent_config') for _ in range(101)]
    assert corp['ticket'] != agent[0]['ticket'] == agent[99]['ticket']
    assert (agent[99]['errcode'], agent[100]['errcode']) == (0, 45009)
    sandbox.admin.ask_tickets_elsewhere('corp', 399)
    assert caller.get('get_jsapi_ticket')['errcode'] == 45009
    sandbox.clock.advance(3601)
    assert caller.get('ticket/get', type='agent_config')['errcode'] == 0
    assert caller.get('get_jsapi_ticket')['errcode'] == 0
    sandbox.clock.advance(3601)
    caller.renew()
    assert caller.get('ticket/get', type='agent_config')['ticket'] != agent[0]['ticket']


def test_a_signature_counts_for_its_page_and_kind_of_ticket(sandbox: Sandbox, caller: Caller) -> None:
    url = 'https://edu.example.com/wechat/sidebar?entry=kf'
    tickets = {
        'corp': caller.get('get_jsapi_ticket')['ticket'],
        'agent_config': caller.get('ticket/get', type='agent_config')['ticket'],
    }

    def verdict(signed_with: str, signed_url: str, at: str = url) -> str:
        plain = f'jsapi_ticket={tickets[signed_with]}&noncestr=n&timestamp=1700000000&url={signed_url}'
        signature = hashlib.sha1(plain.encode()).hexdigest()
        return sandbox.admin.verify_js('agent_config', url=at, nonce='n', timestamp=1700000000, signature=signature).why

    assert verdict('agent_config', url) == 'invalid url domain'
    sandbox.set_trusted_domain('edu.example.com')
    assert verdict('agent_config', url) == 'ok'
    assert verdict('agent_config', url.partition('?')[0]) == 'invalid signature'
    assert '42012' in verdict('corp', url)


def test_a_code_belongs_to_its_app_and_a_stranger_to_nobody(sandbox: Sandbox, caller: Caller) -> None:
    def who(userid: str, **manner: Any) -> dict[str, Any]:
        return caller.get('auth/getuserinfo', code=sandbox.admin.sign_in_code(userid, **manner))

    assert who('LiNa', agent_id=1000099)['errcode'] == 40029
    assert set(who('passer-by')) == {'errcode', 'errmsg', 'openid'}
    assert who('wwlinkedcompany1/ZhouJie')['userid'] == 'wwlinkedcompany1/ZhouJie'
    page = httpx.get(sandbox.oauth_base_url, params=authorize(), trust_env=False).text
    assert '陌生人' in page
    assert '互联企业成员' in page
    ticket = who('LiNa', private=True)['user_ticket']
    assert caller.ask('auth/getuserdetail', user_ticket=ticket)['userid'] == 'LiNa'


def test_an_untrusted_address_is_told_so_and_a_busy_call_is_blocked(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.admin.trust_ips(['203.0.113.7'])
    refused = caller.text('LiNa', '您好')
    assert (refused['errcode'], 'from ip: 127.0.0.1' in refused['errmsg']) == (60020, True)
    assert caller.gettoken()['errcode'] == 0
    sandbox.admin.trust_ips(None)
    assert caller.get('getcallbackip')['ip_list'] == caller.get('get_api_domain_ip')['ip_list'] == ['127.0.0.1']
    sandbox.admin.limit_calls('user/get', 2)
    assert [caller.get('user/get', userid='LiNa')['errcode'] for _ in range(3)] == [0, 0, 45009]
    sandbox.clock.advance(60)
    assert caller.get('user/get', userid='LiNa')['errcode'] == 0
    sandbox.admin.grant_right('kf', False)
    assert caller.ask('kf/account/list')['errcode'] == 48002


def test_answers_are_dated_by_the_sandboxs_clock(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.clock.advance(86400)
    answer = caller.http.get('gettoken')
    assert parsedate_to_datetime(answer.headers['date']) - datetime.now(UTC) > timedelta(hours=23)
