"""Signing in through WeCom: out, a click on who one is, and back."""

import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from sqlalchemy import select, update

from console import staff, wecom_sign_in
from console.database import Database
from console.errors import TooMany
from console.sandbox import Sandbox
from console.wecom.client import OAuthUser
from console.wecom_sign_in import CodeSpent, NoEntry, NotBegunHere, Visitors
from models import OAuthState, Role, utc_now
from tests.desk import Desk, eventually
from tests.server import ConsoleServer

LOGIN, BACK = '/api/v1/wechat/login', '/api/v1/wechat/oauth'
SESSION, VISITOR = 'edudesk_session', 'edudesk_visitor'
PHONE = 'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile MicroMessenger/7.0.1 wxwork/4.1.36'


class Browser:
    """One browser of one person. `goes_out` starts; `comes_back` clicks on a member and returns."""

    def __init__(self, server: ConsoleServer, *, agent: str = 'Mozilla/5.0', address: str | None = None) -> None:
        address = address or f'2001:db8::{secrets.randbelow(65536):x}:{secrets.randbelow(65536):x}'
        headers = {'User-Agent': agent, 'X-Forwarded-For': address}
        self.http = httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=20)

    def goes_out(self, next_page: str = '/') -> httpx.Response:
        return self.http.get(LOGIN, params={'next': next_page})

    def back_from(self, out: httpx.Response, userid: str) -> str:
        """The address WeCom sends this member to."""
        page = urlsplit(out.headers['location'])
        query = {name: values[0] for name, values in parse_qs(page.query).items()} | {'member': userid}
        answer = httpx.get(f'{page.scheme}://{page.netloc}{page.path}', params=query, trust_env=False)
        assert answer.status_code == 302, answer.text
        return answer.headers['location']

    def comes_back(self, userid: str, next_page: str = '/') -> httpx.Response:
        return self.http.get(self.back_from(self.goes_out(next_page), userid))

    def is_in(self) -> bool:
        return self.http.get('/').status_code == 200


@pytest.fixture
def browser(console: ConsoleServer) -> Iterator[Browser]:
    made = Browser(console)
    yield made
    made.http.close()


@pytest.fixture
def colleague(admin: Desk, wecom: Sandbox) -> dict[str, Any]:
    """Somebody who works here and has no password."""
    return hired(admin, wecom)


def hired(admin: Desk, wecom: Sandbox, *, userid: str | None = None) -> dict[str, Any]:
    userid = userid or f'Li.{secrets.token_hex(4)}'
    wecom.ensure_member(userid, '李明')
    return admin.post(
        '/staff', status=201, username=f'c{secrets.token_hex(6)}', name='李明', role='supervisor', wecom_userid=userid
    )


def test_a_member_comes_in_and_lands_where_they_wanted_to_go(browser: Browser, colleague: dict[str, Any]) -> None:
    answer = browser.comes_back(colleague['wecom_userid'], '/review?draft=3')
    assert (answer.status_code, answer.headers['location']) == (303, '/review?draft=3')
    cookie = next(one for one in answer.headers.get_list('set-cookie') if one.startswith(SESSION)).lower()
    assert all(rule in cookie for rule in ('httponly', 'samesite=lax', 'path=/', 'max-age=43200'))
    assert answer.headers['cache-control'] == 'no-store'
    assert browser.is_in()


def test_inside_wecom_it_goes_straight_on_and_elsewhere_to_the_qr_code(
    console: ConsoleServer, wecom: Sandbox, browser: Browser
) -> None:
    given = wecom.credentials
    both = {
        'appid': [given.corp_id],
        'agentid': [str(given.agent_id)],
        'redirect_uri': [f'{console.url}{BACK}'],
    }
    phone = Browser(console, agent=PHONE)
    inside, outside = (urlsplit(one.goes_out().headers['location']) for one in (phone, browser))
    phone.http.close()
    assert (inside.path, inside.fragment) == ('/connect/oauth2/authorize', 'wechat_redirect')
    asked = parse_qs(inside.query)
    assert asked.pop('state')[0].isalnum()
    assert asked == both | {'response_type': ['code'], 'scope': ['snsapi_base']}
    assert outside.path == '/wwlogin/sso/login'
    asked = parse_qs(outside.query)
    assert len(asked.pop('state')[0]) == 32
    assert asked == both | {'login_type': ['CorpApp']}


