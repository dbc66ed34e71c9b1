"""What a 微信客服 account holds is read once, in order, whatever breaks on the way."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from console import alerts, kf, kf_accounts, kf_pull, kf_sessions, turns
from console.crypto import cipher
from console.wecom.client import WeComClient
from console.wecom.kf import KfClient, Page
from console.wecom.refusals import WeComRefused
from models import (
    Author,
    Channel,
    Contact,
    Direction,
    DraftStatus,
    EventStatus,
    KfAccount,
    ReceivedEvent,
    Role,
    Staff,
    Turn,
    TurnStatus,
    utc_now,
)
from tests import story
from tests.kf.conftest import ACCOUNT, PARENT, Desk
from tests.sandbox.receiver import CREDENTIALS
from tests.wecom.fake_api import serving


class ProcessKilled(BaseException):
    pass


def log_of(desk: Desk) -> list[str]:
    """The ids of what the customer wrote, in her order."""
    return [line.msgid for line in desk.wecom.kf.phone(ACCOUNT, PARENT) if line.direction == 'out']


def stored(desk: Desk) -> list[str | None]:
    return [message.external_id for message in desk.messages()]


async def test_a_doorbell_brings_the_words_and_asks_for_one_reply(desk: Desk) -> None:
    conversation = await desk.hears('周六有课吗')

    assert desk.texts() == ['周六有课吗']
    assert desk.turns() == [TurnStatus.WAITING]
    assert conversation.channel is Channel.KF
    assert desk.claim() is None


@pytest.mark.parametrize('point', ['page_read', 'page_kept'])
async def test_an_album_read_in_pages_and_broken_off_is_stored_in_order_and_answered_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr(kf_pull, 'MOST_AT_ONCE', 3)
    desk.wecom.kf.burst(ACCOUNT, PARENT, 9)
    desk.rung()
    pages = 0

    def dies(passed: str) -> None:
        nonlocal pages
        pages += passed == point
        if pages == 2:
            raise ProcessKilled

    monkeypatch.setattr(kf, 'passing', dies)
    with pytest.raises(ProcessKilled):
        await desk.read()
    assert len(desk.messages()) == (6 if point == 'page_kept' else 3)
    monkeypatch.setattr(kf, 'passing', lambda _: None)
    desk.restarts()
    await desk.read()

    assert stored(desk) == log_of(desk)
    assert len(stored(desk)) == 9
    desk.drafted()
    assert desk.draft().status is DraftStatus.PENDING
    assert TurnStatus.WAITING not in desk.turns()


async def test_nothing_is_drafted_while_more_is_to_be_read_though_not_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kf_pull, 'MOST_AT_ONCE', 1)
    desk.says('周六有课吗')
    desk.says('周日呢')
    desk.rung()
    await kf.pull(desk.client, desk.claimed(), story.AT_ONCE)
    assert desk.turns() == [TurnStatus.WAITING]
    assert desk.db.transact(turns.claim_next) is None

    desk.change(Turn, due_at=utc_now() - turns.READ_FIRST - timedelta(seconds=1))
    assert desk.db.transact(turns.claim_next) is not None


async def test_a_doorbell_that_rings_after_one_looked_at_the_clock_counts(desk: Desk) -> None:
    desk.says('周六有课吗')
    desk.rung()
    await kf.pull(desk.client, desk.claimed(), story.AT_ONCE)
    desk.change(KfAccount, pull_at=utc_now() + timedelta(seconds=1))  # as one server's doorbell looks to another

    assert desk.db.transact(turns.claim_next) is None


async def test_a_start_finds_what_was_being_read_as_due_as_it_was(desk: Desk) -> None:
    desk.rung()
    before = desk.account().pull_at
    desk.db.transact(kf_accounts.be_due, CREDENTIALS.corp_id)

    assert desk.account().pull_at == before


async def test_an_account_is_read_by_one_at_a_time_and_who_lost_it_writes_nothing(desk: Desk) -> None:
    desk.says('周六有课吗')
    desk.rung()
    first = desk.claimed()
    assert desk.claim() is None

    desk.change(KfAccount, lease_until=utc_now() - timedelta(seconds=1))
    second = desk.claimed()
    page = desk.client.sync(ACCOUNT, cursor=None, token=None)
    assert not desk.db.transact(kf_pull.keep, first, page, story.AT_ONCE)
    desk.db.transact(kf_pull.not_read, first, WeComRefused(48007))
    assert desk.messages() == []

    assert desk.db.transact(kf_pull.keep, second, page, story.AT_ONCE)
    assert not desk.db.transact(kf_pull.keep, second, page, story.AT_ONCE)
    assert desk.texts() == ['周六有课吗']


async def test_callbacks_that_were_lost_for_an_hour_are_made_good_by_the_sweep(desk: Desk) -> None:
    await desk.hears('周六有课吗')
    desk.says('还在吗')
    await desk.read()
    assert desk.texts() == ['周六有课吗']
    assert desk.account().pull_at <= utc_now() + kf_pull.SWEEP

    desk.later()
    await desk.read()

    assert desk.texts() == ['周六有课吗', '还在吗']


async def test_a_doorbell_that_rings_while_we_read_is_not_forgotten(desk: Desk) -> None:
    desk.says('周六有课吗')
    desk.rung()
    reading = desk.claimed()
    page = desk.client.sync(ACCOUNT, cursor=None, token=None)
    desk.says('周日呢')
    desk.rung()
    desk.db.transact(kf_pull.keep, reading, page, story.AT_ONCE)

    await desk.read()

    assert desk.texts() == ['周六有课吗', '周日呢']


async def test_what_was_said_before_the_first_start_is_kept_and_not_answered(desk: Desk) -> None:
    desk.says('上周的问题')
    desk.rung()
    desk.change(KfAccount, created_at=utc_now() + timedelta(hours=1))
    await desk.read()
    assert desk.texts() == ['上周的问题']
    assert desk.turns() == []
    assert desk.account().history_skipped

    await desk.hears('今天的问题')

    assert desk.turns() == [TurnStatus.WAITING]


async def test_a_restart_during_the_first_reading_takes_nothing_new_for_old(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kf_pull, 'MOST_AT_ONCE', 1)
    desk.says('第一句')
    desk.rung()
    desk.says('第二句')
    await kf.pull(desk.client, desk.claimed(), story.AT_ONCE)
    desk.restarts()
    await desk.read()

    assert desk.texts() == ['第一句', '第二句']
    assert desk.drafted().basis_seq == 2


async def test_an_empty_page_is_not_the_end(desk: Desk) -> None:
    desk.says('周六有课吗')
    desk.wecom.kf.empty_pages(2)
    desk.rung()
    await desk.read()
    desk.later()  # where the cursor stood still, the next look comes a second later
    await desk.read()

    assert desk.texts() == ['周六有课吗']


@pytest.mark.parametrize('empty', [True, False])
async def test_a_page_that_says_more_and_never_moves_is_not_asked_for_without_rest(desk: Desk, empty: bool) -> None:
    await desk.hears()
    known = desk.client.sync(ACCOUNT, cursor=None, token=None).items
    desk.rung()
    reading = desk.claimed()
    stuck = Page(items=[] if empty else known, cursor=reading.cursor or '', has_more=True)
    desk.db.transact(kf_pull.keep, reading, stuck, story.AT_ONCE)

    assert desk.claim() is None
    assert desk.account().pull_at <= utc_now() + kf_pull.A_MOMENT


async def test_a_refused_cursor_means_reading_all_again_and_storing_only_what_is_new(desk: Desk) -> None:
    await desk.hears('周六有课吗')
    desk.change(KfAccount, cursor='somebody else’s')
    await desk.hears('周日呢')
    desk.later()
    await desk.read()

    assert desk.texts() == ['周六有课吗', '周日呢']
    assert stored(desk) == log_of(desk)


async def test_a_wecom_that_refuses_every_cursor_it_gave_is_not_asked_without_rest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kf_pull, 'MOST_AT_ONCE', 1)
    desk.says('周六有课吗')
    desk.says('周日呢')
    desk.rung()
    asked: list[str | None] = []
    sync = desk.client.sync

    def forgetful(open_kfid: str, *, cursor: str | None, **more: Any) -> Page:
        asked.append(cursor)
        if cursor is not None:
            raise WeComRefused(40058)
        return sync(open_kfid, cursor=cursor, **more)

    monkeypatch.setattr(desk.client, 'sync', forgetful)
    for _ in range(10):
        if (claimed := desk.claim()) is not None:
            await kf.pull(desk.client, claimed, story.AT_ONCE)

    assert [cursor is None for cursor in asked] == [True, False]
    assert desk.texts() == ['周六有课吗']
    assert utc_now() < desk.account().pull_at <= utc_now() + kf_pull.AGAIN
    assert caplog.text.count('was refused') == 1


async def test_a_token_that_is_too_old_is_dropped_and_the_cursor_kept(desk: Desk) -> None:
    await desk.hears('周六有课吗')
    cursor = desk.account().cursor
    desk.says('周日呢')
    desk.rung('a token nobody gave')
    await kf.pull(desk.client, desk.claimed(), story.AT_ONCE)
    assert (desk.account().cursor, desk.account().token_sealed) == (cursor, None)
    desk.later()
    await desk.read()

    assert desk.texts() == ['周六有课吗', '周日呢']


async def test_an_account_taken_from_us_rests_and_says_why(desk: Desk) -> None:
    desk.wecom.kf.add_account('招生咨询', open_kfid=ACCOUNT, granted=False)
    desk.rung()
    await desk.read()

    [alert] = desk.db.read(alerts.open_alerts)
    assert '未授权给本应用' in alert.text
    assert desk.account().pull_at > utc_now() + timedelta(minutes=4)

    desk.wecom.kf.add_account('招生咨询', open_kfid=ACCOUNT)
    desk.later()
    await desk.hears('周六有课吗')
    assert desk.db.read(alerts.open_alerts) == []


async def test_an_account_that_is_read_does_not_end_the_trouble_of_another(desk: Desk) -> None:
    desk.wecom.kf.add_account('招生咨询', open_kfid=ACCOUNT, granted=False)
    desk.wecom.kf.add_account('教务', open_kfid='wkOffice', granted=False)
    for account in (ACCOUNT, 'wkOffice'):
        desk.rung(account=account)
    await desk.read()
    assert len(desk.db.read(alerts.open_alerts)) == 2

    desk.wecom.kf.add_account('招生咨询', open_kfid=ACCOUNT)
    desk.rung()
    await desk.read()

    [alert] = desk.db.read(alerts.open_alerts)
    assert 'wkOffice' in alert.text
    assert alert.count == 1


async def test_wecom_out_of_reach_costs_nothing_but_time(desk: Desk) -> None:
    desk.says('周六有课吗')
    desk.rung()
    desk.wecom.fail_next(path='kf/sync_msg', http_status=502)
    await desk.read()
    assert desk.messages() == []

    desk.later()
    await desk.read()
    assert desk.texts() == ['周六有课吗']


async def test_what_a_servicer_wrote_in_wecom_stands_in_the_chat_and_ends_our_offer(desk: Desk) -> None:
    await desk.hears('周六有课吗')
    desk.drafted()
    desk.wecom.kf.set_state(ACCOUNT, PARENT, 3, 'LiNa')
    desk.wecom.servicers.says(ACCOUNT, PARENT, '有的，上午九点，电话 13812345678')
    desk.rung()
    await desk.read()

    answer = desk.messages()[-1]
    assert (answer.direction, answer.author) == (Direction.OUT, Author.STAFF)
    assert answer.text == '有的，上午九点，电话 ⟦手机号1⟧'
    assert answer.fields['servicer_userid'] == 'LiNa'
    assert desk.draft().status is DraftStatus.SUPERSEDED
    assert desk.conversation().waiting_since is None
    assert TurnStatus.WAITING not in desk.turns()


async def test_a_colleague_is_known_however_her_id_is_written(desk: Desk) -> None:
    colleague = desk.db.transact(story.member, Role.AGENT, '李老师')
    desk.db.transact(lambda session: setattr(session.get(Staff, colleague.id), 'wecom_userid', 'lina'))
    await desk.hears('周六有课吗')
    desk.wecom.kf.set_state(ACCOUNT, PARENT, 3, 'LiNa')
    desk.wecom.servicers.says(ACCOUNT, PARENT, '有的。')
    desk.rung()
    await desk.read()

    assert desk.messages()[-1].staff_id == colleague.id
    assert desk.db.read(kf_sessions.name_of, 'LINA') == '李老师'


async def test_a_message_that_was_taken_back_is_marked(desk: Desk) -> None:
    desk.says('发错了')
    kept = desk.says('周六有课吗')
    desk.wecom.kf.customer_recalls(ACCOUNT, log_of(desk)[0])
    desk.rung()
    await desk.read()

    assert [message.external_id for message in desk.messages() if message.recalled_at is None] == [kept]


async def test_events_are_kept_sealed_once_also_when_all_is_read_again(desk: Desk) -> None:
    await desk.hears()
    desk.wecom.servicers.status(ACCOUNT, 'LiNa', on=False)
    for _ in range(2):
        desk.change(KfAccount, cursor=None)
        desk.rung()
        await desk.read()

    [event] = desk.db.read(lambda session: session.scalars(select(ReceivedEvent)).all())
    assert event.status is EventStatus.DONE
    assert 'servicer_status_change' in cipher().open(event.sealed, f'received_event:{event.dedup_key}')


async def test_customers_are_called_what_they_call_themselves(desk: Desk) -> None:
    await desk.hears()

    [contact] = desk.db.read(lambda session: session.scalars(select(Contact)).all())
    assert (contact.name, contact.account) == ('小明妈妈', ACCOUNT)
    assert contact.synced_at is not None


async def test_accounts_come_and_go_as_the_administrator_grants_them(desk: Desk) -> None:
    desk.event('kf_account_auth_change', '<AuthAddOpenKfId>wkA</AuthAddOpenKfId><AuthAddOpenKfId>wkB</AuthAddOpenKfId>')
    assert active(desk) == {'wkA': True, 'wkB': True}

    desk.event('kf_account_auth_change', '<AuthDelOpenKfId>wkA</AuthDelOpenKfId>')
    assert active(desk) == {'wkA': False, 'wkB': True}

    assert await kf.look_for_accounts(desk.client)
    assert active(desk) == {'wkA': False, 'wkB': False, ACCOUNT: True}


async def test_an_answer_that_lists_nothing_takes_no_account_away(desk: Desk) -> None:
    desk.rung()
    with serving() as api:  # which says ok and no more
        given = CREDENTIALS
        client = KfClient(WeComClient(given.corp_id, given.agent_id, given.secret, api.base_url))
        assert await kf.look_for_accounts(client)

    assert active(desk) == {ACCOUNT: True}


def active(desk: Desk) -> dict[str, bool]:
    return {row.open_kfid: row.active for row in desk.db.read(lambda session: session.scalars(select(KfAccount)).all())}
