from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, update

from console import (
    conversation_list,
    conversations,
    draft_decisions,
    drafts,
    inbox,
    notes,
    presence,
    replies,
    resolving,
    snoozing,
    students,
    tags,
    today,
)
from console.conversation_list import NOBODY, Changed, Tab, Wanted
from console.database import Database
from console.errors import Conflict, Invalid, NotAllowed
from console.students import StudentFields
from console.wecom.contacts import CorpTag
from models import (
    AuditEntry,
    Channel,
    Conversation,
    ConversationStatus,
    Draft,
    DraftStatus,
    Message,
    Role,
    Staff,
    utc_now,
)
from tests import story

LATER = timedelta(hours=1)


def shown(db: Database, by: int, **wanted: object) -> list[int]:
    return [line.conversation_id for line in db.read(conversation_list.lines, by=by, wanted=Wanted(**wanted))]


def test_a_snoozed_conversation_is_out_of_sight_until_its_time_or_the_parents_next_word(db: Database) -> None:
    by = db.transact(story.member).id
    number = db.transact(story.said, '在吗').id

    db.transact(snoozing.snooze, number, utc_now() + LATER, by=by)
    assert (shown(db, by, tab=Tab.WAITING), shown(db, by, tab=Tab.LATER)) == ([], [number])
    assert db.read(today.counts, by=by).waiting == 0

    db.transact(story.said, '请尽快回复')
    assert (shown(db, by, tab=Tab.WAITING), shown(db, by, tab=Tab.LATER)) == ([number], [])

    db.transact(snoozing.snooze, number, utc_now() + LATER, by=by)
    _let_it_come_due(db)
    assert shown(db, by, tab=Tab.WAITING) == [number]
    assert [row.conversation.id for row in db.read(snoozing.due, by=by, limit=5)] == [number]
    db.transact(inbox.attend, number, by=by)
    assert db.read(snoozing.due, by=by, limit=5) == []


def test_snoozing_is_undone_and_the_past_is_refused(db: Database) -> None:
    by = db.transact(story.member).id
    number = db.transact(story.said, '在吗').id
    db.transact(snoozing.snooze, number, utc_now() + LATER, by=by)

    db.transact(snoozing.wake, number, by=by)

    assert shown(db, by, tab=Tab.WAITING) == [number]
    with pytest.raises(Invalid):
        db.transact(snoozing.snooze, number, utc_now() - LATER, by=by)


def test_the_end_of_the_day_is_offered_only_while_it_is_to_come() -> None:
    afternoon = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)  # 15:00 at the school

    assert snoozing.offered(afternoon)['今天下班前 18:00'] == datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    assert snoozing.offered(afternoon)['明早 9:00'] == datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
    assert list(snoozing.offered(afternoon + timedelta(hours=4))) == ['1 小时后', '明早 9:00']
    assert snoozing.word(datetime(2026, 11, 25, 1, 0, tzinfo=UTC), afternoon) == '明天 09:00'


def test_the_list_is_narrowed_by_who_where_and_what_it_is_tagged_with(db: Database) -> None:
    lead = db.transact(story.member)
    mine, nobodys = db.transact(story.said, '甲'), db.transact(story.said, '乙', who='li_baba', channel=Channel.KF)
    db.transact(conversations.assign, mine.id, lead.id, by=lead.id)
    student = db.transact(students.create, StudentFields(name='王梦瑶', tags=['重点']), by=lead.id)
    db.transact(students.link, mine.id, student.id, by=lead.id)
    db.transact(tags.keep, [CorpTag(wecom_id='t1', name='老客户', group_name=None, position=0)])
    db.transact(tags.replace, {nobodys.contact_id: ['t1']})

    assert shown(db, lead.id, assignee=lead.id) == [mine.id]
    assert shown(db, lead.id, assignee=NOBODY) == [nobodys.id]
    assert shown(db, lead.id, channel=Channel.KF) == [nobodys.id]
    assert shown(db, lead.id, tag='重点') == [mine.id]
    assert shown(db, lead.id, tag='老客户') == [nobodys.id]
    assert db.read(conversation_list.tags_in_use, by=lead.id) == ['老客户', '重点']


