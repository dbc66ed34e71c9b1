"""A released reply reaches a 微信客服 customer once, or the person at the screen learns why not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from console import (
    alerts,
    deliveries,
    delivery_attempts,
    delivery_claims,
    draft_decisions,
    kf,
    kf_accounts,
    kf_pull,
    media_files,
    replies,
)
from console.errors import Conflict, Invalid, NotAllowed
from console.sandbox.kf_messages import SAMPLES
from models import (
    AuditEntry,
    Author,
    Conversation,
    Delivery,
    DeliveryStatus,
    DraftStatus,
    KfAccount,
    Role,
    SessionState,
    Staff,
    utc_now,
)
from tests import story
from tests.kf.conftest import ACCOUNT, PARENT, SERVICER, Desk

LONG = ''.join(f'第{number}句，老师会和您联系。' for number in range(120))
"""Three parts."""
LONGEST = LONG * 3


def state(desk: Desk) -> int:
    return desk.wecom.kf.session(ACCOUNT, PARENT).state


async def test_a_released_reply_reaches_the_customer_and_is_counted(desk: Desk) -> None:
    await desk.hears()
    desk.released('您好，周六上午有课。')
    desk.send()

    assert desk.phone() == ['您好，周六上午有课。']
    assert desk.draft().status is DraftStatus.SENT
    conversation = desk.conversation()
    assert (conversation.sent_since, conversation.session_state) == (1, SessionState.ASSISTANT)


async def test_a_send_whose_answer_was_lost_with_the_process_is_repeated_and_shown_once(desk: Desk) -> None:
    await desk.hears()
    desk.released()
    lost = desk.send_claim()
    assert lost is not None
    desk.channels.attempt(lost)
    desk.restarts()
    desk.wecom.kf.set_state(ACCOUNT, PARENT, 3, SERVICER)  # and meanwhile it is no longer ours
    desk.send()

    assert desk.phone() == ['您好，周六上午有课。']
    assert (desk.delivery().status, desk.delivery().errcode) == (DeliveryStatus.ACCEPTED, 95033)
    assert desk.draft().status is DraftStatus.SENT
    assert desk.db.read(alerts.open_alerts) == []


async def test_after_a_restart_between_two_parts_the_first_is_not_repeated(desk: Desk) -> None:
    await desk.hears()
    desk.released(LONG)
    first = desk.send_claim()
    assert first is not None
    desk.db.transact(delivery_attempts.record, first, desk.channels.attempt(first))
    desk.restarts()
    desk.send()

    assert ''.join(desk.phone()) == LONG
    assert len(desk.phone()) == 3
    assert desk.conversation().sent_since == 3


async def test_an_answer_that_never_came_is_asked_for_again_with_the_same_id(desk: Desk) -> None:
    await desk.hears()
    desk.released()
    desk.wecom.accept_then_drop_answer(path='kf/send_msg')
    desk.send()
    assert desk.delivery().maybe_sent
    desk.change(Delivery, due_at=utc_now(), first_attempt_at=utc_now() - timedelta(hours=5))  # however late
    desk.send()

    assert desk.phone() == ['您好，周六上午有课。']
    assert desk.delivery().status is DeliveryStatus.ACCEPTED


async def test_an_id_used_at_the_first_try_was_ours_before_a_backup_came_back_and_somebody_is_told(desk: Desk) -> None:
    await desk.hears()
    desk.released()
    former = desk.send_claim()
    assert former is not None
    desk.channels.attempt(former)
    desk.change(
        Delivery, status=DeliveryStatus.READY, attempts=0, lost_leases=0, maybe_sent=False, first_attempt_at=None
    )
    desk.send()

    assert desk.phone() == ['您好，周六上午有课。']
    assert desk.delivery().status is DeliveryStatus.ACCEPTED
    [alert] = desk.db.read(alerts.open_alerts)
    assert '恢复了备份' in alert.text


@pytest.mark.parametrize(
    ('before', 'arrives', 'says', 'after'),
    [
        (0, True, None, 1),
        (1, True, None, 1),
        (2, False, '接待池', 2),
        (3, False, '李老师在企业微信中接待', 3),
        (4, False, '等客户再次咨询后重发', 4),
    ],
)
async def test_who_answers_decides_whether_we_may_send(
    desk: Desk, before: int, arrives: bool, says: str | None, after: int
) -> None:
    await desk.hears()
    member = desk.db.transact(story.member, Role.AGENT, '李老师')
    desk.db.transact(lambda session: setattr(session.get(Staff, member.id), 'wecom_userid', SERVICER))
    desk.released()
    desk.wecom.kf.set_state(ACCOUNT, PARENT, before, SERVICER if before == 3 else '')
    desk.send()

    assert bool(desk.phone()) is arrives
    assert state(desk) == desk.conversation().session_state == after
    if says is None:
        assert desk.delivery().status is DeliveryStatus.ACCEPTED
    else:
        assert desk.delivery().status is DeliveryStatus.DEAD
        assert says in (desk.delivery().last_error or '')
        assert desk.draft().status is DraftStatus.FAILED


async def refused_then_sent_again(desk: Desk, errcode: int) -> None:
    """The window was closed; after the customer's next word the same message goes out, once."""
    failed = desk.delivery()
    assert (failed.status, failed.errcode) == (DeliveryStatus.DEAD, errcode)
    assert '客户再' in (failed.last_error or '')
    assert desk.draft().status is DraftStatus.FAILED
    desk.wecom.clear_faults()
    await desk.hears('在吗')
    by = desk.db.transact(story.member)
    desk.db.transact(deliveries.retry, failed.message_id, by=by.id)
    desk.send()

    assert desk.phone()[-1] == '您好，周六上午有课。'
    assert desk.phone().count('您好，周六上午有课。') == 1
    assert (desk.delivery().status, desk.delivery().client_id) == (DeliveryStatus.ACCEPTED, failed.client_id)


