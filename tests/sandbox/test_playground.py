"""The page of a sandbox that runs alone."""

import re
from collections.abc import Iterator
from dataclasses import asdict

import httpx
import pytest

from console.sandbox import Sandbox, playground
from tests.sandbox.conftest import Caller
from tests.sandbox.receiver import CREDENTIALS, Receiver

ACCOUNT, PARENT = 'wkAdmissions', 'wmParent'


@pytest.fixture
def sandbox(receiver: Receiver) -> Iterator[Sandbox]:
    sandbox = Sandbox(':memory:', **asdict(CREDENTIALS), callback_url=receiver.url)
    sandbox.start(more_routes=playground.routes(sandbox))
    sandbox.ensure_member('LiNa', '李娜')
    sandbox.kf.add_account('招生咨询', open_kfid=ACCOUNT)
    sandbox.kf.customer(PARENT, '小明妈妈')
    yield sandbox
    sandbox.stop()


@pytest.fixture
def browser(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.base_url, trust_env=False, follow_redirects=True) as browser:
        yield browser


def play(browser: httpx.Client, act: str, **given: str) -> str:
    key = re.search('name="key" value="([^"]+)"', browser.get('/').text)
    assert key
    return browser.post('/play', data={'key': key[1], 'act': act, **given}).text


def test_what_a_customer_says_on_the_page_is_pulled_and_shown_escaped(
    browser: httpx.Client, caller: Caller, receiver: Receiver
) -> None:
    page = play(browser, 'customer_says', account=ACCOUNT, customer=PARENT, text='<b>学费</b>？')
    assert '回调得到的回答：200' in page
    assert '&lt;b&gt;学费&lt;/b&gt;？' in page
    token = receiver.messages()[0]['Token']
    item = caller.ask('kf/sync_msg', open_kfid=ACCOUNT, token=token)['msg_list'][0]
    assert item['text']['content'] == '<b>学费</b>？'
    text = {'msgtype': 'text', 'text': {'content': '您好'}}
    caller.ask('kf/send_msg', touser=PARENT, open_kfid=ACCOUNT, **text)
    assert '您好' in browser.get('/').text
    play(browser, 'servicer_takes', account=ACCOUNT, customer=PARENT, userid='LiNa')
    assert '人工接待' in play(browser, 'servicer_says', account=ACCOUNT, customer=PARENT, text='我来')
    assert '没有做成' in play(browser, 'say', userid='Nobody', text='在吗')


def test_a_card_is_pressed_on_the_page_until_its_buttons_are_off(
    browser: httpx.Client, caller: Caller, receiver: Receiver
) -> None:
    card = {
        'card_type': 'button_interaction',
        'main_title': {'title': '待审核'},
        'task_id': 'draft-1',
        'button_list': [{'text': '批准', 'key': 'approve'}],
    }
    caller.ask('message/send', touser='LiNa', msgtype='template_card', agentid=1000002, template_card=card)
    assert '批准</button>' in browser.get('/').text
    play(browser, 'press', userid='LiNa', task_id='draft-1', button='approve')
    code = receiver.messages()[0]['ResponseCode']
    off = {'userids': ['LiNa'], 'agentid': 1000002, 'response_code': code, 'button': {'replace_name': '已批准'}}
    caller.ask('message/update_template_card', **off)
    page = browser.get('/').text
    assert '已批准' in page
    assert '批准</button>' not in page


def test_a_form_from_elsewhere_does_nothing(browser: httpx.Client, sandbox: Sandbox) -> None:
    answer = browser.post('/play', data={'key': 'guessed', 'act': 'say', 'userid': 'LiNa', 'text': '在吗'})
    assert answer.status_code == 403
    assert sandbox.phone('LiNa') == []
