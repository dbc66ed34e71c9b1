"""微信客服: the log, the sessions, and when the app may write."""

from typing import Any

import httpx
import pytest

from console.sandbox import Sandbox
from tests.sandbox.conftest import Caller
from tests.sandbox.receiver import Receiver

ACCOUNT, PARENT = 'wkAdmissions', 'wmParent'


@pytest.fixture(autouse=True)
def desk(sandbox: Sandbox) -> None:
    sandbox.kf.add_account('招生咨询', open_kfid=ACCOUNT)
    sandbox.kf.customer(PARENT, '小明妈妈', unionid='union-1')
    sandbox.servicers.add(ACCOUNT, 'LiNa')


def sync(caller: Caller, **more: Any) -> dict[str, Any]:
    return caller.ask('kf/sync_msg', open_kfid=ACCOUNT, **more)


def send(caller: Caller, text: str = '您好', **more: Any) -> dict[str, Any]:
    message = {'touser': PARENT, 'open_kfid': ACCOUNT, 'msgtype': 'text', 'text': {'content': text}}
    return caller.ask('kf/send_msg', **(message | more))


def move(caller: Caller, state: int, **more: Any) -> dict[str, Any]:
    chat = {'open_kfid': ACCOUNT, 'external_userid': PARENT}
    return caller.ask('kf/service_state/trans', **chat, service_state=state, **more)


def phone(sandbox: Sandbox) -> list[str]:
    return [line.text for line in sandbox.kf.phone(ACCOUNT, PARENT) if line.direction == 'in']


def test_a_doorbell_brings_a_token_and_the_log_the_message(
    sandbox: Sandbox, caller: Caller, receiver: Receiver
) -> None:
    moment = sandbox.kf.customer_says(ACCOUNT, PARENT, '学费多少？')
    (bell,) = receiver.messages()
    assert (bell['Event'], bell['OpenKfId'], 'FromUserName' in bell) == ('kf_msg_or_event', ACCOUNT, False)
    page = sync(caller, token=bell['Token'])
    assert page['has_more'] == 0
    (item,) = page['msg_list']
    assert item == {
        'msgid': moment.msgid,
        'open_kfid': ACCOUNT,
        'external_userid': PARENT,
        'send_time': item['send_time'],
        'origin': 3,
        'msgtype': 'text',
        'text': {'content': '学费多少？'},
    }
    assert sync(caller, cursor=page['next_cursor'])['msg_list'] == []


def test_a_burst_comes_in_pages_of_which_some_are_empty(sandbox: Sandbox, caller: Caller, receiver: Receiver) -> None:
    sandbox.kf.burst(ACCOUNT, PARENT, 5)
    assert len(receiver.pushed) == 5
    sandbox.kf.empty_pages(1)
    pages = [sync(caller, limit=2)]
    while pages[-1]['has_more']:
        pages.append(sync(caller, limit=2, cursor=pages[-1]['next_cursor']))
    assert [len(page['msg_list']) for page in pages] == [0, 2, 2, 1]
    assert len({item['msgid'] for page in pages for item in page['msg_list']}) == 5


def test_a_token_ages_and_asking_without_one_is_rationed(sandbox: Sandbox, caller: Caller, receiver: Receiver) -> None:
    sandbox.kf.customer_says(ACCOUNT, PARENT, '在吗')
    token = receiver.messages()[0]['Token']
    assert sync(caller, token=token)['errcode'] == 0
    sandbox.clock.advance(601)
    assert sync(caller, token=token)['errcode'] == 95007
    sandbox.kf.limit_without_token(2)
    assert [sync(caller)['errcode'] for _ in range(3)] == [0, 0, 45009]
    sandbox.clock.advance(60)
    assert sync(caller)['errcode'] == 0
    assert sync(caller, cursor='made-up')['errcode'] == 40058


def test_the_log_reaches_back_three_days_and_a_lost_doorbell_loses_nothing(
    sandbox: Sandbox, caller: Caller, receiver: Receiver
) -> None:
    sandbox.kf.doorbells(False)
    sandbox.kf.customer_says(ACCOUNT, PARENT, '三天前')
    sandbox.clock.advance(3 * 86400 - 60)
    sandbox.kf.customer_says(ACCOUNT, PARENT, '现在')
    assert receiver.pushed == []
    caller.renew()
    assert [item['text']['content'] for item in sync(caller)['msg_list']] == ['三天前', '现在']
    sandbox.clock.advance(61)
    assert [item['text']['content'] for item in sync(caller)['msg_list']] == ['现在']


