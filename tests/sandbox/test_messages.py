"""Messages to members beyond text: files, cards with buttons, and what is taken back."""

from typing import Any

import httpx
import pytest

from console.sandbox import Sandbox
from tests.sandbox.conftest import Caller
from tests.sandbox.receiver import CREDENTIALS, Receiver

PNG = b'\x89PNG\r\n\x1a\n' + bytes(20)
CARD = {
    'card_type': 'button_interaction',
    'main_title': {'title': '待审核', 'desc': '李女士'},
    'task_id': 'draft-1',
    'button_list': [{'text': '批准', 'key': 'approve'}, {'text': '驳回', 'key': 'reject', 'style': 2}],
}


def send(caller: Caller, kind: str, body: dict[str, Any], to: str = 'LiNa') -> dict[str, Any]:
    return caller.ask('message/send', touser=to, msgtype=kind, agentid=CREDENTIALS.agent_id, **{kind: body})


def update(caller: Caller, code: str, name: str, *userids: str) -> dict[str, Any]:
    return caller.ask(
        'message/update_template_card',
        userids=list(userids),
        agentid=CREDENTIALS.agent_id,
        response_code=code,
        button={'replace_name': name},
    )


def upload(caller: Caller, kind: str, name: str, content: bytes) -> dict[str, Any]:
    query = {'access_token': caller.token, 'type': kind}
    return dict(caller.http.post('media/upload', params=query, files={'media': (name, content)}).json())


def download(caller: Caller, media_id: str) -> httpx.Response:
    return caller.http.get('media/get', params={'access_token': caller.token, 'media_id': media_id})


def test_a_file_goes_up_and_comes_down_for_three_days(sandbox: Sandbox, caller: Caller) -> None:
    sent = upload(caller, 'image', '校园 图.png', PNG)
    assert (sent['type'], sent['created_at'].isdecimal()) == ('image', True)
    got = download(caller, sent['media_id'])
    assert (got.content, got.headers['content-type']) == (PNG, 'image/png')
    assert "filename*=UTF-8''%E6%A0%A1%E5%9B%AD%20%E5%9B%BE.png" in got.headers['content-disposition']
    assert send(caller, 'image', {'media_id': sent['media_id']})['errcode'] == 0
    assert send(caller, 'file', {'media_id': sent['media_id']})['errcode'] == 40007
    sandbox.clock.advance(3 * 86400)
    caller.renew()
    assert download(caller, sent['media_id']).json()['errcode'] == 40007
    assert send(caller, 'image', {'media_id': sent['media_id']})['errcode'] == 40007


@pytest.mark.parametrize(
    ('kind', 'content', 'errcode'),
    [
        ('image', b'GIF89a' + bytes(20), 40005),
        ('image', b'\xff\xd8\xff', 40006),
        ('voice', b'#!AMR\n' + bytes(2 * 1024 * 1024), 40009),
        ('poster', PNG, 40004),
    ],
)
def test_what_wecom_takes_no_file_of(caller: Caller, kind: str, content: bytes, errcode: int) -> None:
    assert upload(caller, kind, 'x', content)['errcode'] == errcode


def test_a_file_from_a_member_can_be_fetched(sandbox: Sandbox, caller: Caller, receiver: Receiver) -> None:
    sandbox.send_media('LiNa', 'file', fields={'FileName': '成绩单.pdf'}, file=b'%PDF-1.7 grades')
    assert download(caller, receiver.messages()[0]['MediaId']).content == b'%PDF-1.7 grades'


@pytest.mark.parametrize(
    ('kind', 'body', 'errcode'),
    [
        ('textcard', {'title': '提醒', 'description': '有新草稿', 'url': 'https://edu.example.com/'}, 0),
        ('textcard', {'title': '提醒', 'description': '有新草稿'}, 40058),
        ('news', {'articles': [{'title': '开放日', 'url': 'https://edu.example.com/'}]}, 0),
        ('news', {'articles': []}, 40058),
        ('markdown', {'content': '**好**'}, 0),
        ('template_card', {**CARD, 'button_list': []}, 40058),
        ('template_card', {**CARD, 'task_id': 'not allowed'}, 40058),
    ],
)
def test_each_kind_needs_its_fields(caller: Caller, kind: str, body: dict[str, Any], errcode: int) -> None:
    assert send(caller, kind, body)['errcode'] == errcode


def test_a_button_calls_back_and_its_card_is_changed_once(sandbox: Sandbox, caller: Caller, receiver: Receiver) -> None:
    sent = send(caller, 'template_card', CARD)
    assert send(caller, 'template_card', CARD)['errcode'] == 40058, 'a task_id is used once'
    (card,) = sandbox.cards.of('LiNa')
    assert (card.text, card.body['button_list'][1]['key']) == ('待审核\n李女士', 'reject')
    sandbox.cards.press('LiNa', 'draft-1', 'approve')
    (event,) = receiver.messages()
    assert {name: event[name] for name in ('FromUserName', 'Event', 'EventKey', 'TaskId', 'CardType')} == {
        'FromUserName': 'LiNa',
        'Event': 'template_card_event',
        'EventKey': 'approve',
        'TaskId': 'draft-1',
        'CardType': 'button_interaction',
    }
    assert update(caller, event['ResponseCode'], '已批准', 'LiNa')['errcode'] == 0
    assert sandbox.cards.of('LiNa')[0].body['replace_name'] == '已批准'
    assert update(caller, event['ResponseCode'], '已批准', 'LiNa')['errcode'] == 60140
    with pytest.raises(ValueError, match='off'):
        sandbox.cards.press('LiNa', 'draft-1', 'reject')
    sandbox.clock.advance(72 * 3600)
    caller.renew()
    assert update(caller, sent['response_code'], '已过期', 'LiNa')['errcode'] == 60140


def test_a_message_is_taken_back_within_a_day(sandbox: Sandbox, caller: Caller) -> None:
    first = caller.text('LiNa', '发错了')['msgid']
    assert caller.ask('message/recall', msgid=first)['errcode'] == 0
    assert [entry.recalled for entry in sandbox.phone('LiNa')] == [True]
    second = caller.text('LiNa', '太晚了')['msgid']
    sandbox.clock.advance(86401)
    caller.renew()
    assert caller.ask('message/recall', msgid=second)['errcode'] == 42052
    assert caller.ask('message/recall', msgid='made-up')['errcode'] == 40058


def test_a_member_out_of_range_gets_nothing(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.ensure_member('FarAway', '范围外', visible=False)
    assert caller.text('FarAway', '您好')['errcode'] == 81013
    assert caller.text('FarAway|LiNa', '您好')['invaliduser'] == 'faraway'
    assert caller.get('user/get', userid='FarAway')['errcode'] == 60011
    agent = caller.get('agent/get', agentid=str(CREDENTIALS.agent_id))
    assert agent['allow_userinfos']['user'] == [{'userid': 'LiNa'}]