def test_a_userid_is_the_same_in_any_case(
    browser: Browser, colleague: dict[str, Any], admin: Desk, wecom: Sandbox
) -> None:
    userid = colleague['wecom_userid']
    admin.call('PATCH', f'/staff/{colleague["id"]}', json={'wecom_userid': userid.upper()})
    assert browser.comes_back(userid).status_code == 303


@pytest.mark.parametrize('asked', ['//evil.example', '/\\evil.example', 'https://evil.example', '/login', BACK])
def test_it_leads_only_to_pages_of_our_own(browser: Browser, colleague: dict[str, Any], asked: str) -> None:
    assert browser.comes_back(colleague['wecom_userid'], asked).headers['location'] == '/'


def test_the_session_before_ends_and_the_visitor_is_forgotten(
    console: ConsoleServer, browser: Browser, colleague: dict[str, Any]
) -> None:
    browser.comes_back(colleague['wecom_userid'])
    first = browser.http.cookies[SESSION]
    assert VISITOR not in browser.http.cookies
    browser.comes_back(colleague['wecom_userid'])
    assert browser.http.cookies[SESSION] != first
    thief = Browser(console)
    thief.http.cookies.set(SESSION, first)
    assert not thief.is_in()
    thief.http.close()


@pytest.mark.parametrize('state', ['', '0' * 32, 'x' * 32, '\x00', 'a' * 5000])
def test_a_state_that_is_not_ours_is_refused(browser: Browser, state: str) -> None:
    browser.goes_out()
    answer = browser.http.get(BACK, params={'code': 'any', 'state': state})
    assert answer.status_code == 403
    assert '重新登录' in answer.text


def test_a_state_of_another_browser_is_refused_and_stays_good_in_its_own(
    console: ConsoleServer, browser: Browser, colleague: dict[str, Any]
) -> None:
    back = browser.back_from(browser.goes_out(), colleague['wecom_userid'])
    for cookie in (None, 'made-up', f'{"0" * 32}.{"0" * 64}', 'other'):
        victim = Browser(console)
        if cookie == 'other':
            victim.goes_out()
        elif cookie:
            victim.http.cookies.set(VISITOR, cookie)
        assert victim.http.get(back).status_code == 403
        assert not victim.is_in()
        victim.http.close()
    assert browser.http.get(back).status_code == 303


def test_a_second_arrival_is_refused_here_and_not_only_by_wecom(
    wecom: Sandbox, browser: Browser, colleague: dict[str, Any]
) -> None:
    back = browser.back_from(browser.goes_out(), colleague['wecom_userid'])
    assert browser.http.get(back).status_code == 303
    asked = len(wecom.calls('auth/getuserinfo'))

    assert browser.http.get(back).status_code == 403
    code = parse_qs(urlsplit(back).query)['code'][0]
    state = parse_qs(urlsplit(browser.goes_out().headers['location']).query)['state'][0]
    answer = browser.http.get(BACK, params={'code': code, 'state': state})

    assert answer.status_code == 403
    assert '已经用过' in answer.text
    assert len(wecom.calls('auth/getuserinfo')) == asked


def test_the_code_is_left_neither_in_the_address_nor_in_the_log(
    console: ConsoleServer, browser: Browser, colleague: dict[str, Any], wecom: Sandbox
) -> None:
    codes = []
    wecom.ensure_member('stranger', '路人', outsider=True)
    for userid in (colleague['wecom_userid'], 'stranger'):
        back = browser.back_from(browser.goes_out(), userid)
        codes.append(parse_qs(urlsplit(back).query)['code'][0])
        answer = browser.http.get(back)
        assert codes[-1] not in answer.headers.get('location', '') + answer.text
    assert 'history.replaceState' in answer.text
    assert not [code for code in codes if code in console.log()]


def test_an_outsider_is_told_that_this_is_not_for_parents(browser: Browser, wecom: Sandbox) -> None:
    wecom.ensure_member('mother', '王女士', outsider=True)
    refused_page(browser, 'mother', '不是本机构企业微信的成员')


def test_a_member_who_does_not_work_here_learns_what_to_tell_the_administrator(
    browser: Browser, wecom: Sandbox
) -> None:
    wecom.ensure_member('guest', '<b>访客</b>')
    refused_page(browser, 'guest', '“guest”还没有对应的员工账号')