def test_five_answers_each_once_and_never_in_the_log(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.kf.customer_says(ACCOUNT, PARENT, '在吗')
    assert send(caller, msgid='d-1')['msgid'] == 'd-1'
    assert send(caller, msgid='d-1')['errcode'] == 95033
    assert send(caller, msgid='not/allowed')['errcode'] == 40058
    assert [send(caller, f'第{number}条')['errcode'] for number in range(2, 7)] == [0, 0, 0, 0, 95001]
    assert phone(sandbox) == ['您好', '第2条', '第3条', '第4条', '第5条']
    assert [item['origin'] for item in sync(caller)['msg_list']] == [3]
    sandbox.kf.customer_says(ACCOUNT, PARENT, '还有吗')
    assert send(caller)['errcode'] == 0


def test_what_keeps_the_app_from_writing(sandbox: Sandbox, caller: Caller) -> None:
    refused = {
        'malformed': send(caller, open_kfid='x')['errcode'],
        'unknown': send(caller, open_kfid='wkNobody')['errcode'],
        'never spoke': send(caller)['errcode'],
        'stranger': send(caller, touser='wmNobody')['errcode'],
    }
    assert refused == {'malformed': 60252, 'unknown': 95000, 'never spoke': 95002, 'stranger': 40096}
    sandbox.kf.customer_says(ACCOUNT, PARENT, '在吗')
    assert send(caller, '')['errcode'] == 44004
    assert send(caller, msgtype='poem')['errcode'] == 40008
    assert send(caller, msgtype='image', image={'media_id': 'gone'})['errcode'] == 40007
    sandbox.kf.set_state(ACCOUNT, PARENT, 2)
    assert send(caller)['errcode'] == 95018
    sandbox.kf.set_state(ACCOUNT, PARENT, 4)
    assert send(caller)['errcode'] == 95013
    sandbox.kf.grant(ACCOUNT, False)
    assert send(caller)['errcode'] == 48007
    sandbox.kf.grant(ACCOUNT, True)
    sandbox.clock.advance(48 * 3600)
    caller.renew()
    assert send(caller)['errcode'] == 95002


def test_a_long_text_is_cut_between_characters(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.kf.customer_says(ACCOUNT, PARENT, '在吗')
    send(caller, '好' * 700)
    assert phone(sandbox) == ['好' * 682]


def test_a_session_goes_to_a_servicer_and_back(sandbox: Sandbox, caller: Caller) -> None:
    chat = {'open_kfid': ACCOUNT, 'external_userid': PARENT}
    assert caller.ask('kf/service_state/get', **chat)['service_state'] == 4
    assert move(caller, 1)['errcode'] == 95016
    sandbox.kf.customer_says(ACCOUNT, PARENT, '找老师')
    assert move(caller, 1) == {'errcode': 0, 'errmsg': 'ok'}
    assert move(caller, 0)['errcode'] == 95016
    greeting = move(caller, 2)['msg_code']
    sandbox.servicers.takes(ACCOUNT, PARENT, 'LiNa')
    sandbox.servicers.says(ACCOUNT, PARENT, '我是李老师')
    assert caller.ask('kf/service_state/get', **chat)['servicer_userid'] == 'LiNa'
    assert send(caller)['errcode'] == 95018
    sandbox.servicers.ends(ACCOUNT, PARENT)
    items = sync(caller)['msg_list'][1:]
    changes = [item['event'] for item in items if item['msgtype'] == 'event']
    assert [change['change_type'] for change in changes] == [1, 3]
    assert [(item['servicer_userid'], item['text']['content']) for item in items if item['origin'] == 5] == [
        ('LiNa', '我是李老师')
    ]
    late = caller.ask('kf/send_msg_on_event', code=greeting, msgtype='text', text={'content': '排队中'})
    assert late['errcode'] == 95018
    goodbye = {'code': changes[1]['msg_code'], 'msgtype': 'text', 'text': {'content': '再见'}}
    assert caller.ask('kf/send_msg_on_event', **goodbye)['errcode'] == 0
    assert caller.ask('kf/send_msg_on_event', **goodbye)['errcode'] == 40058
    assert phone(sandbox) == ['我是李老师', '再见']


def test_only_who_takes_sessions_is_given_one(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.ensure_member('Outside', '范围外', visible=False)
    added = caller.ask('kf/servicer/add', open_kfid=ACCOUNT, userid_list=['lina', 'Outside', 'nobody'])
    assert added['result_list'][0]['errmsg'] == 'ignored'
    assert [one['errcode'] for one in added['result_list']] == [0, 60030, 40003]
    sandbox.kf.customer_says(ACCOUNT, PARENT, '找老师')
    assert move(caller, 3, servicer_userid='nobody')['errcode'] == 60253
    sandbox.servicers.status(ACCOUNT, 'LiNa', on=False, stop_type=1)
    assert caller.get('kf/servicer/list', open_kfid=ACCOUNT)['servicer_list'] == [
        {'userid': 'LiNa', 'status': 1, 'stop_type': 1}
    ]
    assert move(caller, 3, servicer_userid='LiNa')['errcode'] == 95019
    sandbox.servicers.status(ACCOUNT, 'LiNa', on=True)
    assert move(caller, 3, servicer_userid='LiNa')['errcode'] == 0


def test_a_welcome_fits_once_within_twenty_seconds(sandbox: Sandbox, caller: Caller) -> None:
    def enter() -> dict[str, Any]:
        sandbox.kf.customer_enters(ACCOUNT, PARENT, scene='poster', scene_param='spring')
        return dict(sync(caller)['msg_list'][-1]['event'])

    slow = enter()
    assert (slow['event_type'], slow['scene'], slow['scene_param']) == ('enter_session', 'poster', 'spring')
    sandbox.clock.advance(20)
    message = {'msgtype': 'text', 'text': {'content': '欢迎'}}
    assert caller.ask('kf/send_msg_on_event', code=slow['welcome_code'], **message)['errcode'] == 40058
    assert caller.ask('kf/send_msg_on_event', code=enter()['welcome_code'], **message)['errcode'] == 0
    assert 'welcome_code' not in enter()
    assert phone(sandbox) == ['欢迎']


def test_a_message_that_never_arrives_and_two_that_are_taken_back(sandbox: Sandbox, caller: Caller) -> None:
    said = sandbox.kf.customer_says(ACCOUNT, PARENT, '打错了')
    send(caller, msgid='d-1')
    sandbox.kf.fail_sent(ACCOUNT, 'd-1', 10)
    sandbox.kf.customer_recalls(ACCOUNT, said.msgid)
    failed, recalled = [item['event'] for item in sync(caller)['msg_list'][1:]]
    assert (failed['event_type'], failed['fail_msgid'], failed['fail_type']) == ('msg_send_fail', 'd-1', 10)
    assert (recalled['event_type'], recalled['recall_msgid']) == ('user_recall_msg', said.msgid)
    assert [(line.fail_type, line.recalled) for line in sandbox.kf.phone(ACCOUNT, PARENT)] == [
        (None, True),
        (10, False),
    ]


def test_customers_are_shown_for_two_days(sandbox: Sandbox, caller: Caller) -> None:
    asked = {'external_userid_list': [PARENT, 'wmNobody'], 'need_enter_session_context': 1}
    sandbox.kf.customer_enters(ACCOUNT, PARENT, scene='poster')
    sandbox.kf.customer_says(ACCOUNT, PARENT, '在吗')
    answer = caller.ask('kf/customer/batchget', **asked)
    (shown,) = answer['customer_list']
    assert (shown['nickname'], shown['unionid'], shown['enter_session_context']['scene']) == (
        '小明妈妈',
        'union-1',
        'poster',
    )
    assert answer['invalid_external_userid'] == ['wmNobody']
    sandbox.clock.advance(48 * 3600)
    caller.renew()
    assert caller.ask('kf/customer/batchget', **asked)['customer_list'] == []
    chat = {'open_kfid': ACCOUNT, 'external_userid': PARENT}
    assert caller.ask('kf/service_state/get', **chat)['service_state'] == 4, 'a session lasts 48 hours'


def test_accounts_are_listed_made_renamed_and_deleted(sandbox: Sandbox, caller: Caller) -> None:
    made = caller.ask('kf/account/add', name='教务')['open_kfid']
    assert caller.ask('kf/account/add', name='字' * 17)['errcode'] == 95006
    caller.ask('kf/account/update', open_kfid=made, name='教务处')
    listed = caller.ask('kf/account/list', offset=0, limit=100)['account_list']
    assert [(one['open_kfid'], one['name'], one['manage_privilege']) for one in listed] == [
        (ACCOUNT, '招生咨询', True),
        (made, '教务处', True),
    ]
    assert caller.ask('kf/add_contact_way', open_kfid=made, scene='poster')['url'].startswith('https://')
    assert caller.ask('kf/account/del', open_kfid=made)['errcode'] == 0
    assert caller.ask('kf/sync_msg', open_kfid=made)['errcode'] == 95004


def test_the_other_side_works_over_http_and_faults_hold_here_too(sandbox: Sandbox, caller: Caller) -> None:
    def control(path: str, /, **arguments: Any) -> httpx.Response:
        return httpx.post(f'{sandbox.base_url}/_sandbox/{path}', json=arguments, trust_env=False)

    moment = control('kf/customer_says', account=ACCOUNT, customer=PARENT, text='你好').json()['result']
    assert moment['doorbells'][0]['attempts'][0]['status'] == 200
    assert control('kf/phone', account=ACCOUNT, customer=PARENT).json()['result'][0]['msgid'] == moment['msgid']
    assert control('kf/customer_says', account='wkNo', customer=PARENT, text='你好').status_code == 400
    assert control('kf/customer_says', account=ACCOUNT, customer='wmNo', text='你好').status_code == 404
    assert control('kf/_written').status_code == 404
    control('fail_next', errcode=-1, path='kf/send_msg')
    assert [send(caller)['errcode'] for _ in range(2)] == [-1, 0]