def test_the_tags_of_a_foreign_student_are_not_offered(db: Database) -> None:
    lead, other = db.transact(story.member), db.transact(story.member, Role.AGENT, '别人')
    agent, tester = db.transact(story.member, Role.AGENT), db.transact(story.member, Role.TESTER)
    for owner, given in ((agent, ['重点', '续费']), (agent, ['续费', '重点']), (other, ['投诉过']), (None, [])):
        values = StudentFields(name='王梦瑶', tags=given, owner_id=owner.id if owner else None)
        db.transact(students.create, values, by=lead.id)

    assert db.read(conversation_list.tags_in_use, by=agent.id) == ['续费', '重点']
    assert db.read(conversation_list.tags_in_use, by=lead.id) == ['投诉过', '续费', '重点']
    assert db.read(conversation_list.tags_in_use, by=tester.id) == []


def test_filters_outlive_being_kept() -> None:
    wanted = Wanted(tab=Tab.LATER, assignee=NOBODY, channel=Channel.KF, tag='重点', words='退费')

    assert conversation_list.from_kept(wanted.kept()) == wanted
    assert conversation_list.from_kept({'tab': '没有了', 'channel': 'fax'}) == Wanted()


def test_a_page_of_the_list_takes_few_queries(db: Database) -> None:
    by = db.transact(story.member).id
    for number in range(5):
        db.transact(story.said, f'我的电话 1381234567{number}', who=f'parent{number}')
    asked: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(db.engine, 'before_cursor_execute', count)
    found = db.transact(conversation_list.lines, by=by, wanted=Wanted(tab=Tab.WAITING))
    event.remove(db.engine, 'before_cursor_execute', count)

    assert len(found) == 5
    assert 0 < len([one for one in asked if one.startswith('SELECT')]) <= 6


def test_resolving_leaves_nothing_to_be_released(db: Database) -> None:
    lead = db.transact(story.member)
    draft = db.transact(story.drafted)

    db.transact(resolving.resolve, draft.conversation_id, by=lead.id)

    after, _ = db.read(drafts.seen, draft.id, by=lead.id)
    assert (after.status, after.reason) == (DraftStatus.SUPERSEDED, '林主管将会话标为已解决')
    reopened = db.transact(resolving.reopen, draft.conversation_id, by=lead.id)
    assert reopened.status is ConversationStatus.WAITING


def test_a_conversation_opened_again_has_the_draft_that_resolving_put_aside(db: Database) -> None:
    lead = db.transact(story.member)
    draft = db.transact(story.drafted)
    number, version = draft.conversation_id, draft.version
    db.transact(resolving.resolve, number, by=lead.id)

    reopened = db.transact(resolving.reopen, number, by=lead.id)

    pending = db.read(drafts.pending_in, number, by=lead.id)
    assert pending is not None
    assert (pending.id, pending.reason, pending.version) == (draft.id, None, version + 1)
    assert reopened.review_by is not None
    db.transact(resolving.reopen, number, by=lead.id)
    db.transact(draft_decisions.approve, draft.id, version=version + 1, by=lead.id, undo=LATER)


def test_a_draft_stays_aside_where_somebody_spoke_since_or_it_was_put_aside_before(db: Database) -> None:
    lead = db.transact(story.member)
    answered, overtaken, asked_again = (db.transact(story.drafted, who=who) for who in ('li', 'wang', 'zhao'))
    for draft in (answered, overtaken, asked_again):
        if draft is overtaken:
            db.transact(replies.take_over, draft.conversation_id, by=lead.id)
        db.transact(resolving.resolve, draft.conversation_id, by=lead.id)
    db.transact(replies.send, answered.conversation_id, '您好，有课。', by=lead.id)
    db.transact(story.said, '在吗', who='zhao')

    for draft in (answered, overtaken, asked_again):
        db.transact(resolving.reopen, draft.conversation_id, by=lead.id)
        assert db.read(drafts.pending_in, draft.conversation_id, by=lead.id) is None


def test_what_an_agent_wrote_after_an_answer_stays_refused_until_somebody_speaks(db: Database) -> None:
    lead, agent = db.transact(story.member), db.transact(story.member, Role.AGENT, '孙老师')
    number = db.transact(story.said, '周六有课吗').id
    db.transact(replies.send, number, '有的。', by=lead.id)
    draft = db.transact(replies.propose, number, '请带好水杯。', by=agent.id)

    db.transact(draft_decisions.reject, draft.id, version=draft.version, by=lead.id, reason='其他', note='她自己知道')
    refused = db.read(inbox.opened, number, by=agent.id).refused
    assert refused is not None
    assert (refused.draft_id, refused.remark) == (draft.id, '她自己知道')

    db.transact(replies.send, number, '周六见。', by=lead.id)
    assert db.read(inbox.opened, number, by=agent.id).refused is None


