"""客户联系, the company's tags, and group robots."""

from typing import Any

import pytest

from console.sandbox import Sandbox
from tests.sandbox.conftest import Caller
from tests.sandbox.receiver import Receiver

PARENT = 'wmParent'
PAIR = {'userid': 'LiNa', 'external_userid': PARENT}


@pytest.fixture(autouse=True)
def parents(sandbox: Sandbox) -> None:
    sandbox.contacts.ensure(PARENT, '小明妈妈', unionid='union-1')
    sandbox.contacts.ensure('wmOther', '小红爸爸')
    sandbox.ensure_member('FarAway', '范围外', visible=False)


def get(caller: Caller, external_userid: str = PARENT) -> dict[str, Any]:
    return caller.get('externalcontact/get', external_userid=external_userid)


def test_a_contact_comes_by_a_code_and_is_welcomed_once(sandbox: Sandbox, caller: Caller, receiver: Receiver) -> None:
    way = caller.ask('externalcontact/add_contact_way', type=1, scene=2, user=['LiNa'], state='spring', remark='春招')
    assert way['qr_code'].startswith('https://')
    sandbox.contacts.add('LiNa', PARENT, config_id=way['config_id'])
    (event,) = receiver.messages()
    assert {name: event[name] for name in ('FromUserName', 'Event', 'ChangeType', 'UserID', 'State')} == {
        'FromUserName': 'sys',
        'Event': 'change_external_contact',
        'ChangeType': 'add_external_contact',
        'UserID': 'LiNa',
        'State': 'spring',
    }
    welcome = {'welcome_code': event['WelcomeCode'], 'text': {'content': '欢迎'}}
    assert caller.ask('externalcontact/send_welcome_msg', **welcome)['errcode'] == 0
    assert caller.ask('externalcontact/send_welcome_msg', **welcome)['errcode'] == 41051
    assert sandbox.contacts.welcomes('LiNa', PARENT) == ['欢迎']
    sandbox.contacts.add('LiNa', 'wmOther')
    sandbox.clock.advance(20)
    late = receiver.messages()[-1]['WelcomeCode']
    assert caller.ask('externalcontact/send_welcome_msg', welcome_code=late, text={'content': '迟'})['errcode'] == 41050
    assert caller.ask('externalcontact/get_contact_way', config_id=way['config_id'])['contact_way']['remark'] == '春招'
    assert caller.ask('externalcontact/del_contact_way', config_id=way['config_id'])['errcode'] == 0
    assert caller.ask('externalcontact/get_contact_way', config_id=way['config_id'])['errcode'] == 40058


def test_who_has_whom_in_pages(sandbox: Sandbox, caller: Caller) -> None:
    assert caller.get('externalcontact/get_follow_user_list')['follow_user'] == ['LiNa']
    assert caller.get('externalcontact/list', userid='LiNa')['errcode'] == 84061
    sandbox.contacts.add('LiNa', PARENT, state='poster')
    sandbox.contacts.add('LiNa', 'wmOther')
    assert caller.get('externalcontact/list', userid='lina')['external_userid'] == [PARENT, 'wmOther']
    first = caller.ask('externalcontact/batch/get_by_user', userid_list=['LiNa'], limit=1)
    rest = caller.ask('externalcontact/batch/get_by_user', userid_list=['LiNa'], cursor=first['next_cursor'])
    (one,) = first['external_contact_list']
    assert (one['external_contact']['name'], one['follow_info']['state']) == ('小明妈妈', 'poster')
    assert [one['external_contact']['name'] for one in rest['external_contact_list']] == ['小红爸爸']
    assert rest['next_cursor'] == ''


def test_a_remark_is_kept_and_what_the_member_notes_calls_back(
    sandbox: Sandbox, caller: Caller, receiver: Receiver
) -> None:
    sandbox.contacts.add('LiNa', PARENT)
    sent = caller.ask('externalcontact/remark', **PAIR, remark='小明妈妈 三年级', remark_mobiles=['13900000000'])
    assert sent['errcode'] == 0
    assert caller.ask('externalcontact/remark', **PAIR, remark='字' * 21)['errcode'] == 40058
    assert len(receiver.pushed) == 1, 'what the API changes calls nobody back'
    sandbox.contacts.edit('LiNa', PARENT, description='喜欢画画')
    assert receiver.messages()[-1]['ChangeType'] == 'edit_external_contact'
    (follow,) = get(caller)['follow_user']
    assert (follow['remark'], follow['description'], follow['remark_mobiles']) == (
        '小明妈妈 三年级',
        '喜欢画画',
        ['13900000000'],
    )