def test_a_closed_account_stays_closed(browser: Browser, colleague: dict[str, Any], admin: Desk) -> None:
    admin.call('PATCH', f'/staff/{colleague["id"]}', json={'active': False})
    refused_page(browser, colleague['wecom_userid'], '已停用')


def test_a_code_that_wecom_refuses_is_explained(browser: Browser, colleague: dict[str, Any], wecom: Sandbox) -> None:
    wecom.fail_next(40029, path='auth/getuserinfo')
    refused_page(browser, colleague['wecom_userid'], '已经用过或已过期')


def test_without_wecom_the_password_is_offered(browser: Browser, colleague: dict[str, Any], wecom: Sandbox) -> None:
    wecom.fail_next(http_status=502, path='auth/getuserinfo')
    page = refused_page(browser, colleague['wecom_userid'], '暂时无法连接企业微信', status=503)
    assert 'href="/login?with=password&amp;next=%2Freview"' in page
    assert browser.http.get('/login?with=password&next=/review').status_code == 200


def test_a_wecom_that_hangs_holds_up_nobody_but_who_comes_in_through_it(
    console: ConsoleServer, colleague: dict[str, Any], wecom: Sandbox
) -> None:
    browsers = [Browser(console) for _ in range(44)]  # more than there are threads for the files of pages
    backs = [one.back_from(one.goes_out(), colleague['wecom_userid']) for one in browsers]
    wecom.hang_next(path='auth/getuserinfo', times=len(browsers))
    with ThreadPoolExecutor(len(browsers)) as threads:
        try:
            answers = [threads.submit(one.http.get, back) for one, back in zip(browsers, backs, strict=True)]
            eventually(lambda: len(wecom.waiting_faults()) <= len(browsers) - 4)
            for _ in range(20):  # while the others come in
                assert httpx.get(f'{console.url}/assets/css/console.css', trust_env=False, timeout=3).is_success
                time.sleep(0.1)
        finally:
            wecom.clear_faults()
        assert {answer.result().status_code for answer in answers} <= {303, 503}
    for one in browsers:
        one.http.close()


def test_without_a_code_nobody_comes_in(browser: Browser) -> None:
    state = parse_qs(urlsplit(browser.goes_out().headers['location']).query)['state'][0]
    assert browser.http.get(BACK, params={'state': state}).status_code == 403


def test_too_many_starts_from_one_address_are_refused_in_words(console: ConsoleServer) -> None:
    crowd = Browser(console, address='2001:db8::99')
    answers = [crowd.goes_out() for _ in range(61)]
    crowd.http.close()
    assert [answer.status_code for answer in answers] == [303] * 60 + [429]
    assert '太频繁' in answers[-1].text
    assert int(answers[-1].headers['retry-after']) > 0


def test_inside_wecom_nobody_is_asked_for_a_password_unless_they_left(
    console: ConsoleServer, colleague: dict[str, Any]
) -> None:
    phone = Browser(console, agent=PHONE)
    assert phone.http.get('/login', params={'next': '/review'}).headers['location'] == f'{LOGIN}?next=%2Freview'
    phone.comes_back(colleague['wecom_userid'])
    assert phone.http.post('/logout').headers['location'] == '/login?with=password'
    assert phone.http.get('/login?with=password').status_code == 200
    phone.http.close()


def test_the_sign_in_page_leads_to_wecom(browser: Browser) -> None:
    page = browser.http.get('/login', params={'next': '/review?a=1&b=2'}).text
    assert f'href="{LOGIN}?{urlencode({"next": "/review?a=1&b=2"})}"' in page


def test_this_machine_by_another_name_is_asked_back_to_the_public_one(console: ConsoleServer) -> None:
    answer = httpx.get(
        f'{console.url}{LOGIN}?next=/review', headers={'Host': f'localhost:{console.port}'}, trust_env=False
    )
    assert answer.headers['location'] == f'{console.url}{LOGIN}?next=%2Freview&renamed=1'
    stubborn = httpx.get(
        f'{console.url}{LOGIN}?renamed=1', headers={'Host': f'localhost:{console.port}'}, trust_env=False
    )
    assert '/wwlogin/sso/login' in stubborn.headers['location']
    proxied = httpx.get(f'{console.url}{LOGIN}', headers={'Host': 'upstream'}, trust_env=False)
    assert '/wwlogin/sso/login' in proxied.headers['location']


