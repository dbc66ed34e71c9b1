"""Conversations: who may know of which, in what order they wait, and whose numbers stay out of the text."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from console import (
    conversation_list,
    conversations,
    deliveries,
    drafts,
    personal_numbers,
    replies,
    resolving,
    staff,
    students,
    today,
    turns,
)
from console.conversation_list import Tab, Wanted
from console.crypto import cipher
from console.database import Database
from console.errors import Conflict, ConsoleError, NotAllowed, NotFound
from console.guardians import GuardianFields
from console.students import StudentFields
from models import (
    Author,
    Channel,
    Conversation,
    ConversationStatus,
    Delivery,
    DeliveryStatus,
    Draft,
    Message,
    Role,
    TurnStatus,
    utc_now,
)
from tests import story
from tests.console.test_search import follow


def give(db: Database, conversation: Conversation, assignee_id: int | None) -> None:
    def assign(session: object) -> None:
        session.get_one(Conversation, conversation.id).assignee_id = assignee_id

    db.transact(assign)


def refusal_of(act: Callable[[], object]) -> type[ConsoleError] | None:
    try:
        act()
    except ConsoleError as refusal:
        return type(refusal)
    return None


SCOPE = [
    (Role.AGENT, 'own', Channel.APP, True),
    (Role.AGENT, 'unowned', Channel.APP, True),
    (Role.AGENT, 'foreign', Channel.APP, False),
    (Role.SUPERVISOR, 'foreign', Channel.APP, True),
    (Role.SUPERVISOR, 'unowned', Channel.APP, True),
    (Role.ADMIN, 'foreign', Channel.APP, True),
    (Role.ADMIN, 'unowned', Channel.APP, True),
    (Role.TESTER, 'unowned', Channel.APP, False),
    (Role.TESTER, 'own', Channel.APP, False),
    (Role.TESTER, 'foreign', Channel.SIMULATE, True),
]


@pytest.mark.parametrize(('role', 'whose', 'channel', 'visible'), SCOPE)
def test_a_conversation_is_known_only_to_who_may_know_of_it(
    db: Database, role: Role, whose: str, channel: Channel, visible: bool
) -> None:
    me, other = db.transact(story.member, role, '我'), db.transact(story.member, Role.AGENT, '别人')
    conversation = db.transact(story.said, '周六有课吗', channel=channel)
    give(db, conversation, {'own': me.id, 'foreign': other.id, 'unowned': None}[whose])
    follow(db)
    refusal = None if visible else NotFound

    for look in (conversations.seen, conversations.messages, drafts.pending_in):
        assert refusal_of(lambda look=look: db.read(look, conversation.id, by=me.id)) is refusal
    assert refusal_of(lambda: db.transact(conversations.mark_read, conversation.id, by=me.id)) is refusal
    assert len(db.read(conversation_list.page, by=me.id)) == visible
    assert len(db.read(conversation_list.page, by=me.id, wanted=Wanted(words='周六'))) == visible
    assert db.read(today.counts, by=me.id).waiting == visible


ACTS: list[Callable[..., object]] = [
    lambda session, number, by: replies.send(session, number, '您好', by=by),
    lambda session, number, by: replies.propose(session, number, '您好', by=by),
    lambda session, number, by: replies.ask_ai(session, number, by=by),
    lambda session, number, by: replies.take_over(session, number, by=by),
    lambda session, number, by: replies.hand_back(session, number, by=by),
    lambda session, number, by: conversations.assign(session, number, None, by=by),
    lambda session, number, by: resolving.resolve(session, number, by=by),
]


@pytest.mark.parametrize('act', ACTS)
def test_nothing_is_done_in_a_foreign_conversation(db: Database, act: Callable[..., object]) -> None:
    me, other = db.transact(story.member, Role.AGENT, '我'), db.transact(story.member, Role.AGENT, '别人')
    tester = db.transact(story.member, Role.TESTER, '测试')
    conversation = db.transact(story.said, '周六有课吗')
    give(db, conversation, other.id)

    assert refusal_of(lambda: db.transact(act, conversation.id, me.id)) is NotFound
    assert refusal_of(lambda: db.transact(act, conversation.id, tester.id)) in (NotFound, NotAllowed)
    assert len(db.read(conversations.messages, conversation.id, by=other.id)) == 1


def test_a_foreign_student_cannot_be_linked_to_ones_own_conversation(db: Database) -> None:
    me, other = db.transact(story.member, Role.AGENT, '我'), db.transact(story.member, Role.AGENT, '别人')
    conversation = db.transact(story.said, '周六有课吗')
    theirs = db.transact(students.create, StudentFields(name='王梦瑶', owner_id=other.id), by=None)

    assert refusal_of(lambda: db.transact(students.link, conversation.id, theirs.id, by=me.id)) is NotFound


def test_an_agents_words_wait_for_release_and_a_supervisors_go_out(db: Database) -> None:
    agent, supervisor = db.transact(story.member, Role.AGENT, '周顾问'), db.transact(story.member)
    conversation = db.transact(story.said, '周六有课吗')

    offered = db.transact(replies.send, conversation.id, '周六上午有课。', by=agent.id)

    assert isinstance(offered, Draft)
    assert db.read(drafts.pending_in, conversation.id, by=agent.id).id == offered.id
    assert db.read(lambda session: session.scalars(select(Delivery)).all()) == []

    sent = db.transact(replies.send, conversation.id, '周六上午九点有课。', by=supervisor.id)

    assert isinstance(sent, Message)
    assert (sent.author, sent.staff_id) == (Author.STAFF, supervisor.id)
    assert db.read(drafts.pending_in, conversation.id, by=agent.id) is None
    assert len(db.read(deliveries.of_messages, [sent.id])[sent.id]) == 1


def test_the_waiting_are_listed_longest_first_page_by_page(db: Database) -> None:
    by = db.transact(story.member).id
    made = [db.transact(story.said, '在吗', who=f'parent{n}').id for n in range(7)]

    seen: list[int] = []
    after = None
    while rows := db.read(conversation_list.page, by=by, wanted=Wanted(tab=Tab.WAITING), limit=3, after=after):
        seen += [row.conversation.id for row in rows]
        after = (rows[-1].conversation.waiting_since, rows[-1].conversation.id)
        db.transact(story.said, '新来的', who=f'late{len(seen)}') if len(seen) < 7 else None

    assert seen[:7] == made
    assert len(seen) == len(set(seen))


def test_all_others_are_listed_newest_first_page_by_page(db: Database) -> None:
    by = db.transact(story.member).id
    made = [db.transact(story.said, '在吗', who=f'parent{n}').id for n in range(5)]

    seen: list[int] = []
    after = None
    while rows := db.read(conversation_list.page, by=by, limit=2, after=after):
        seen += [row.conversation.id for row in rows]
        after = (rows[-1].conversation.last_message_at, rows[-1].conversation.id)

    assert seen == made[::-1]


def test_older_messages_follow_without_gap_or_repetition(db: Database) -> None:
    by = db.transact(story.member).id
    for n in range(7):
        conversation = db.transact(story.said, f'第{n}句')

    newest = db.read(conversations.messages, conversation.id, by=by, limit=4)
    older = db.read(conversations.messages, conversation.id, by=by, limit=4, before=newest[0].seq)

    assert [message.text for message in older + newest] == [f'第{n}句' for n in range(7)]


def test_search_finds_what_was_said_long_ago(db: Database) -> None:
    by = db.transact(story.member).id
    conversation = db.transact(story.said, '钢琴课几点下课')
    db.transact(story.said, '谢谢')
    db.transact(story.said, '停车场在哪里', who='li_baba')
    follow(db)

    found = db.read(conversation_list.page, by=by, wanted=Wanted(words='钢琴'))

    assert [row.conversation.id for row in found] == [conversation.id]


def test_an_opened_conversation_is_read_and_still_waits(db: Database) -> None:
    by = db.transact(story.member).id
    conversation = db.transact(story.said, '周六有课吗')

    db.transact(conversations.mark_read, conversation.id, by=by)

    after = db.read(conversations.seen, conversation.id, by=by).conversation
    assert (after.unread, after.status) == (0, ConversationStatus.WAITING)
    assert after.waiting_since is not None


def test_resolving_ends_the_waiting_and_reopening_brings_it_back(db: Database) -> None:
    by = db.transact(story.member).id
    conversation = db.transact(story.said, '周六有课吗')
    since = conversation.waiting_since

    resolved = db.transact(resolving.resolve, conversation.id, by=by)
    assert (resolved.status, resolved.waiting_since) == (ConversationStatus.RESOLVED, None)

    reopened = db.transact(resolving.reopen, conversation.id, by=by)
    assert (reopened.status, reopened.waiting_since) == (ConversationStatus.WAITING, since)


def test_a_conversation_is_given_only_to_an_active_colleague_at_the_desk(db: Database) -> None:
    by = db.transact(story.member).id
    agent, tester = db.transact(story.member, Role.AGENT, '周顾问'), db.transact(story.member, Role.TESTER, '测试')
    conversation = db.transact(story.said, '周六有课吗')

    assert db.transact(conversations.assign, conversation.id, agent.id, by=by).assignee_id == agent.id
    assert refusal_of(lambda: db.transact(conversations.assign, conversation.id, tester.id, by=by)) is NotFound
    assert {member.id for member in db.read(staff.at_the_desk)} == {by, agent.id}


def test_the_ai_is_asked_again_only_while_the_parent_waits_for_nobody_else(db: Database) -> None:
    by = db.transact(story.member).id
    conversation = db.transact(story.said, '周六有课吗')

    def ask() -> object:
        return db.transact(replies.ask_ai, conversation.id, by=by)

    assert refusal_of(ask) is Conflict
    claim = db.transact(turns.claim_next)
    db.transact(turns.fail, claim, '模型没有回答')
    assert db.transact(replies.ask_ai, conversation.id, by=by).status is TurnStatus.WAITING
    db.transact(replies.take_over, conversation.id, by=by)
    assert refusal_of(ask) is Conflict
    db.transact(replies.hand_back, conversation.id, by=by)
    db.transact(replies.send, conversation.id, '有的', by=by)
    assert refusal_of(ask) is Conflict


def test_numbers_are_tokens_in_every_text_and_whole_only_in_what_the_parent_gets(db: Database) -> None:
    by = db.transact(story.member).id
    conversation = db.transact(story.said, '我的手机 13812345678，老公的 13911112222，再说一遍 13812345678')
    [said] = db.read(conversations.messages, conversation.id, by=by)
    masks = db.read(personal_numbers.masks, conversation.id)

    assert said.text == '我的手机 ⟦手机号1⟧，老公的 ⟦手机号2⟧，再说一遍 ⟦手机号1⟧'
    shown = personal_numbers.show(said.text, masks)
    assert shown == '我的手机 138****5678，老公的 139****2222，再说一遍 138****5678'

    sent = db.transact(replies.send, conversation.id, '好的，我们打 138****5678 给您。', by=by)
    [part] = db.read(deliveries.of_messages, [sent.id])[sent.id]

    assert sent.text == '好的，我们打 ⟦手机号1⟧ 给您。'
    assert cipher().open(part.text_sealed, f'delivery:{part.client_id}') == '好的，我们打 13812345678 给您。'
    listed = db.read(conversations.seen, conversation.id, by=by).conversation
    assert '138' not in listed.last_message_text


def test_two_numbers_with_one_mask_are_not_taken_for_each_other(db: Database) -> None:
    by = db.transact(story.member).id
    conversation = db.transact(story.said, '打 13811115678 或 13822225678')

    sent = db.transact(replies.send, conversation.id, '我们打 138****5678。', by=by)

    [part] = db.read(deliveries.of_messages, [sent.id])[sent.id]
    reached = cipher().open(part.text_sealed, f'delivery:{part.client_id}')
    assert reached in ('我们打 138****5678。', '我们打 13811115678。')


def test_no_number_of_a_parents_is_readable_in_any_table(db: Database) -> None:
    by = db.transact(story.member).id
    conversation = db.transact(story.said, '手机 13812345678 邮箱 mama@example.com')
    db.transact(replies.send, conversation.id, '收到 138****5678', by=by)
    db.transact(students.create, StudentFields(name='王'), by=by, guardians=[GuardianFields(phone='13812345678')])

    def everything(session: object) -> str:
        tables = Conversation.metadata.sorted_tables
        return '\n'.join(str(session.execute(text(f'SELECT * FROM {table.name}')).all()) for table in tables)

    found = db.read(everything)

    assert '收到' in found
    assert '13812345678' not in found
    assert 'mama@example.com' not in found


def test_what_failed_is_sent_again_once_and_only_by_who_may(db: Database) -> None:
    agent, supervisor = db.transact(story.member, Role.AGENT, '周顾问'), db.transact(story.member)
    conversation = db.transact(story.said, '周六有课吗')
    sent = db.transact(replies.send, conversation.id, '有的', by=supervisor.id)

    def refuse(session: object) -> None:
        for row in session.scalars(select(Delivery)):
            row.status, row.last_error, row.finished_at = DeliveryStatus.DEAD, '不在可见范围', utc_now()

    assert refusal_of(lambda: db.transact(deliveries.retry, sent.id, by=supervisor.id)) is Conflict
    db.transact(refuse)
    assert refusal_of(lambda: db.transact(deliveries.retry, sent.id, by=agent.id)) is NotAllowed
    db.transact(deliveries.retry, sent.id, by=supervisor.id)
    [part] = db.read(deliveries.of_messages, [sent.id])[sent.id]
    assert (part.status, part.last_error) == (DeliveryStatus.READY, None)
    assert part.due_at <= utc_now() + timedelta(seconds=1)