@pytest.mark.parametrize('errcode', [95001, 95002, 95013, 95018])
async def test_what_wecom_refuses_until_the_customer_speaks_waits_for_her_and_a_person(
    desk: Desk, errcode: int
) -> None:
    await desk.hears()
    desk.released()
    desk.wecom.fail_next(errcode, path='kf/send_msg')
    desk.send()

    await refused_then_sent_again(desk, errcode)


async def test_a_failure_that_comes_before_our_own_record_of_success_is_kept(desk: Desk) -> None:
    await desk.hears()
    desk.released(LONG)
    claim = desk.send_claim()
    assert claim is not None
    outcome = desk.channels.attempt(claim)
    desk.wecom.kf.fail_sent(ACCOUNT, claim.client_id, 10)
    desk.rung()
    await desk.read()
    assert not desk.db.transact(delivery_attempts.record, claim, outcome)

    bounced, *rest = desk.deliveries()
    assert (bounced.status, bounced.fail_type) == (DeliveryStatus.BOUNCED, 10)
    assert '拒收' in (bounced.last_error or '')
    assert {row.status for row in rest} == {DeliveryStatus.CANCELLED}
    assert desk.draft().status is DraftStatus.FAILED
    assert desk.conversation().sent_since == 1


async def test_what_was_accepted_and_not_delivered_is_sent_again_under_a_new_id(desk: Desk) -> None:
    await desk.hears()
    desk.released()
    desk.send()
    first = desk.delivery()
    desk.wecom.kf.fail_sent(ACCOUNT, first.client_id, 11)
    desk.rung()
    await desk.read()
    assert (desk.delivery().status, desk.draft().status) == (DeliveryStatus.BOUNCED, DraftStatus.FAILED)

    by = desk.db.transact(story.member)
    desk.db.transact(deliveries.retry, first.message_id, by=by.id)
    desk.send()

    assert desk.phone() == ['您好，周六上午有课。']
    assert desk.delivery().status is DeliveryStatus.ACCEPTED
    assert desk.delivery().client_id != first.client_id
    assert desk.delivery().fail_type is None


async def test_a_first_part_that_bounced_and_is_sent_again_ends_the_draft(desk: Desk) -> None:
    await desk.hears()
    desk.released(LONG)
    desk.send()
    first = desk.deliveries()[0]
    desk.wecom.kf.fail_sent(ACCOUNT, first.client_id, 11)
    desk.rung()
    await desk.read()
    by = desk.db.transact(story.member)
    desk.db.transact(deliveries.retry, first.message_id, by=by.id)
    desk.send()

    assert {row.status for row in desk.deliveries()} == {DeliveryStatus.ACCEPTED}
    assert desk.draft().status is DraftStatus.SENT


async def test_a_last_part_that_gets_in_after_the_first_bounced_does_not_make_the_reply_sent(desk: Desk) -> None:
    await desk.hears()
    desk.released(LONG)
    for _ in range(2):
        claim = desk.send_claim()
        assert claim is not None
        desk.db.transact(delivery_attempts.record, claim, desk.channels.attempt(claim))
    last = desk.send_claim()
    assert last is not None
    outcome = desk.channels.attempt(last)
    desk.wecom.kf.fail_sent(ACCOUNT, desk.deliveries()[0].client_id, 11)
    desk.rung()
    await desk.read()

    assert desk.db.transact(delivery_attempts.record, last, outcome)
    assert [row.status for row in desk.deliveries()] == [
        DeliveryStatus.BOUNCED,
        DeliveryStatus.ACCEPTED,
        DeliveryStatus.ACCEPTED,
    ]
    assert desk.draft().status is DraftStatus.FAILED


