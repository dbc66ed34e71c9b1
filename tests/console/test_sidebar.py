"""Whose chat the pane is beside, who may know of it, and what is kept of a message that left in the client."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from console import (
    client_sends,
    conversations,
    draft_decisions,
    drafts,
    inbox,
    next_steps,
    replies,
    scripts,
    sidebar,
    staff,
    students,
    turns,
)
from console.database import Database
from console.drafts import DraftBlocked
from console.enrolments import EnrolmentFields
from console.errors import Conflict, Invalid, NotFound
from console.guardians import GuardianFields
from console.sidebar import NotYours
from console.students import StudentFields
from models import (
    Author,
    Channel,
    Contact,
    Direction,
    Draft,
    DraftStatus,
    Message,
    Role,
    SessionState,
    Staff,
    Stage,
    Student,
    utc_now,
)
from tests import story

PARENT = 'wmParent'


def agent(session: Session, userid: str) -> Staff:
    return staff.create(
        session, username=userid.lower(), name=userid, role=Role.AGENT, password_hash=None, by=None, wecom_userid=userid
    )


def customer(session: Session, of: str, who: str = PARENT) -> int:
    contact = Contact(channel=Channel.CONTACT, account=of, external_userid=who, name='云淡风轻')
    session.add(contact)
    session.flush()
    return contact.id


def out(session: Session) -> list[Message]:
    return list(session.scalars(select(Message).where(Message.direction == Direction.OUT).order_by(Message.id)))


def test_a_member_finds_her_own_customer_whatever_the_case_of_her_name(db: Database) -> None:
    zhou = db.transact(agent, 'ZhouGuWen')
    contact_id = db.transact(customer, 'zhouguwen')

    assert db.read(sidebar.find, PARENT, entry='single_chat_tools', by=zhou.id) == contact_id


@pytest.mark.parametrize('entry', ['single_chat_tools', 'single_kf_tools', 'contact_profile', 'normal'])
def test_anothers_customer_is_refused_by_every_way(db: Database, entry: str) -> None:
    zhou, _ = db.transact(agent, 'ZhouGuWen'), db.transact(agent, 'LiLaoShi')
    contact_id = db.transact(customer, 'LiLaoShi')
    deeds: list[Callable[[], object]] = [
        lambda: db.read(sidebar.find, PARENT, entry=entry, by=zhou.id),
        lambda: db.read(sidebar.pane, contact_id, by=zhou.id),
        lambda: db.transact(sidebar.pasted, contact_id, '在吗', by=zhou.id),
        lambda: db.transact(sidebar.another, contact_id, remark='', by=zhou.id),
        lambda: db.transact(sidebar.hand_in, contact_id, '在的', by=zhou.id),
        lambda: db.transact(sidebar.follow_up, contact_id, '在的', by=zhou.id),
        lambda: db.transact(client_sends.clear, contact_id, '在的', by=zhou.id),
        lambda: db.transact(client_sends.record, contact_id, '在的', sent_id='1', by=zhou.id),
    ]
    for deed in deeds:
        with pytest.raises(NotYours):
            deed()


def test_what_was_pasted_in_a_private_chat_is_no_colleagues_business(db: Database) -> None:
    zhou, li = db.transact(agent, 'ZhouGuWen'), db.transact(agent, 'LiLaoShi')
    contact_id = db.transact(customer, 'LiLaoShi')
    turn = db.transact(sidebar.pasted, contact_id, '能退费吗', by=li.id)

    assert db.read(conversations.seen, turn.conversation_id, by=li.id).conversation.assignee_id == li.id
    with pytest.raises(NotFound):
        db.read(conversations.seen, turn.conversation_id, by=zhou.id)
    db.transact(conversations.assign, turn.conversation_id, None, by=li.id)
    with pytest.raises(NotFound):
        db.read(conversations.seen, turn.conversation_id, by=zhou.id)
    assert db.read(conversations.seen, turn.conversation_id, by=li.id)


def test_who_serves_the_session_in_the_client_may_know_of_it(db: Database) -> None:
    zhou, boss = db.transact(agent, 'ZhouGuWen'), db.transact(story.member)
    talk = db.transact(story.said, '在吗', who=PARENT, channel=Channel.KF)
    db.transact(conversations.assign, talk.id, boss.id, by=boss.id)
    with pytest.raises(NotYours):
        db.read(sidebar.find, PARENT, entry='single_kf_tools', by=zhou.id)

    def taken(session: Session) -> None:
        conversation = conversations.locked(session, talk.id)
        conversation.session_state, conversation.servicer = SessionState.SERVICER, 'ZhouGuWen'

    db.transact(taken)
    assert db.read(sidebar.find, PARENT, entry='single_kf_tools', by=zhou.id)


def test_a_played_parent_is_found_in_the_simulation_alone(db: Database) -> None:
    boss = db.transact(story.member)
    db.transact(story.said, '在吗', who=PARENT, channel=Channel.SIMULATE)
    with pytest.raises(NotYours):
        db.read(sidebar.find, PARENT, entry='normal', by=boss.id)


def test_what_the_client_sent_is_kept_once_however_often_it_is_told(db: Database) -> None:
    boss = db.transact(story.member)
    draft = db.transact(story.drafted)
    contact_id = db.read(lambda session: session.scalars(select(Contact.id)).one())
    words = db.transact(client_sends.clear, contact_id, '周六上午有课。', by=boss.id, draft_id=draft.id)
    assert db.read(out) == []

    for _ in range(3):
        db.transact(client_sends.record, contact_id, words, sent_id='a', by=boss.id, draft_id=draft.id)

    [message] = db.read(out)
    assert (message.text, message.author, message.fields) == ('周六上午有课。', Author.AI, {'client': 'a'})
    kept = db.read(lambda session: session.get_one(Draft, draft.id))
    assert (kept.status, kept.content, kept.decided_by_id) == (DraftStatus.SENT, '周六上午有课。', boss.id)
    assert db.read(conversations.seen, message.conversation_id, by=boss.id).conversation.waiting_since is None


def test_wecoms_own_line_about_it_confirms_it_whichever_comes_first(db: Database) -> None:
    boss = db.transact(story.member)
    talk = db.transact(story.said, '在吗', who=PARENT, channel=Channel.KF)
    contact_id = talk.contact_id
    db.transact(client_sends.record, contact_id, '在的', sent_id='a', by=boss.id)

    def listed(session: Session, msgid: str, text: str) -> bool:
        conversation = conversations.locked(session, talk.id)
        return client_sends.confirm(session, conversation, text, msgid=msgid, by=boss.id, at=utc_now())

    assert db.transact(listed, 'wecom-1', '在的') is True
    assert db.transact(listed, 'wecom-2', '在的') is False
    [message] = db.read(out)
    assert (message.external_id, message.fields) == ('wecom-1', {'client': 'a', 'confirmed': True})

    def first(session: Session) -> None:
        conversations.add_message(
            session,
            conversations.locked(session, talk.id),
            direction=Direction.OUT,
            author=Author.STAFF,
            staff_id=boss.id,
            text='明天见',
            external_id='wecom-3',
        )

    db.transact(first)
    db.transact(client_sends.record, contact_id, '明天见', sent_id='b', by=boss.id)
    assert [one.text for one in db.read(out)] == ['在的', '明天见']


def test_an_agent_sends_only_what_was_released_and_the_parent_waits_until_she_has(db: Database) -> None:
    zhou, boss = db.transact(agent, 'ZhouGuWen'), db.transact(story.member)
    contact_id = db.transact(customer, 'ZhouGuWen')
    db.transact(sidebar.pasted, contact_id, '周六有课吗，我的电话13812345678', by=zhou.id)
    with pytest.raises(Conflict, match='提交审核'):
        db.transact(client_sends.clear, contact_id, '有的', by=zhou.id)

    draft = db.transact(sidebar.hand_in, contact_id, '有的，我打138****5678。', by=zhou.id)
    assert db.read(sidebar.pane, contact_id, by=zhou.id).offer.standing == 'handed_in'  # type: ignore[union-attr]
    db.transact(
        draft_decisions.approve,
        draft.id,
        version=draft.version,
        by=boss.id,
        undo=timedelta(0),
        confirm_reason='家长给的',
    )

    offer = db.read(sidebar.pane, contact_id, by=zhou.id).offer
    assert offer is not None
    assert (offer.standing, offer.text, offer.who) == ('released', '有的，我打138****5678。', '林主管')
    assert db.read(out) == []
    with pytest.raises(Conflict, match='提交审核'):
        db.transact(client_sends.clear, contact_id, f'{offer.text}！', by=zhou.id, draft_id=offer.draft_id)
    words = db.transact(client_sends.clear, contact_id, offer.text, by=zhou.id, draft_id=offer.draft_id)
    assert words == '有的，我打13812345678。'
    db.transact(client_sends.record, contact_id, offer.text, sent_id='a', by=zhou.id, draft_id=offer.draft_id)
    [message] = db.read(out)
    assert message.text == '有的，我打⟦手机号1⟧。'
    assert db.read(sidebar.pane, contact_id, by=zhou.id).offer is None


def test_a_refusal_says_why_beside_the_chat_and_in_the_conversation(db: Database) -> None:
    zhou, boss = db.transact(agent, 'ZhouGuWen'), db.transact(story.member)
    contact_id = db.transact(customer, 'ZhouGuWen')
    db.transact(sidebar.pasted, contact_id, '周六有课吗', by=zhou.id)
    draft = db.transact(sidebar.hand_in, contact_id, '有的。', by=zhou.id)

    given = {'reason': '内容不准确', 'note': '周六停课'}
    db.transact(draft_decisions.reject, draft.id, version=draft.version, by=boss.id, **given)

    beside = db.read(sidebar.pane, contact_id, by=zhou.id).offer
    inside = db.read(inbox.opened, draft.conversation_id, by=zhou.id).refused
    assert beside == inside is not None
    assert (inside.text, inside.who, inside.reason, inside.remark) == ('有的。', '林主管', '内容不准确', '周六停课')

    db.transact(draft_decisions.undo, draft.id, by=boss.id)
    db.transact(draft_decisions.reject, draft.id, version=draft.version + 2, by=boss.id, reason='其他')
    again = db.read(inbox.opened, draft.conversation_id, by=zhou.id).refused
    assert again is not None
    assert (again.reason, again.remark) == ('其他', None)

    db.transact(sidebar.pasted, contact_id, '在吗', by=zhou.id)
    assert db.read(inbox.opened, draft.conversation_id, by=zhou.id).refused is None


def test_a_release_that_was_not_sent_is_out_of_date_when_the_parent_goes_on(db: Database) -> None:
    zhou, boss = db.transact(agent, 'ZhouGuWen'), db.transact(story.member)
    contact_id = db.transact(customer, 'ZhouGuWen')
    db.transact(sidebar.pasted, contact_id, '周六有课吗', by=zhou.id)
    draft = db.transact(sidebar.hand_in, contact_id, '有的。', by=zhou.id)
    db.transact(draft_decisions.approve, draft.id, version=draft.version, by=boss.id, undo=timedelta(0))
    db.transact(sidebar.pasted, contact_id, '周日呢', by=zhou.id)

    assert db.read(lambda session: session.get_one(Draft, draft.id)).status is DraftStatus.SUPERSEDED
    with pytest.raises(Conflict, match='提交审核'):
        db.transact(client_sends.clear, contact_id, '有的。', by=zhou.id, draft_id=draft.id)


def test_an_open_check_wants_a_reason_in_the_pane_as_well(db: Database) -> None:
    boss = db.transact(story.member)
    talk = db.transact(story.said, '多少钱')
    with pytest.raises(DraftBlocked):
        db.transact(client_sends.clear, talk.contact_id, '学费99999元。', by=boss.id)
    assert (
        db.transact(client_sends.clear, talk.contact_id, '学费99999元。', by=boss.id, reason='校长同意')
        == '学费99999元。'
    )


def test_the_console_itself_does_not_write_into_a_private_chat(db: Database) -> None:
    boss = db.transact(story.member)
    db.transact(agent, 'ZhouGuWen')
    turn = db.transact(sidebar.pasted, db.transact(customer, 'ZhouGuWen'), '在吗', by=boss.id)
    with pytest.raises(Conflict, match='侧边栏'):
        db.transact(replies.send, turn.conversation_id, '在的', by=boss.id)


def test_siblings_are_known_by_the_parents_number_and_one_of_them_is_spoken_of(db: Database) -> None:
    zhou = db.transact(agent, 'ZhouGuWen')
    contact_id = db.transact(customer, 'ZhouGuWen')
    mother = GuardianFields(name='王女士', phone='13812345678')
    made = [
        db.transact(students.create, StudentFields(name=name), by=zhou.id, guardians=[mother])
        for name in ('大宝', '小宝')
    ]
    db.transact(sidebar.link, contact_id, made[0].id, by=zhou.id)
    assert db.read(sidebar.pane, contact_id, by=zhou.id).children == {made[0].id: '大宝', made[1].id: '小宝'}
    db.transact(sidebar.link, contact_id, made[1].id, by=zhou.id)
    db.transact(sidebar.follow_up, contact_id, '想学书法', by=zhou.id)

    record = db.read(sidebar.pane, contact_id, by=zhou.id).record
    assert record is not None
    assert record.student.name == '小宝'
    assert [one.text for one in db.read(sidebar.followed_up, contact_id, by=zhou.id)] == ['想学书法']


def test_scripts_come_with_names_before_answers_and_are_not_sent_with_a_gap(db: Database) -> None:
    zhou, boss = db.transact(agent, 'ZhouGuWen'), db.transact(story.member)
    contact_id = db.transact(customer, 'ZhouGuWen')
    mother = GuardianFields(name='王女士', kinship='妈妈')
    student = db.transact(students.create, StudentFields(name='小宝'), by=zhou.id, guardians=[mother])
    db.transact(sidebar.link, contact_id, student.id, by=zhou.id)
    db.transact(sidebar.pasted, contact_id, '试听在哪里', by=zhou.id)
    db.transact(scripts.save, '试听', '{学员}的试听在{老师}的教室。', by=boss.id)

    [found] = db.read(sidebar.phrases, contact_id, '试听', by=zhou.id)

    assert found.words == '小宝的试听在{老师}的教室。'
    with pytest.raises(Invalid, match='老师'):
        db.transact(client_sends.clear, contact_id, found.words, by=boss.id)


def test_another_version_is_written_with_the_remark_and_not_over_a_colleagues(db: Database) -> None:
    zhou = db.transact(agent, 'ZhouGuWen')
    contact_id = db.transact(customer, 'ZhouGuWen')
    with pytest.raises(Conflict):
        db.transact(sidebar.another, contact_id, remark='', by=zhou.id)
    db.transact(sidebar.pasted, contact_id, '在吗', by=zhou.id)
    claim = db.transact(turns.claim_next)
    assert claim is not None
    db.transact(drafts.propose, claim, story.proposal('在的。'))
    turn = db.transact(sidebar.another, contact_id, remark='亲切一点', by=zhou.id)
    assert turn.instruction == '亲切一点'
    db.transact(sidebar.hand_in, contact_id, '在的呀。', by=zhou.id)
    with pytest.raises(Conflict):
        db.transact(sidebar.another, contact_id, remark='', by=zhou.id)


def test_the_next_step_is_the_most_pressing_one(db: Database) -> None:
    boss = db.transact(story.member)

    def step(stage: Stage, left: int | None) -> str | None:
        courses = [EnrolmentFields(course='数学', lessons_total=20, lessons_used=20 - left)] if left is not None else []
        student: Student = db.transact(
            students.create, StudentFields(name='小明', stage=stage), by=boss.id, enrolments=courses
        )
        return next_steps.of_record(db.read(students.record, student.id, by=boss.id))

    assert '2 节' in (step(Stage.TRIED, 2) or '')
    assert '试听感受' in (step(Stage.TRIED, None) or '')
    assert step(Stage.ENROLLED, 20) is None
