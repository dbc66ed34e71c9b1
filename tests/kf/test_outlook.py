"""What is said before a reply to a 微信客服 customer is released, and who can be handed her session."""

from datetime import timedelta
from typing import Any

import pytest

from console import draft_decisions, drafts, kf, kf_accounts, review_desk, staff
from console.errors import Conflict, ConsoleError, NotAllowed
from models import Conversation, KfAccount, Role, SessionState, utc_now
from tests import story
from tests.kf.conftest import SERVICER, Desk


@pytest.mark.parametrize(
    ('now', 'told', 'blocked'),
    [
        ({}, '', ''),
        ({'session_state': SessionState.SERVICER, 'servicer': SERVICER}, '由李老师在侧边栏中发给客户', ''),
        ({'session_state': SessionState.POOL}, '', '在接待池中排队'),
        ({'session_state': SessionState.ENDED}, '', '会话已结束'),
        ({'customer_spoke_at': utc_now() - timedelta(hours=49)}, '', '超过 48 小时'),
        ({'sent_since': 5}, '', '回复满 5 条'),
    ],
    ids=['open', 'with a servicer', 'in the pool', 'ended', 'too late', 'used up'],
)
async def test_what_is_in_the_way_of_a_draft_is_said_before_it_is_released(
    desk: Desk, now: dict[str, Any], told: str, blocked: str
) -> None:
    await desk.hears()
    draft, by = desk.drafted(), desk.db.transact(story.member, Role.ADMIN, '李老师')
    desk.db.transact(staff.change, by.id, wecom_userid=SERVICER, by=by.id)
    if now:
        desk.change(Conversation, **now)
    outlook = desk.db.read(review_desk.opened, draft.id, by=by.id).outlook
    assert told in outlook.told
    assert bool(outlook.told) is bool(told)
    assert blocked in outlook.why_not(1)
    assert bool(outlook.why_not(1)) is bool(blocked)
    if blocked:
        with pytest.raises(ConsoleError, match=blocked):
            desk.db.transact(
                draft_decisions.approve, draft.id, version=1, by=by.id, undo=story.NOW, confirm_reason='已核对'
            )
        assert desk.db.read(drafts.pending_in, draft.conversation_id, by=by.id) is not None


async def test_a_draft_of_more_parts_than_are_left_could_only_fail(desk: Desk) -> None:
    await desk.hears()
    draft, by = desk.drafted(), desk.db.transact(story.member)
    desk.change(Conversation, sent_since=3)
    outlook = desk.db.read(review_desk.opened, draft.id, by=by.id).outlook
    assert outlook.why_not(2) == ''
    assert '分成 3 条' in outlook.why_not(3)
    assert '只剩 2 条' in outlook.why_not(3)


async def test_only_servicers_who_receive_are_offered_and_by_name(desk: Desk) -> None:
    conversation = await desk.hears()
    desk.wecom.ensure_member('WangFang', '王芳')
    desk.wecom.ensure_member('ZhaoYi', '赵一')
    for userid in ('WangFang', 'ZhaoYi'):
        desk.wecom.servicers.add('wkAdmissions', userid)
    desk.wecom.servicers.status('wkAdmissions', 'ZhaoYi', on=False)
    by = desk.db.transact(story.member, Role.ADMIN)
    desk.db.transact(staff.change, by.id, name='李老师', wecom_userid=SERVICER.upper(), by=by.id)
    offered = await kf.servicers(desk.client, conversation.id, by=by.id)
    assert offered == {SERVICER: '李老师', 'WangFang': '王芳'}
    desk.wecom.fail_next(60011, path='user/get')
    offered = await kf.servicers(desk.client, conversation.id, by=by.id)
    assert offered == {SERVICER: '李老师', 'WangFang': 'WangFang'}


async def test_accounts_are_listed_with_who_approved_their_texts(desk: Desk) -> None:
    await desk.hears()
    by = desk.db.transact(story.member, Role.ADMIN, '郑校长')
    said = {'welcome': ' 您好 ', 'closing': '', 'seen_at': None}
    account = desk.db.transact(kf_accounts.set_texts, desk.account().id, **said, by=by.id)
    corp_id = desk.client.corp_id
    assert desk.account().name == '招生咨询'
    [listed] = desk.db.read(kf_accounts.everyone, corp_id, by=by.id)
    assert (listed.account.welcome_text, listed.account.closing_text) == ('您好', None)
    assert (listed.approved_by, listed.account.texts_at) == ('郑校长', account.texts_at)
    desk.change(KfAccount, active=False)
    assert [one.account.active for one in desk.db.read(kf_accounts.everyone, corp_id, by=by.id)] == [False]
    assert desk.db.read(kf_accounts.everyone, 'another company', by=by.id) == []
    with pytest.raises(NotAllowed):
        desk.db.read(kf_accounts.everyone, corp_id, by=desk.db.transact(story.member, Role.SUPERVISOR).id)


async def test_texts_that_a_colleague_approved_meanwhile_are_not_overwritten_unseen(desk: Desk) -> None:
    await desk.hears()
    number, by = desk.account().id, desk.db.transact(story.member, Role.ADMIN)
    theirs = {'welcome': '您好', 'closing': '再见', 'by': by.id}
    desk.db.transact(kf_accounts.set_texts, number, **theirs, seen_at=None)
    with pytest.raises(Conflict):
        desk.db.transact(kf_accounts.set_texts, number, welcome='欢迎', closing='', seen_at=None, by=by.id)
    assert desk.account().closing_text == '再见'
    seen_at = desk.account().texts_at
    desk.db.transact(kf_accounts.set_texts, number, welcome='欢迎', closing='', seen_at=seen_at, by=by.id)
    assert desk.account().closing_text is None
