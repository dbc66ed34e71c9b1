"""A parent played by a script: in by WeCom's door, out as a draft."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.desk import Desk


def test_a_played_message_is_answered_by_its_draft(player: Desk) -> None:
    said = player.post('/simulate-customer-msg', external_userid='test', content='数学思维启蒙班多少钱？')
    assert said['received'] is True
    assert said['user']['student_name']
    assert said['message']['content'] == '数学思维启蒙班多少钱？'
    desk = Desk(player.url, player.post('/login', external_userid='test')['access_token'])
    draft = desk.get(f'/drafts/{said["draft_id"]}')
    assert (draft['content'], draft['conversation_id']) == (said['ai_response'], said['conversation_id'])
    assert (draft['channel'], draft['external_userid']) == ('simulate', 'test')
    assert '2160' in said['ai_response']


def test_somebody_new_has_no_record_but_an_answer(player: Desk) -> None:
    said = player.post('/simulate-customer-msg', external_userid=f'new.{secrets.token_hex(4)}@x-y', content='你好')
    assert said['user'] is None
    assert said['ai_response']


def test_quick_messages_of_one_parent_share_one_draft(player: Desk) -> None:
    userid = f'q{secrets.token_hex(4)}'

    def say(number: int) -> tuple[int, int]:
        said = player.post('/simulate-customer-msg', external_userid=userid, content=f'第{number}个问题，几点上课')
        return said['conversation_id'], said['draft_id']

    with ThreadPoolExecutor(6) as threads:
        outcomes = set(threads.map(say, range(6)))
    assert len(outcomes) == 1


def test_a_conversation_a_person_took_over_is_told_so(player: Desk) -> None:
    desk = Desk(player.url, player.post('/login', external_userid='test')['access_token'])
    userid = f't{secrets.token_hex(4)}'
    player.post('/simulate-customer-msg', external_userid=userid, content='几点上课')
    desk.post('/send-message', content='十点。', customerId=userid)
    assert player.post('/simulate-customer-msg', external_userid=userid, content='好的谢谢')['draft_id']


def test_case_in_a_userid_is_no_difference_as_for_wecom(player: Desk) -> None:
    name = f'case{secrets.token_hex(4)}'
    first = player.post('/simulate-customer-msg', external_userid=name, content='你好')
    again = player.post('/simulate-customer-msg', external_userid=name.upper(), content='还在吗')
    assert first['conversation_id'] == again['conversation_id']


@pytest.mark.parametrize(
    ('body', 'field'),
    [
        ({'content': '你好'}, 'external_userid'),
        ({'external_userid': 'test'}, 'content'),
        ({'external_userid': 'a b', 'content': '你好'}, 'external_userid'),
        ({'external_userid': 'a' * 65, 'content': '你好'}, 'external_userid'),
        ({'external_userid': '', 'content': '你好'}, 'external_userid'),
        ({'external_userid': '王', 'content': '你好'}, 'external_userid'),
        ({'external_userid': 'test', 'content': ' \n'}, 'content'),
        ({'external_userid': 'test', 'content': 'a\x07b'}, 'content'),
        ({'external_userid': 'test', 'content': 'x' * 2001}, 'content'),
    ],
)
def test_what_a_phone_cannot_send_is_refused(player: Desk, body: dict[str, str], field: str) -> None:
    assert player.post('/simulate-customer-msg', status=422, **body)['field'] == field


@pytest.mark.parametrize('content', ['<![CDATA[x]]>', ']]>&amp;<xml>', '😀👨‍👩‍👧', 'a\r\nb\tc', '⟦手机号1⟧'])
def test_whatever_can_be_typed_arrives(player: Desk, content: str) -> None:
    said = player.post('/simulate-customer-msg', external_userid=f'x{secrets.token_hex(4)}', content=content)
    shown = said['message']['content']
    assert shown.replace('\r\n', '\n') == content.replace('⟦', '[').replace('⟧', ']').replace('\r\n', '\n')


def test_a_token_that_is_given_must_be_good(player: Desk) -> None:
    body = {'external_userid': 'test', 'content': '你好'}
    answer = player.http.post('/simulate-customer-msg', json=body, headers={'Authorization': 'Bearer x'})
    assert answer.status_code == 401


def test_where_simulation_is_off_there_is_no_such_route(nobody: Desk, head: Desk) -> None:
    nobody.post('/simulate-customer-msg', status=404, external_userid='test', content='你好')
    head.post('/simulate-customer-msg', status=404, external_userid='test', content='你好')
