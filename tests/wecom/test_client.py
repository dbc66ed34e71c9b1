import json
from typing import Any

import pytest

from console.wecom.client import OAuthUser, Sent, WeComClient
from console.wecom.refusals import RecipientRefused, RefusalKind
from tests.wecom.asking import refused
from tests.wecom.fake_api import SECRET, FakeApi, Raw

EXPIRED = {'errcode': 42001, 'errmsg': 'access_token expired'}
OK = {'errcode': 0, 'errmsg': 'ok'}


def test_a_call_carries_the_token_and_the_next_one_the_same(api: FakeApi, client: WeComClient):
    api.answers('user/get', {**OK, 'userid': 'LiMing', 'name': '李明'})

    assert client.user('LiMing')['name'] == '李明'
    client.user('LiMing')

    [fetched] = api.asked_for('gettoken')
    assert fetched.query == {'corpid': 'ww1', 'corpsecret': SECRET}
    assert [asked.query for asked in api.asked_for('user/get')] == [{'userid': 'LiMing', 'access_token': 'token-1'}] * 2


def test_a_post_is_raw_utf8(api: FakeApi, client: WeComClient):
    client.post('kf/send_msg', {'text': {'content': '您好😀'}})

    [asked] = api.asked_for('kf/send_msg')
    assert (asked.method, asked.content_type) == ('POST', 'application/json; charset=utf-8')
    assert asked.body == '{"text":{"content":"您好😀"}}'.encode()


def test_a_frozen_request_is_sent_byte_for_byte_also_the_second_time(api: FakeApi, client: WeComClient):
    body = b'{ "touser" : "LiMing",\n"text":{} }'
    api.answers('message/send', EXPIRED, OK)

    client.post_frozen('message/send', body)

    assert [asked.body for asked in api.asked_for('message/send')] == [body, body]


@pytest.mark.parametrize(
    ('answer', 'errcode', 'kind'),
    [
        ({'errcode': 60020, 'errmsg': 'not allow'}, 60020, RefusalKind.CONFIGURATION),
        ({'errcode': '81013'}, 81013, RefusalKind.PERMANENT),
        ({'errcode': 987654, 'errmsg': '?'}, 987654, RefusalKind.UNKNOWN),
        ({'errmsg': 'ok', 'msgid': 'm1'}, None, RefusalKind.UNKNOWN),
        ({}, None, RefusalKind.UNKNOWN),
        ({'errcode': None}, None, RefusalKind.UNKNOWN),
        ({'errcode': False}, None, RefusalKind.UNKNOWN),
        ({'errcode': 'ok'}, None, RefusalKind.UNKNOWN),
        ({'errcode': 0.0}, None, RefusalKind.UNKNOWN),
        ({'errcode': [0]}, None, RefusalKind.UNKNOWN),
        (Raw(b'slow down', status=429), 45009, RefusalKind.RATE),
    ],
)
def test_an_answer_that_is_not_nought_is_no_success(
    api: FakeApi, client: WeComClient, answer: Any, errcode: int | None, kind: RefusalKind
):
    api.answers('message/send', answer)

    found = refused(client.send_message, b'{}', 'LiMing')

    assert (found.errcode, found.kind) == (errcode, kind)
    assert len(api.asked_for('message/send')) == 1


def test_an_errcode_of_nought_in_a_text_is_a_success(api: FakeApi, client: WeComClient):
    api.answers('message/send', {'errcode': '0', 'errmsg': 'ok', 'msgid': 'm1'})

    assert client.send_message(b'{}', 'LiMing') == 'm1'


@pytest.mark.parametrize(
    ('listed', 'listed_as'),
    [
        ({'invaliduser': 'liming'}, 'invaliduser'),
        ({'invaliduser': 'zhangwei|LIMING'}, 'invaliduser'),
        ({'invaliduser': '', 'unlicenseduser': 'liming'}, 'unlicenseduser'),
    ],
)
def test_a_success_that_names_our_member_as_not_reached_is_none(
    api: FakeApi, client: WeComClient, listed: dict[str, str], listed_as: str
):
    api.answers('message/send', {**OK, **listed, 'msgid': 'm1'})

    with pytest.raises(RecipientRefused) as found:
        client.send_message(b'{}', 'LiMing')

    assert found.value.listed_as == listed_as


def test_a_success_that_names_someone_else_is_one(api: FakeApi, client: WeComClient):
    api.answers('message/send', {**OK, 'invaliduser': 'limingming|li', 'invalidparty': None, 'msgid': 'm1'})

    assert client.send_message(b'{}', 'LiMing') == 'm1'


@pytest.mark.parametrize(
    ('answer', 'user'),
    [
        ({'userid': 'LiMing'}, ('LiMing', None, None)),
        ({'UserId': 'LiMing', 'DeviceId': 'd'}, ('LiMing', None, None)),
        ({'openid': 'o1', 'external_userid': 'wm1'}, (None, 'o1', 'wm1')),
        ({'OpenId': 'o1'}, (None, 'o1', None)),
    ],
)
def test_who_signed_in_is_read_in_both_spellings(
    api: FakeApi, client: WeComClient, answer: dict[str, str], user: tuple[str | None, str | None, str | None]
):
    api.answers('auth/getuserinfo', {**OK, **answer})

    found = client.oauth_user('c0de')

    assert (found.userid, found.openid, found.external_userid) == user
    assert isinstance(found, OAuthUser)
    assert api.asked_for('auth/getuserinfo')[0].query['code'] == 'c0de'


def test_a_sign_in_of_nobody_is_refused(api: FakeApi, client: WeComClient):
    api.answers('auth/getuserinfo', {**OK, 'userid': ''})

    assert refused(client.oauth_user, 'c0de').kind is RefusalKind.UNKNOWN


def test_a_card_is_sent_with_the_code_that_changes_it_later(api: FakeApi, client: WeComClient):
    api.answers('message/send', {**OK, 'msgid': 'm1', 'response_code': 'code-1'})

    assert client.send(b'{}', 'LiMing') == Sent(msgid='m1', response_code='code-1')


def test_what_was_sent_is_recalled_by_its_msgid(api: FakeApi, client: WeComClient):
    client.recall('m1')

    assert json.loads(api.asked_for('message/recall')[0].body) == {'msgid': 'm1'}