def test_taking_over_and_handing_back_are_on_record(db: Database) -> None:
    agent = db.transact(story.member, Role.AGENT, '孙老师')
    number = db.transact(story.said, '在吗').id

    db.transact(replies.take_over, number, by=agent.id)
    db.transact(replies.hand_back, number, by=agent.id)

    done = db.read(lambda session: [(one.action, one.staff_id) for one in session.query(AuditEntry).order_by('id')])
    assert done[-2:] == [('take_over', agent.id), ('hand_back', agent.id)]


def test_ones_own_reply_is_taken_back_before_it_is_sent_and_not_after(db: Database) -> None:
    lead = db.transact(story.member)
    number = db.transact(story.said, '在吗').id
    sent = db.transact(replies.send, number, '在的', by=lead.id, undo=timedelta(seconds=5))
    assert not isinstance(sent, Draft)

    db.transact(replies.take_back, sent.id, by=lead.id)

    after = db.read(inbox.opened, number, by=lead.id)
    assert [message.text for message in after.messages] == ['在吗']
    assert after.listed.conversation.status is ConversationStatus.WAITING
    imported = db.transact(_without_delivery, number, lead.id)
    with pytest.raises(Conflict):
        db.transact(replies.take_back, imported.id, by=lead.id)


def test_a_proposal_that_was_released_is_taken_back_where_it_was_released_or_not_at_all(db: Database) -> None:
    agent, lead = db.transact(story.member, Role.AGENT, '孙老师'), db.transact(story.member)
    number = db.transact(story.said, '在吗').id
    draft = db.transact(replies.propose, number, '在的', by=agent.id)
    db.transact(
        draft_decisions.approve, draft.id, version=1, by=lead.id, undo=timedelta(seconds=5), confirm_reason='已核对'
    )
    [sent] = [one for one in db.read(inbox.opened, number, by=lead.id).messages if one.staff_id == lead.id]

    with pytest.raises(Conflict):
        db.transact(replies.take_back, sent.id, by=lead.id)

    db.transact(draft_decisions.undo, draft.id, by=lead.id)
    assert db.read(drafts.seen, draft.id, by=lead.id)[0].status is DraftStatus.PENDING


def _without_delivery(session: object, number: int, by: int) -> Message:
    conversation = conversations.locked(session, number)
    return conversations.add_message(session, conversation, direction='out', author='staff', staff_id=by, text='旧的')


def _let_it_come_due(db: Database) -> None:
    past = utc_now() - timedelta(minutes=1)
    db.transact(lambda session: session.execute(update(Conversation).values(snoozed_until=past)))


def test_pages_that_ask_together_each_get_what_is_theirs_in_one_reading(db: Database) -> None:
    lead, other = (db.transact(story.member, Role.SUPERVISOR, name).id for name in ('林主管', '王主管'))
    agent, gone = (db.transact(story.member, Role.AGENT, name).id for name in ('周顾问', '何顾问'))
    first, second = db.transact(story.said, '在吗', who='one').id, db.transact(story.said, '您好', who='two').id
    db.transact(conversations.assign, first, lead, by=lead)
    db.transact(notes.add, first, '@王主管 请看', by=lead)
    db.transact(presence.here, second, by=lead)
    db.transact(lambda session: session.execute(update(Staff).where(Staff.id == gone).values(active=False)))
    everything, waiting = Wanted(), Wanted(tab=Tab.WAITING)
    both = frozenset({first, second})
    statements: list[str] = []
    event.listen(db.read_engine, 'before_cursor_execute', lambda *given: statements.append(given[2]))
    asked = [
        Changed(by=lead, wanted=everything, only=both),
        Changed(by=other, wanted=everything, only=frozenset({first})),
        Changed(by=agent, wanted=waiting, only=both),
        Changed(by=gone, wanted=everything, only=both),
    ]

    answers = db.read(conversation_list.amended, asked)

    assert [{line.conversation_id for line in found} for found in answers[:3]] == [both, {first}, {second}]
    assert isinstance(answers[3], NotAllowed)
    [hers] = answers[1]
    assert hers.named
    assert not any(line.named or line.colleagues for line in answers[0])
    assert [one.words for one in answers[2][0].colleagues] == ['林主管 正在查看']
    assert answers[1] == db.read(conversation_list.lines, by=other, wanted=everything)[-1:]
    once = len(statements)
    statements.clear()
    db.read(conversation_list.amended, [asked[0]] * 50)
    assert len(statements) < once