async def test_a_reply_of_more_parts_than_are_left_is_refused_before_anything_is_sent(desk: Desk) -> None:
    await desk.hears()
    by, draft = desk.db.transact(story.member), desk.drafted(LONGEST)
    with pytest.raises(Invalid, match='要分成 7 条发送，但客户下次发言前只剩 5 条') as refusal:
        desk.db.transact(draft_decisions.approve, draft.id, version=1, by=by.id, undo=story.NOW)
    assert refusal.value.field == 'content'
    assert (desk.draft().status, desk.deliveries()) == (DraftStatus.PENDING, [])

    desk.db.transact(draft_decisions.approve, draft.id, version=1, by=by.id, undo=story.NOW, content=LONG)
    with pytest.raises(Invalid, match='只剩 2 条'):
        desk.db.transact(replies.send, draft.conversation_id, LONG, by=by.id)
    desk.send()

    assert ''.join(desk.phone()) == LONG


async def test_five_are_sent_the_sixth_is_refused_and_her_next_word_opens_the_window_again(desk: Desk) -> None:
    conversation = await desk.hears()
    by = desk.db.transact(story.member)
    for number in range(5):
        desk.db.transact(replies.send, conversation.id, f'第{number}条', by=by.id)
    with pytest.raises(Invalid, match='已回复满 5 条'):
        desk.db.transact(replies.send, conversation.id, '第6条', by=by.id)
    desk.send()
    assert len(desk.phone()) == 5

    desk.wecom.clock.advance(2)
    conversation = await desk.hears('还有问题')
    assert conversation.sent_since == 0
    desk.db.transact(replies.send, conversation.id, '第6条', by=by.id)
    desk.send()
    assert desk.phone()[-1] == '第6条'


async def test_a_window_that_closed_while_a_reply_waited_is_noticed_before_it_is_sent(desk: Desk) -> None:
    await desk.hears()
    desk.released()
    desk.change(Conversation, customer_spoke_at=utc_now() - timedelta(hours=48))
    desk.send()

    assert desk.delivery().status is DeliveryStatus.DEAD
    assert '超过 48 小时' in (desk.delivery().last_error or '')
    assert desk.wecom.calls('kf/send_msg') == []


async def test_who_has_not_spoken_cannot_be_written_to(desk: Desk) -> None:
    conversation = await desk.hears()
    desk.change(Conversation, customer_spoke_at=None)
    by = desk.db.transact(story.member)

    with pytest.raises(Invalid, match='还没有发言'):
        desk.db.transact(replies.send, conversation.id, '您好', by=by.id)


def approved_texts(desk: Desk) -> None:
    by = desk.db.transact(story.member)
    desk.rung()
    said = {'welcome': '欢迎咨询', 'closing': '再见', 'seen_at': None}
    desk.db.transact(kf_accounts.set_texts, desk.account().id, **said, by=by.id)


async def test_who_enters_is_welcomed_once_with_the_approved_words(desk: Desk) -> None:
    approved_texts(desk)
    desk.wecom.kf.customer_enters(ACCOUNT, PARENT)
    for _ in range(2):
        desk.change(KfAccount, cursor=None)
        desk.rung()
        await desk.read()
        desk.send()

    assert desk.phone() == ['欢迎咨询']
    [message] = desk.messages()
    assert message.author is Author.SYSTEM
    assert desk.conversation().sent_since == 0


async def test_a_welcome_that_was_refused_is_not_sent_again_when_its_time_is_over(desk: Desk) -> None:
    approved_texts(desk)
    desk.wecom.kf.customer_enters(ACCOUNT, PARENT)
    await desk.read()
    desk.wecom.fail_next(41051, path='kf/send_msg_on_event')
    desk.send()
    assert desk.delivery().status is DeliveryStatus.DEAD

    by = desk.db.transact(story.member)
    with pytest.raises(Conflict, match='欢迎语'):
        desk.db.transact(deliveries.retry, desk.delivery().message_id, by=by.id)


async def test_a_welcome_that_comes_too_late_is_not_tried(desk: Desk) -> None:
    approved_texts(desk)
    desk.wecom.kf.customer_enters(ACCOUNT, PARENT)
    page = desk.client.sync(ACCOUNT, cursor=None, token=None)
    late = [replace(item, sent_at=item.sent_at - timedelta(seconds=21)) for item in page.items]
    desk.db.transact(kf_pull.keep, desk.claimed(), replace(page, items=late), story.AT_ONCE)

    assert desk.deliveries() == []


