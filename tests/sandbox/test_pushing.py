"""Callbacks arrive as WeCom sends them, on good days and on bad ones."""

import time

import pytest
from wechatpy.exceptions import InvalidSignatureException

from console.sandbox import Sandbox, UnknownMember
from tests.sandbox.receiver import CREDENTIALS, Receiver


def test_a_text_arrives_sealed_and_opens_with_wechatpy(sandbox: Sandbox, receiver: Receiver) -> None:
    before = int(time.time())
    report = sandbox.say('lina', '你好')
    (message,) = receiver.messages()
    assert before <= int(message.pop('CreateTime')) <= time.time()
    assert message == {
        'ToUserName': CREDENTIALS.corp_id,
        'FromUserName': 'LiNa',
        'MsgType': 'text',
        'Content': '你好',
        'MsgId': report.msg_id,
        'AgentID': '1000002',
    }
    assert [(attempt.status, attempt.answer) for attempt in report.attempts] == [(200, 'success')]


@pytest.mark.parametrize('text', [']]>', 'a]]>]]><b>&amp;</b>', '好😀👨‍👩‍👧', '<![CDATA[x]]>', ' 两边\n空格 ', '"\''])
def test_any_text_survives_the_xml(sandbox: Sandbox, receiver: Receiver, text: str) -> None:
    sandbox.say('LiNa', text)
    assert receiver.messages()[0]['Content'] == text


