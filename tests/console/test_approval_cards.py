"""Drafts on supervisors' phones: shown as a card, decided by a press, and no longer offered once decided."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console import approval_cards, approval_presses, company, draft_decisions, file_types, media_files, replies, staff
from console.approval_post import ApprovalPost
from console.database import Database
from console.errors import ConsoleError, Invalid, NotAllowed
from console.wecom.client import WeComClient
from console.wecom.events import parse
from console.writing.context import Check, Proposal
from models import ApprovalCard, AuditEntry, CardStatus, Delivery, Draft, DraftStatus, Role, Staff, utc_now
from tests import story
from tests.wecom.fake_api import FakeApi, serving

SENT = {'errcode': 0, 'errmsg': 'ok', 'msgid': 'm1', 'response_code': 'code-of-the-message'}


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving() as api:
        api.answers('message/send', SENT)
        yield api


@pytest.fixture
def post(api: FakeApi, db: Database) -> ApprovalPost:
    return ApprovalPost(WeComClient('ww1', 7, 'secret', api.base_url), 'https://desk.example.com')


def on_the_phone(session: Session, userid: str = 'Wang', name: str = '王老师', role: Role = Role.SUPERVISOR) -> Staff:
    """A member to whom drafts come on the phone."""
    admin = story.member(session, Role.ADMIN)
    member = story.member(session, role, name)
    staff.change(session, member.id, wecom_userid=userid, by=admin.id)
    staff.approve_on_phone(session, member.id, True, by=member.id)
    return member


async def all_done(post: ApprovalPost, db: Database) -> None:
    db.loop = asyncio.get_running_loop()
    for _ in range(20):
        if not await post.step():
            return
    raise AssertionError('it does not come to an end')


def press(
    db: Database,
    card: ApprovalCard,
    *,
    by: str = 'wang',
    key: str = 'approve',
    task_id: str | None = None,
    corp_id: str = 'ww1',
) -> None:
    xml = (
        f'<xml><FromUserName>{by}</FromUserName><CreateTime>1764000000</CreateTime><MsgType>event</MsgType>'
        f'<Event>template_card_event</Event><EventKey>{key}</EventKey><TaskId>{task_id or card.task_id}</TaskId>'
        '<CardType>button_interaction</CardType><ResponseCode>code-of-the-press</ResponseCode><AgentID>7</AgentID></xml>'
    )
    db.transact(approval_presses.pressed, corp_id, parse(xml))


def cards(db: Database) -> list[ApprovalCard]:
    return list(db.read(lambda session: session.scalars(select(ApprovalCard).order_by(ApprovalCard.id)).all()))


def draft_of(db: Database, draft: Draft) -> Draft:
    return db.read(lambda session: session.get_one(Draft, draft.id))


def updates(api: FakeApi) -> list[tuple[str, str, str]]:
    """Whose card was changed with which code to say what."""
    asked = [json.loads(one.body) for one in api.asked_for('message/update_template_card')]
    return [(one['userids'][0], one['response_code'], one['button']['replace_name']) for one in asked]


async def test_a_waiting_draft_comes_to_the_phone_with_the_parents_words_and_no_whole_number(
    db: Database, api: FakeApi, post: ApprovalPost
) -> None:
    db.transact(on_the_phone)
    draft = db.transact(story.drafted, '您好，周六上午有课。', question='我是13812345678，周六有课吗')

    await all_done(post, db)

    [asked] = [json.loads(one.body) for one in api.asked_for('message/send')]
    shown = asked['template_card']
    assert asked['touser'] == 'Wang'
    assert shown['card_type'] == 'button_interaction'
    assert shown['main_title']['desc'] == '我是138****5678，周六有课吗'
    assert shown['sub_title_text'] == '您好，周六上午有课。'
    assert [one['text'] for one in shown['button_list']] == ['批准', '打开']
    assert shown['button_list'][1]['url'] == f'https://desk.example.com/review?draft={draft.id}'
    [card] = cards(db)
    assert (card.status, card.task_id) == (CardStatus.SHOWN, shown['task_id'])
    assert 'code-of-the-message' not in (card.response_code_sealed or '')


async def test_a_file_on_the_phone_says_what_it_is(db: Database, api: FakeApi, post: ApprovalPost) -> None:
    db.transact(on_the_phone)
    agent = db.transact(story.member, Role.AGENT, '周顾问').id
    stored = media_files.store(b'%PDF-1.7 ' + bytes(2039), '报名表.pdf', 'file')
    number = db.transact(media_files.give, stored, 'file', by=agent).id
    chat = db.transact(lambda session: story.drafted(session).conversation_id)
    db.transact(replies.send_file, chat, number, by=agent)

    await all_done(post, db)

    shown = json.loads(api.asked_for('message/send')[-1].body)['template_card']
    facts = {one['keyname']: one['value'] for one in shown['horizontal_content_list']}
    assert facts == {'类型': file_types.word_for('application/pdf', '报名表.pdf'), '名称': '报名表.pdf', '大小': '2 KB'}


async def test_a_press_releases_the_draft_as_the_page_would_and_every_card_says_so(
    db: Database, api: FakeApi, post: ApprovalPost
) -> None:
    wang = db.transact(on_the_phone)
    db.transact(on_the_phone, 'Li', '李老师')
    draft = db.transact(story.drafted)
    await all_done(post, db)

    press(db, cards(db)[0])
    await all_done(post, db)

    found = draft_of(db, draft)
    assert (found.status, found.decided_by_id) == (DraftStatus.APPROVED, wang.id)
    assert sorted(updates(api)) == [
        ('Li', 'code-of-the-message', '王老师 已批准'),
        ('Wang', 'code-of-the-press', '王老师 已批准'),
    ]
    assert [card.status for card in cards(db)] == [CardStatus.CLOSED, CardStatus.CLOSED]
    entry = db.read(
        lambda session: session.scalars(select(AuditEntry).where(AuditEntry.action == 'approve_on_phone')).one()
    )
    assert (entry.staff_id, entry.subject_id) == (wang.id, draft.id)


async def test_a_second_press_has_no_second_effect(db: Database, api: FakeApi, post: ApprovalPost) -> None:
    db.transact(on_the_phone)
    db.transact(story.drafted)
    await all_done(post, db)

    for _ in range(2):
        press(db, cards(db)[0])
        await all_done(post, db)

    assert len(db.read(lambda session: session.scalars(select(Delivery)).all())) == 1
    assert updates(api)[-1][2] == '王老师 已批准'


async def test_presses_and_the_page_at_once_release_the_draft_once(db: Database, post: ApprovalPost) -> None:
    wang = db.transact(on_the_phone)
    draft = db.transact(story.drafted)
    await all_done(post, db)
    [card] = cards(db)

    def on_the_page() -> None:
        with suppress(ConsoleError):
            db.transact(draft_decisions.approve, draft.id, version=1, by=wang.id, undo=story.NOW)

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(press, db, card), threads.submit(on_the_page), threads.submit(press, db, card)]:
            done.result()

    assert len(db.read(lambda session: session.scalars(select(Delivery)).all())) == 1
    assert cards(db)[0].outcome == '王老师 已批准'


async def test_a_press_by_another_on_an_unknown_card_or_from_another_company_has_no_effect(
    db: Database, post: ApprovalPost, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.transact(on_the_phone)
    draft = db.transact(story.drafted)
    await all_done(post, db)
    [card] = cards(db)
    monkeypatch.setattr(company, 'corp_id', 'ww1')

    press(db, card, by='mallory')
    press(db, card, by='')
    press(db, card, task_id='draft1_0000')
    press(db, card, key='something else')
    press(db, card, corp_id='sandbox')

    assert draft_of(db, draft).status is DraftStatus.PENDING
    assert cards(db)[0].status is CardStatus.SHOWN


async def test_a_press_after_the_parent_wrote_again_sends_nothing_and_says_why(
    db: Database, api: FakeApi, post: ApprovalPost
) -> None:
    db.transact(on_the_phone)
    draft = db.transact(story.drafted)
    await all_done(post, db)
    db.transact(story.said, '算了，改周日')

    press(db, cards(db)[0])
    await all_done(post, db)

    assert draft_of(db, draft).status is DraftStatus.SUPERSEDED
    assert updates(api) == [('Wang', 'code-of-the-press', '已过期：家长又发来了新消息')]


async def test_a_press_on_a_text_that_was_changed_since_sends_nothing(
    db: Database, api: FakeApi, post: ApprovalPost
) -> None:
    wang = db.transact(on_the_phone)
    draft = db.transact(story.drafted)
    await all_done(post, db)
    db.transact(draft_decisions.edit, draft.id, version=1, by=wang.id, content='周日下午有课。')

    press(db, cards(db)[0])

    assert draft_of(db, draft).status is DraftStatus.PENDING
    await all_done(post, db)
    assert updates(api)[-1][2] == '王老师 修改了内容'


@pytest.mark.parametrize('change', [{'role': Role.AGENT}, {'active': False}])
async def test_who_may_no_longer_review_releases_nothing(
    db: Database, api: FakeApi, post: ApprovalPost, change: dict[str, object]
) -> None:
    wang = db.transact(on_the_phone)
    draft = db.transact(story.drafted)
    await all_done(post, db)
    admin = db.transact(story.member, Role.ADMIN)
    db.transact(staff.change, wang.id, by=admin.id, **change)

    press(db, cards(db)[0])
    await all_done(post, db)

    assert draft_of(db, draft).status is DraftStatus.PENDING
    assert updates(api) == [('Wang', 'code-of-the-press', '您已没有审批权限')]


async def test_what_is_decided_in_the_console_loses_its_buttons_and_what_was_never_shown_is_not_sent(
    db: Database, api: FakeApi, post: ApprovalPost
) -> None:
    wang = db.transact(on_the_phone)
    first = db.transact(story.drafted)
    await all_done(post, db)
    second = db.transact(story.drafted, who='liu_baba')

    db.transact(draft_decisions.reject, first.id, version=1, by=wang.id, reason='语气不合适')
    db.transact(draft_decisions.approve, second.id, version=1, by=wang.id, undo=story.NOW)
    await all_done(post, db)

    assert updates(api) == [('Wang', 'code-of-the-message', '王老师 已退回')]
    assert len(api.asked_for('message/send')) == 1


async def test_an_undone_approval_is_offered_anew(db: Database, api: FakeApi, post: ApprovalPost) -> None:
    wang = db.transact(on_the_phone)
    draft = db.transact(story.drafted)
    await all_done(post, db)
    db.transact(draft_decisions.approve, draft.id, version=1, by=wang.id, undo=timedelta(minutes=1))
    db.transact(draft_decisions.undo, draft.id, by=wang.id)

    await all_done(post, db)
    press(db, cards(db)[-1])

    assert [card.version for card in cards(db)] == [1, 2]
    assert draft_of(db, draft).status is DraftStatus.APPROVED


@pytest.mark.parametrize(
    'flaw',
    [{'needs_human': True}, {'checks': (Check(kind='number', level='block', text='没有依据的数字', detail='3'),)}],
)
def test_what_a_person_must_look_at_closely_does_not_come_to_the_phone(
    db: Database, flaw: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    db.transact(on_the_phone)
    plain = story.proposal

    def flawed(text: str = '您好') -> Proposal:
        return replace(plain(text), **flaw)

    monkeypatch.setattr(story, 'proposal', flawed)
    db.transact(story.drafted)

    assert cards(db) == []


async def test_a_card_decided_on_its_way_is_changed_as_soon_as_it_is_there(db: Database) -> None:
    wang = db.transact(on_the_phone)
    draft = db.transact(story.drafted)
    showing = db.transact(approval_cards.next_to_show)
    assert showing is not None
    db.transact(draft_decisions.approve, draft.id, version=1, by=wang.id, undo=story.NOW)

    db.transact(approval_cards.shown, showing, 'code')

    assert cards(db)[0].status is CardStatus.STALE
    closing = db.transact(approval_cards.next_to_close)
    assert closing is not None
    assert (closing.response_code, closing.outcome) == ('code', '王老师 已批准')


async def test_a_card_that_cannot_be_sent_is_tried_again_and_one_wecom_refuses_is_not(
    db: Database, api: FakeApi, post: ApprovalPost
) -> None:
    db.transact(on_the_phone)
    db.transact(story.drafted)
    api.answers('message/send', {'errcode': 45009, 'errmsg': 'too often'})
    await all_done(post, db)
    assert cards(db)[0].status is CardStatus.READY

    db.transact(lambda session: session.execute(update(ApprovalCard).values(due_at=utc_now())))
    api.answers('message/send', {'errcode': 81013, 'errmsg': 'user invalid'})
    await all_done(post, db)

    assert cards(db)[0].status is CardStatus.FAILED
    assert '81013' in (cards(db)[0].last_error or '')


def test_only_who_may_review_and_is_known_in_wecom_gets_cards(db: Database) -> None:
    agent, supervisor = db.transact(story.member, Role.AGENT), db.transact(story.member, Role.SUPERVISOR)

    with pytest.raises(Invalid, match='主管'):
        db.transact(staff.approve_on_phone, agent.id, True, by=agent.id)
    with pytest.raises(Invalid, match='userid'):
        db.transact(staff.approve_on_phone, supervisor.id, True, by=supervisor.id)
    with pytest.raises(NotAllowed):
        db.transact(staff.approve_on_phone, agent.id, True, by=supervisor.id)


def test_a_person_has_no_more_cards_than_they_can_look_through(db: Database) -> None:
    db.transact(on_the_phone)
    for number in range(approval_cards.MOST_OPEN + 2):
        db.transact(story.drafted, who=f'parent{number}')

    assert len(cards(db)) == approval_cards.MOST_OPEN