async def test_without_approved_words_nothing_is_said_to_who_enters(desk: Desk) -> None:
    desk.wecom.kf.customer_enters(ACCOUNT, PARENT)
    desk.rung()
    await desk.read()

    assert desk.deliveries() == []
    assert desk.db.read(lambda session: session.scalar(select(func.count()).select_from(Conversation))) == 0


async def test_a_session_that_a_servicer_ends_is_closed_with_the_approved_words(desk: Desk) -> None:
    approved_texts(desk)
    await desk.hears()
    desk.wecom.kf.set_state(ACCOUNT, PARENT, 2)
    desk.wecom.servicers.takes(ACCOUNT, PARENT, SERVICER)
    desk.rung()
    await desk.read()
    assert (desk.conversation().session_state, desk.conversation().servicer) == (SessionState.SERVICER, SERVICER)

    desk.wecom.servicers.ends(ACCOUNT, PARENT)
    desk.rung()
    await desk.read()
    desk.send()

    assert (desk.conversation().session_state, desk.conversation().servicer) == (SessionState.ENDED, None)
    assert desk.phone() == ['再见']


async def test_a_session_is_handed_to_a_servicer_and_taken_back(desk: Desk) -> None:
    conversation = await desk.hears()
    by = desk.db.transact(story.member, Role.AGENT)
    assert await kf.servicers(desk.client, conversation.id, by=by.id) == {SERVICER: '李娜'}

    await kf.hand_to_servicer(desk.client, conversation.id, SERVICER, by=by.id)
    assert (state(desk), desk.conversation().servicer) == (3, SERVICER)

    await kf.take_back(desk.client, conversation.id, by=by.id)
    assert (state(desk), desk.conversation().session_state) == (4, SessionState.ENDED)
    actions = desk.db.read(lambda session: session.scalars(select(AuditEntry.action)).all())
    assert [action for action in actions if action == 'kf_session'] == ['kf_session', 'kf_session']

    assert (await desk.hears('还有问题')).session_state == SessionState.UNHANDLED
    desk.released()
    desk.send()
    assert desk.phone() == ['您好，周六上午有课。']


async def test_what_is_ours_is_not_taken_back_and_strangers_move_nothing(desk: Desk) -> None:
    conversation = await desk.hears()
    agent = desk.db.transact(story.member, Role.AGENT)
    tester = desk.db.transact(story.member, Role.TESTER)
    with pytest.raises(Conflict):
        await kf.take_back(desk.client, conversation.id, by=agent.id)
    with pytest.raises(NotAllowed):
        await kf.hand_to_servicer(desk.client, conversation.id, SERVICER, by=tester.id)
    assert state(desk) == 0
    assert desk.db.read(lambda session: session.scalars(select(AuditEntry.action)).all()).count('kf_session') == 0


async def test_a_session_that_ended_in_silence_is_anybodys_again(desk: Desk) -> None:
    await desk.hears()
    desk.change(
        Conversation,
        session_state=SessionState.SERVICER,
        servicer=SERVICER,
        customer_spoke_at=utc_now() - timedelta(hours=49),
    )

    assert (await desk.hears('还在吗')).session_state == SessionState.UNHANDLED


async def test_wecoms_count_corrects_ours(desk: Desk) -> None:
    conversation = await desk.hears()
    desk.released()
    desk.wecom.fail_next(95001, path='kf/send_msg')
    desk.send()

    by = desk.db.transact(story.member)
    with pytest.raises(Invalid, match='已回复满 5 条'):
        desk.db.transact(replies.send, conversation.id, '您好', by=by.id)


async def test_a_picture_goes_out_too(desk: Desk) -> None:
    conversation = await desk.hears()
    by = desk.db.transact(story.member)
    stored = media_files.store(SAMPLES['image'], '课表.png', 'image')
    given = desk.db.transact(media_files.give, stored, 'image', by=by.id)
    desk.db.transact(replies.send_file, conversation.id, given.id, by=by.id)
    claim = desk.send_claim()
    assert claim is not None
    handed = desk.channels.upload(claim)
    assert isinstance(handed, str)
    ready = desk.db.transact(delivery_claims.uploaded, claim, handed, desk.channels.freeze)
    assert ready is not None
    assert desk.db.transact(delivery_attempts.record, ready, desk.channels.attempt(ready))

    [line] = [line for line in desk.wecom.kf.phone(ACCOUNT, PARENT) if line.direction == 'in']
    assert (line.kind, line.body['media_id']) == ('image', handed)