def test_characters_that_xml_cannot_carry_are_left_out(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.say('LiNa', 'a\x00b\x0b\ud83dc')
    assert receiver.messages()[0]['Content'] == 'abc'


def test_the_phone_shows_what_was_written(sandbox: Sandbox) -> None:
    changed: list[str] = []
    sandbox.on_change(changed.append)
    report = sandbox.say('lina', '在吗')
    (entry,) = sandbox.phone('LINA')
    assert (entry.direction, entry.kind, entry.text, entry.msg_id) == ('out', 'text', '在吗', report.msg_id)
    assert changed == ['LiNa']


def test_a_refused_push_is_repeated_with_the_same_message_in_a_fresh_letter(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    receiver.answers.extend([(500, 0), (404, 0)])
    report = sandbox.say('LiNa', '你好')
    assert [attempt.status for attempt in report.attempts] == [500, 404, 200]
    first, second, third = receiver.messages()
    assert first == second == third
    assert len({pushed.body for pushed in receiver.pushed}) == 3
    assert len({pushed.query['nonce'] for pushed in receiver.pushed}) == 3
    assert len({pushed.query['msg_signature'] for pushed in receiver.pushed}) == 3


def test_a_push_is_given_up_after_three_repeats(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.answers.extend([(503, 0)] * 9)
    report = sandbox.say('LiNa', '你好')
    assert len(report.attempts) == len(receiver.pushed) == 4
    assert not report.accepted


def test_a_late_answer_counts_as_none(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.answers.append((200, 0.8))
    report = sandbox.say('LiNa', '你好')
    assert [(attempt.status, attempt.answer) for attempt in report.attempts] == [
        (None, 'TimeoutError'),
        (200, 'success'),
    ]


def test_a_console_that_is_down_is_tried_just_as_often(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.close()
    report = sandbox.say('LiNa', '你好')
    assert [(attempt.status, attempt.answer) for attempt in report.attempts] == [(None, 'ConnectError')] * 4


@pytest.mark.parametrize('one_by_one', [True, False])
def test_copies_are_the_same_message_in_different_letters(
    sandbox: Sandbox, receiver: Receiver, one_by_one: bool
) -> None:
    report = sandbox.say('LiNa', '你好', copies=5, one_by_one=one_by_one)
    assert [attempt.copy for attempt in report.attempts] == [0, 1, 2, 3, 4]
    assert {message['MsgId'] for message in receiver.messages()} == {report.msg_id}
    assert len({pushed.body for pushed in receiver.pushed}) == 5
    assert len(sandbox.phone('LiNa')) == 1


def test_a_forgery_is_sent_once_and_stands_on_no_phone(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.answers.append((403, 0))
    report = sandbox.say('LiNa', '转账', wrong_signature=True)
    assert [attempt.status for attempt in report.attempts] == [403]
    with pytest.raises(InvalidSignatureException):
        receiver.pushed[0].open()
    assert sandbox.phone('LiNa') == []


def test_an_old_letter_is_signed_right_but_dated_back(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.say('LiNa', '你好', age_seconds=3600)
    assert receiver.messages()[0]['Content'] == '你好'
    assert time.time() - int(receiver.pushed[0].query['timestamp']) == pytest.approx(3600, abs=3)


def test_a_replay_is_the_identical_letter(sandbox: Sandbox, receiver: Receiver) -> None:
    report = sandbox.say('LiNa', '你好')
    assert sandbox.replay(report).status == 200
    first, second = receiver.pushed
    assert first == second


def test_a_dropped_push_never_arrives_though_the_member_wrote_it(sandbox: Sandbox, receiver: Receiver) -> None:
    assert sandbox.say('LiNa', '你好', drop=True).attempts == ()
    assert receiver.pushed == []
    assert [entry.text for entry in sandbox.phone('LiNa')] == ['你好']


def test_a_delayed_push_waits_first(sandbox: Sandbox, receiver: Receiver) -> None:
    started = time.monotonic()
    sandbox.say('LiNa', '你好', delay=0.3)
    assert time.monotonic() - started >= 0.3
    assert len(receiver.pushed) == 1


@pytest.mark.parametrize(
    ('kind', 'field'),
    [
        ('image', 'MediaId'),
        ('voice', 'Format'),
        ('video', 'ThumbMediaId'),
        ('file', 'FileName'),
        ('location', 'Label'),
        ('link', 'Url'),
    ],
)
def test_each_kind_of_media_carries_its_fields(sandbox: Sandbox, receiver: Receiver, kind: str, field: str) -> None:
    sandbox.send_media('LiNa', kind, fields={field: '某值'})  # type: ignore[arg-type]
    (message,) = receiver.messages()
    assert (message['MsgType'], message[field]) == (kind, '某值')
    assert [entry.kind for entry in sandbox.phone('LiNa')] == [kind]


def test_events_have_no_msgid_and_nest_their_fields(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.push_event('enter_agent', userid='LiNa', fields={'EventKey': ''})
    sandbox.push_event('change_external_chat', fields={'ChatId': 'c', 'MemChangeList': {'Item': ['wm1', 'wm2']}})
    sandbox.push_event('kf_msg_or_event', fields={'Token': 't', 'OpenKfId': 'wk1'})
    entered, changed, rang = receiver.messages()
    assert (entered['FromUserName'], entered['Event'], entered['AgentID']) == ('LiNa', 'enter_agent', '1000002')
    assert (changed['FromUserName'], changed['MemChangeList']) == ('sys', {'Item': ['wm1', 'wm2']})
    assert set(rang) == {'ToUserName', 'CreateTime', 'MsgType', 'Event', 'Token', 'OpenKfId'}


def test_the_url_is_verified_byte_for_byte(sandbox: Sandbox, receiver: Receiver) -> None:
    assert sandbox.verify_callback_url().passed
    receiver.echo_suffix = b'\n'
    assert not sandbox.verify_callback_url().passed


def test_a_stranger_cannot_write(sandbox: Sandbox) -> None:
    with pytest.raises(UnknownMember):
        sandbox.say('nobody', '你好')


def test_a_msgid_can_be_given_and_stands_on_the_phone_once(sandbox: Sandbox, receiver: Receiver) -> None:
    for _ in range(2):
        sandbox.say('LiNa', '你好', msg_id='4561255354251345929')
    assert [message['MsgId'] for message in receiver.messages()] == ['4561255354251345929'] * 2
    assert len(sandbox.phone('LiNa')) == 1