def test_those_who_part_are_strangers_again(sandbox: Sandbox, caller: Caller, receiver: Receiver) -> None:
    sandbox.contacts.add('FarAway', PARENT)
    assert get(caller)['errcode'] == 40096, 'its member is outside the visible range'
    sandbox.contacts.member_deletes('FarAway', PARENT)
    sandbox.contacts.add('LiNa', PARENT)
    sandbox.contacts.contact_deletes('LiNa', PARENT)
    assert [event['ChangeType'] for event in receiver.messages()] == [
        'add_external_contact',
        'del_external_contact',
        'add_external_contact',
        'del_follow_user',
    ]
    assert get(caller)['errcode'] == 84061
    assert caller.ask('externalcontact/remark', **PAIR, remark='x')['errcode'] == 84061
    assert get(caller, 'wmNobody')['errcode'] == 40096


def test_tags_are_made_marked_and_deleted_by_whom_they_belong_to(
    sandbox: Sandbox, caller: Caller, receiver: Receiver
) -> None:
    theirs = sandbox.contacts.add_tag('年级', '三年级')
    assert (receiver.messages()[-1]['Event'], receiver.messages()[-1]['Id']) == ('change_external_tag', theirs)
    made = caller.ask('externalcontact/add_corp_tag', group_name='意向', tag=[{'name': '高'}, {'name': '低'}])
    high, low = (tag['id'] for tag in made['tag_group']['tag'])
    again = caller.ask('externalcontact/add_corp_tag', group_name='意向', tag=[{'name': '高'}])
    assert again['errcode'] == 40071
    sandbox.contacts.add('LiNa', PARENT)
    assert caller.ask('externalcontact/mark_tag', **PAIR, add_tag=[theirs, high])['errcode'] == 0
    assert caller.ask('externalcontact/mark_tag', **PAIR, add_tag=['etNone'])['errcode'] == 40068
    assert caller.ask('externalcontact/mark_tag', **PAIR, add_tag=[low], remove_tag=[high])['errcode'] == 0
    tags = get(caller)['follow_user'][0]['tags']
    assert [(tag['group_name'], tag['tag_name']) for tag in tags] == [('年级', '三年级'), ('意向', '低')]
    assert caller.ask('externalcontact/edit_corp_tag', id=theirs, name='四年级')['errcode'] == 48002
    assert caller.ask('externalcontact/edit_corp_tag', id=low, name='一般')['errcode'] == 0
    assert caller.ask('externalcontact/del_corp_tag', tag_id=[low])['errcode'] == 0
    assert [tag['tag_name'] for tag in get(caller)['follow_user'][0]['tags']] == ['三年级']
    listed = caller.ask('externalcontact/get_corp_tag_list')['tag_group']
    assert [(group['group_name'], [tag['name'] for tag in group['tag']]) for group in listed] == [
        ('年级', ['三年级']),
        ('意向', ['高']),
    ]
    sandbox.contacts.rename_tag(theirs, '四年级')
    sandbox.contacts.delete_tag(theirs)
    assert [event['ChangeType'] for event in receiver.messages()[-2:]] == ['update', 'delete']
    assert get(caller)['follow_user'][0]['tags'] == []


def test_without_the_right_nothing_is_told(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.admin.grant_right('contact', False)
    assert caller.get('externalcontact/get_follow_user_list')['errcode'] == 48002


def test_a_group_robot_takes_twenty_posts_a_minute(sandbox: Sandbox, caller: Caller) -> None:
    key = sandbox.robots.add()

    def post(content: str, at: str = key) -> int:
        message = {'msgtype': 'text', 'text': {'content': content}}
        return int(caller.http.post('webhook/send', params={'key': at}, json=message).json()['errcode'])

    assert [post(f'告警 {number}') for number in range(21)] == [0] * 20 + [45009]
    assert len(sandbox.robots.posts(key)) == 20
    sandbox.clock.advance(60)
    assert post('好' * 683) == 40058
    assert post('告警', at='wrong') == 93000
    sandbox.robots.remove(key)
    assert post('告警') == 93000
