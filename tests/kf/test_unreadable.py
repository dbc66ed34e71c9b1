"""An entry of an account's log that we cannot make sense of holds up nothing that comes after it."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from console import alerts, kf
from console.delivery_attempts import Verdict
from console.kf_messages import KfMessages
from console.wecom.client import WeComClient
from console.wecom.kf import KfClient, Servicer
from models import Contact, Direction, SessionState, TurnStatus, utc_now
from tests import story
from tests.kf.conftest import ACCOUNT, PARENT, SERVICER, Desk
from tests.sandbox.receiver import CREDENTIALS
from tests.wecom.fake_api import FakeApi, Raw, serving


def said(msgid: str, kind: str = 'text', **body: Any) -> dict[str, Any]:
    return {
        'msgid': msgid,
        'open_kfid': ACCOUNT,
        'external_userid': PARENT,
        'send_time': int(utc_now().timestamp()),
        'origin': 3,
        'msgtype': kind,
        kind: body,
    }


async def read(desk: Desk, *entries: dict[str, Any], customers: Sequence[object] = ()) -> None:
    """The account holds exactly these."""
    with serving() as api:
        page = {'errcode': 0, 'errmsg': 'ok', 'next_cursor': 'c1', 'has_more': 0, 'msg_list': list(entries)}
        api.answers('kf/sync_msg', Raw(json.dumps(page).encode()))
        api.answers('kf/customer/batchget', {'errcode': 0, 'errmsg': 'ok', 'customer_list': list(customers)})
        desk.rung()
        await kf.pull(asking(api), desk.claimed(), story.AT_ONCE)


def asking(api: FakeApi) -> KfClient:
    return KfClient(WeComClient(CREDENTIALS.corp_id, CREDENTIALS.agent_id, CREDENTIALS.secret, api.base_url))


async def test_half_an_emoji_a_nul_and_a_place_without_a_number_are_stored_like_anything_else(desk: Desk) -> None:
    await read(
        desk,
        said('m1', content='周六\ud83d有课吗'),
        said('m2', content='周\x00日呢', menu_id='a\x00\udc00'),
        said('m3', 'location', latitude=float('nan'), longitude=float('inf'), name='校区'),
    )

    assert desk.texts() == ['周六?有课吗', '周日呢', '[位置] 校区']
    assert desk.db.read(alerts.open_alerts) == []


async def test_an_entry_that_breaks_us_is_shown_as_an_unknown_one_and_the_others_are_stored(
    desk: Desk,
) -> None:
    out_of_time = said('m2', content='第二') | {'send_time': 253402300799}
    await read(desk, said('m1', content='第一'), out_of_time, said('m3', content='第三'))

    assert desk.texts() == ['第一', '第三', '[暂不支持的消息]']
    assert desk.turns() == [TurnStatus.WAITING]
    assert desk.account().cursor == 'c1'
    [alert] = desk.db.read(alerts.open_alerts)
    assert '企业微信客服' in alert.text


async def test_an_event_that_breaks_us_is_left_out_and_somebody_is_told(desk: Desk) -> None:
    await desk.hears()
    desk.released()
    desk.send()
    bounced = {'event_type': 'msg_send_fail', 'fail_msgid': desk.delivery().client_id, 'fail_type': 10**30}
    await read(desk, said('e1', 'event', **bounced) | {'origin': 4}, said('m3', content='还在吗'))

    assert desk.texts()[-1] == '还在吗'
    [alert] = desk.db.read(alerts.open_alerts)
    assert '无法识别' in alert.text


@pytest.mark.parametrize(
    ('told', 'more'), [(1, True), ('1', True), (True, True), (0, False), ('0', False), (None, False)]
)
def test_whether_there_is_more_is_understood_however_it_is_said(told: object, more: bool) -> None:
    with serving() as api:
        api.answers('kf/sync_msg', {'errcode': 0, 'next_cursor': 'c1', 'has_more': told})

        assert asking(api).sync(ACCOUNT, cursor=None, token=None).has_more is more


async def test_numbers_that_come_as_texts_mean_the_same(desk: Desk) -> None:
    await read(
        desk,
        said('m1', content='周六有课吗') | {'origin': '3'},
        said('m2', content='有的') | {'origin': '5', 'servicer_userid': SERVICER},
        said('e1', 'event', event_type='session_status_change', external_userid=PARENT, change_type='3')
        | {'origin': '4'},
    )

    assert [message.direction for message in desk.messages()] == [Direction.IN, Direction.OUT]
    assert desk.conversation().session_state == SessionState.ENDED


async def test_a_customer_that_is_none_leaves_the_others_their_names(desk: Desk) -> None:
    odd = [None, 'wmOther', {'nickname': '没有编号'}, {'external_userid': 7, 'nickname': '七'}]
    named = {'external_userid': PARENT, 'nickname': '小明妈妈', 'avatar': None}
    await read(desk, said('m1', content='周六有课吗'), customers=[*odd, named])

    [contact] = desk.db.read(lambda session: session.scalars(select(Contact)).all())
    assert contact.name == '小明妈妈'


@pytest.mark.parametrize('listed', [None, 'LiNa', [None, 'LiNa', {'status': 0}, {'userid': 7}]])
def test_who_is_no_servicer_is_left_out(listed: object) -> None:
    with serving() as api:
        api.answers('kf/servicer/list', {'errcode': 0, 'servicer_list': listed})
        assert asking(api).servicers(ACCOUNT) == []

        if isinstance(listed, list):
            listed.append({'userid': SERVICER, 'status': '0'})
            assert asking(api).servicers(ACCOUNT) == [Servicer(userid=SERVICER, receiving=True)]


async def test_events_without_an_id_have_each_their_effect_and_only_once(desk: Desk) -> None:
    changed = {'event_type': 'session_status_change', 'external_userid': PARENT}
    taken = said('', 'event', **changed, change_type=1, new_servicer_userid=SERVICER) | {'origin': 4}
    over = said('', 'event', **changed, change_type=3) | {'origin': 4}
    await read(desk, said('m1', content='周六有课吗'), taken, over)
    assert desk.conversation().session_state == SessionState.ENDED

    await read(desk, taken)

    assert desk.conversation().session_state == SessionState.ENDED


@pytest.mark.parametrize('answer', [{'errcode': 0}, Raw(status=404), Raw(status=405)])
async def test_where_wecom_does_not_say_who_answers_the_send_itself_tells(desk: Desk, answer: Any) -> None:
    await desk.hears()
    desk.released()
    claim = desk.send_claim()
    assert claim is not None
    with serving() as api:
        api.answers('kf/service_state/get', answer)
        outcome = KfMessages(asking(api)).attempt(claim)

        assert outcome.verdict is Verdict.ACCEPTED
        assert len(api.asked_for('kf/send_msg')) == 1
