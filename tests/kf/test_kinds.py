"""Whatever a customer sends becomes a line staff can read."""

import json
from dataclasses import replace
from typing import Any

import pytest

from console import kf_pull
from console.wecom.kf import MOST_ACCOUNTS
from models import TurnStatus
from tests import story
from tests.kf.conftest import ACCOUNT, PARENT, Desk

MERGED = {
    'title': '群聊的聊天记录',
    'item': [
        {'sender_name': '张三', 'msgtype': 'text', 'msg_content': json.dumps({'text': {'content': '几点上课'}})},
        {'sender_name': '李四', 'msgtype': 'image', 'msg_content': '{}'},
        {'sender_name': '王五', 'msgtype': 'text', 'msg_content': 'not JSON'},
    ],
}
MENU = {
    'head_content': '您想咨询什么',
    'list': [{'type': 'click', 'click': {'id': '1', 'content': '课程'}}, {'type': 'text'}],
    'tail_content': '请选择',
}

SAID: list[tuple[str, dict[str, Any], str, str]] = [
    ('text', {'content': '周六有课吗', 'menu_id': 'm1'}, 'text', '周六有课吗'),
    ('location', {'name': '校区', 'address': '人民路 1 号'}, 'location', '[位置] 校区 人民路 1 号'),
    ('link', {'title': '公告', 'url': 'https://a.cn'}, 'link', '[链接] 公告 https://a.cn'),
    ('business_card', {'userid': 'LiNa'}, 'business_card', '[名片] LiNa'),
    ('miniprogram', {'title': '课表'}, 'miniprogram', '[小程序] 课表'),
    ('msgmenu', MENU, 'msgmenu', '[菜单] 您想咨询什么\n· 课程\n请选择'),
    ('channels', {'nickname': '学校', 'title': '开学'}, 'channels', '[视频号] 学校 开学'),
    ('channels_shop_product', {'title': '书'}, 'channels_shop_product', '[视频号商品] 书'),
    ('merged_msg', MERGED, 'merged_msg',
     '[聊天记录] 群聊的聊天记录\n张三：几点上课\n李四：[图片]\n王五：[暂不支持的消息]'),
    ('meeting', {}, 'meeting', '[会议]'),
    ('note', {}, 'note', '[笔记]'),
]  # fmt: skip


@pytest.mark.parametrize(('msgtype', 'fields', 'kept_as', 'text'), SAID, ids=[row[0] for row in SAID])
async def test_every_kind_is_a_line_and_wants_an_answer(
    desk: Desk, msgtype: str, fields: dict[str, Any], kept_as: str, text: str
) -> None:
    desk.wecom.kf.customer_sends(ACCOUNT, PARENT, msgtype, fields=fields)
    desk.rung()
    await desk.read()

    [message] = desk.messages()
    assert (message.kind, message.text) == (kept_as, text)
    assert message.fields['msgtype'] == msgtype
    assert desk.turns() == [TurnStatus.WAITING]


@pytest.mark.parametrize(
    ('msgtype', 'text'), [('image', '[图片]'), ('voice', '[语音]'), ('video', '[视频]'), ('file', '[文件]')]
)
async def test_a_file_keeps_the_name_by_which_wecom_gives_it(desk: Desk, msgtype: str, text: str) -> None:
    desk.wecom.kf.customer_sends(ACCOUNT, PARENT, msgtype)
    desk.rung()
    await desk.read()

    [message] = desk.messages()
    assert (message.kind, message.text) == (msgtype, text)
    assert message.media_id
    assert 'media_id' not in message.fields


async def test_a_menu_click_says_which_and_a_number_in_it_is_sealed(desk: Desk) -> None:
    fields = {'title': '联系 13812345678', 'appid': '13812345678', 'inner': {'more': '13812345678'}}
    desk.wecom.kf.customer_sends(ACCOUNT, PARENT, 'miniprogram', fields=fields)
    desk.wecom.kf.customer_says(ACCOUNT, PARENT, '课程', menu_id='m1')
    desk.rung()
    await desk.read()

    program, click = desk.messages()
    assert program.text == '[小程序] 联系 ⟦手机号1⟧'
    assert (program.fields['appid'], program.fields['inner.more']) == ('13812345678', '⟦手机号1⟧')
    assert click.fields['menu_id'] == 'm1'


async def test_a_kind_that_came_after_us_is_kept_and_said_to_be_unknown(desk: Desk) -> None:
    desk.wecom.kf.customer_sends(ACCOUNT, PARENT, 'meeting')
    desk.rung()
    claim = desk.claimed()
    page = desk.client.sync(ACCOUNT, cursor=None, token=None)
    page = replace(page, items=[replace(item, kind='hologram', body={'depth': 3}) for item in page.items])
    desk.db.transact(kf_pull.keep, claim, page, story.AT_ONCE)

    [message] = desk.messages()
    assert (message.kind, message.text) == ('unknown', '[暂不支持的消息]')
    assert message.fields == {'msgtype': 'hologram', 'depth': 3}


async def test_more_accounts_than_a_page_holds_are_all_found(desk: Desk) -> None:
    for number in range(MOST_ACCOUNTS):
        desk.wecom.kf.add_account(f'第{number}个')

    assert len(desk.client.accounts()) == MOST_ACCOUNTS + 1