@pytest.mark.parametrize('host', ['[::1', '[', 'a:b:c', 'localhost:x', ''])
def test_a_host_that_is_none_disturbs_nobody(console: ConsoleServer, host: str) -> None:
    for path, status in ((LOGIN, 303), ('/login', 200), (BACK, 403)):
        answer = httpx.get(f'{console.url}{path}', headers={'Host': host}, trust_env=False)
        assert answer.status_code == status, path


def test_in_the_demonstration_one_may_come_in_as_a_colleague(demo: ConsoleServer) -> None:
    browser = Browser(demo)
    assert browser.comes_back('LinZhuGuan').status_code == 303
    assert '林主管' in browser.http.get('/').text
    browser.http.close()


# What WeCom's answers mean, without a server.


@pytest.mark.parametrize(
    ('user', 'reason'),
    [
        (OAuthUser(userid=None, openid='oX', external_userid=None), 'outsider'),
        (OAuthUser(userid=None, openid='oX', external_userid='wmX'), 'outsider'),
        (OAuthUser(userid='ww2/LiMing', openid=None, external_userid=None), 'linked'),
        (OAuthUser(userid='nobody', openid=None, external_userid=None), 'unknown'),
        (OAuthUser(userid='%', openid=None, external_userid=None), 'unknown'),
    ],
)
def test_who_may_not_come_in_is_told_why(db: Database, user: OAuthUser, reason: str) -> None:
    db.transact(staff.create, username='li', name='李', role=Role.AGENT, password_hash=None, by=None, wecom_userid='Li')
    with pytest.raises(NoEntry) as refused:
        db.transact(wecom_sign_in.member_for, user)
    assert refused.value.reason == reason


def test_a_state_is_good_for_ten_minutes_and_kept_no_longer(db: Database) -> None:
    state = begun(db)
    db.transact(lambda session: session.execute(update(OAuthState).values(expires_at=utc_now() - timedelta(seconds=1))))
    with pytest.raises(NotBegunHere):
        redeemed(db, state)
    begun(db)
    assert len(db.read(lambda session: session.scalars(select(OAuthState)).all())) == 1


def test_neither_state_nor_visitor_nor_code_is_kept_as_it_is(db: Database) -> None:
    state = begun(db)
    redeemed(db, state, code='the code')
    second = begun(db)
    rows = db.read(lambda session: session.scalars(select(OAuthState)).all())
    told = ' '.join(f'{row.state_hash} {row.browser_hash}' for row in rows)
    assert not [word for word in (state, second, 'visitor', 'the code') if word in told]


def test_a_state_that_met_a_spent_code_is_spent_too(db: Database) -> None:
    assert not redeemed(db, begun(db), code='one').spent
    state = begun(db)
    assert redeemed(db, state, code='one').spent
    with pytest.raises(NotBegunHere):
        redeemed(db, state, code='two')


def test_a_used_code_is_no_state(db: Database) -> None:
    redeemed(db, begun(db), code='a' * 32)
    with pytest.raises(NotBegunHere):
        db.transact(wecom_sign_in.redeem, state='a' * 32, code='x', visitor='')


def test_one_crowded_address_does_not_close_another(db: Database) -> None:
    for _ in range(60):
        begun(db)
    with pytest.raises(TooMany):
        begun(db)
    begun(db, address='10.0.0.2')


def test_only_our_own_visitors_are_known() -> None:
    ours, others = Visitors('a key'), Visitors('another key')
    cookie = ours.new()
    assert ours.name_in(cookie)
    for made_up in ('', '.', 'x', others.new(), cookie[:-1], cookie + '0', cookie.replace('.', '..'), '一.二'):
        assert ours.name_in(made_up) is None


def refused_page(browser: Browser, userid: str, words: str, *, status: int = CodeSpent.http_status) -> str:
    answer = browser.comes_back(userid, '/review')
    assert answer.status_code == status, answer.text
    assert answer.headers['content-type'] == 'text/html; charset=utf-8'
    assert words in answer.text
    assert f'href="{LOGIN}?next=%2Freview"' in answer.text
    assert SESSION not in browser.http.cookies
    return answer.text


def begun(db: Database, *, address: str = '10.0.0.1') -> str:
    return db.transact(wecom_sign_in.begin, next_path='/', visitor='visitor', address=address)


def redeemed(db: Database, state: str, *, code: str = 'code') -> wecom_sign_in.Begun:
    return db.transact(wecom_sign_in.redeem, state=state, code=code, visitor='visitor')
