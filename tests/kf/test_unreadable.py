"""An entry of an account's log that we cannot make sense of holds up nothing that comes after it."""

import json
from typing import Any

from console import alerts, kf
from console.wecom.client import WeComClient
from console.wecom.kf import KfClient
from models import TurnStatus, utc_now
from tests import story
from tests.kf.conftest import ACCOUNT, PARENT, Desk
from tests.sandbox.receiver import CREDENTIALS
from tests.wecom.fake_api import Raw, serving


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


async def read(desk: Desk, *entries: dict[str, Any]) -> None:
    """The account holds exactly these."""
    with serving() as api:
        page = {'errcode': 0, 'errmsg': 'ok', 'next_cursor': 'c1', 'has_more': 0, 'msg_list': list(entries)}
        api.answers('kf/sync_msg', Raw(json.dumps(page).encode()))
        api.answers('kf/customer/batchget', {'errcode': 0, 'errmsg': 'ok', 'customer_list': []})
        desk.rung()
        client = KfClient(WeComClient(CREDENTIALS.corp_id, CREDENTIALS.agent_id, CREDENTIALS.secret, api.base_url))
        await kf.pull(client, desk.claimed(), story.AT_ONCE)


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
