"""A colleague's files on their way to the parent, against the sandbox WeCom."""

import time

import pytest
from sqlalchemy import delete, select, update

from console import (
    conversations,
    deliveries,
    delivery_attempts,
    delivery_claims,
    draft_decisions,
    media_files,
    recalls,
    replies,
)
from console.channels import Channels, WeComApp
from console.database import Database
from console.delivery_attempts import Outcome, Verdict
from console.delivery_claims import Claim
from console.errors import Conflict, Invalid, NotAllowed, NotFound
from console.sandbox import Sandbox
from console.wecom.client import WeComClient
from console.wecom.crypto import CallbackCrypto
from console.wecom.refusals import WeComRefused
from models import Channel, Delivery, DeliveryStatus, Draft, MediaFile, Message, Role, utc_now
from tests import story

JPEG = b'\xff\xd8\xff\xe0' + bytes(300)


@pytest.fixture
def parent(wecom: Sandbox) -> str:
    userid = f'mama_{time.time_ns()}'
    wecom.ensure_member(userid, '王妈妈')
    return userid


@pytest.fixture
def channels(wecom: Sandbox) -> Channels:
    given = wecom.credentials
    client = WeComClient(given.corp_id, given.agent_id, given.secret, wecom.api_base_url)
    crypto = CallbackCrypto(given.token, given.encoding_aes_key, given.corp_id)
    return Channels([WeComApp(channel=Channel.APP, crypto=crypto, client=client)])


def chat(db: Database, who: str, channel: Channel = Channel.APP) -> int:
    return int(db.transact(lambda session: conversations.ensure(session, channel, who).id))


def given(db: Database, by: int, content: bytes = JPEG, *, name: str = '教室.jpg', kind: str = 'image') -> int:
    return int(db.transact(media_files.give, media_files.store(content, name, kind), kind, by=by).id)


def claimed(db: Database, channels: Channels) -> Claim:
    found = db.transact(delivery_claims.claim_next, channels.freeze)
    assert found is not None
    return found


def send(db: Database, channels: Channels) -> Outcome:
    """One attempt of the sender, as the worker makes it."""
    claim = claimed(db, channels)
    if claim.upload is not None:
        handed = channels.upload(claim)
        if isinstance(handed, Outcome):
            db.transact(delivery_attempts.record, claim, handed)
            return handed
        ready = db.transact(delivery_claims.uploaded, claim, handed, channels.freeze)
        assert ready is not None
        claim = ready
    outcome = channels.attempt(claim)
    db.transact(delivery_attempts.record, claim, outcome)
    return outcome


def part(db: Database) -> Delivery:
    return db.read(lambda session: session.scalars(select(Delivery)).one())


def on_phone(wecom: Sandbox, userid: str) -> list[tuple[str, dict[str, object]]]:
    return [(entry.kind, entry.body) for entry in wecom.phone(userid) if entry.direction == 'in']


def test_a_picture_of_a_supervisor_reaches_the_phone(db: Database, wecom: Sandbox, channels: Channels, parent: str):
    by, conversation_id = db.transact(story.member).id, chat(db, parent)

    message = db.transact(replies.send_file, conversation_id, given(db, by), by=by)
    outcome = send(db, channels)

    assert isinstance(message, Message)
    assert (message.kind, message.text) == ('image', '[图片] 教室.jpg')
    assert (outcome.verdict, part(db).status) == (Verdict.ACCEPTED, DeliveryStatus.ACCEPTED)
    [(kind, body)] = on_phone(wecom, parent)
    uploaded = wecom.media.get(str(body['media_id']))
    assert uploaded is not None
    assert (kind, uploaded.name, uploaded.content) == ('image', '教室.jpg', JPEG)


def test_an_agents_file_waits_for_a_supervisor(db: Database, wecom: Sandbox, channels: Channels, parent: str):
    agent, head = (db.transact(story.member, role).id for role in (Role.AGENT, Role.SUPERVISOR))
    number = given(db, agent, b'%PDF-1.7 ...', name='报名表.pdf', kind='file')
    draft = db.transact(replies.send_file, chat(db, parent), number, by=agent)

    assert isinstance(draft, Draft)
    assert db.transact(delivery_claims.claim_next, channels.freeze) is None
    assert db.read(media_files.seen, number, by=head, draft_id=draft.id).name == '报名表.pdf'
    with pytest.raises(Invalid, match='不能改成文字'):
        db.transact(draft_decisions.edit, draft.id, version=1, by=head, content='另写一句')
    with pytest.raises(NotFound):
        db.read(media_files.seen, number, by=head)

    db.transact(draft_decisions.approve, draft.id, version=1, by=head, undo=story.NOW)
    send(db, channels)

    [(kind, body)] = on_phone(wecom, parent)
    assert kind == 'file'
    assert wecom.media.get(str(body['media_id'])) is not None


def test_an_undone_release_leaves_the_file_where_it_was(db: Database, wecom: Sandbox, channels: Channels, parent: str):
    agent, head = (db.transact(story.member, role).id for role in (Role.AGENT, Role.SUPERVISOR))
    draft = db.transact(replies.send_file, chat(db, parent), given(db, agent), by=agent)
    db.transact(draft_decisions.approve, draft.id, version=1, by=head, undo=story.NOW)

    undone = db.transact(draft_decisions.undo, draft.id, by=head)
    db.transact(draft_decisions.approve, draft.id, version=undone.version, by=head, undo=story.NOW)

    assert send(db, channels).verdict is Verdict.ACCEPTED
    assert [kind for kind, _ in on_phone(wecom, parent)] == ['image']


def test_a_draft_whose_file_is_gone_is_not_sent_as_words(db: Database, parent: str):
    agent, head = (db.transact(story.member, role).id for role in (Role.AGENT, Role.SUPERVISOR))
    draft = db.transact(replies.send_file, chat(db, parent), given(db, agent), by=agent)
    db.transact(lambda session: session.execute(delete(MediaFile)))

    with pytest.raises(Invalid, match='文件已不在'):
        db.transact(draft_decisions.approve, draft.id, version=1, by=head, undo=story.NOW)


def test_a_repetition_names_the_same_upload_byte_for_byte(
    db: Database, wecom: Sandbox, channels: Channels, parent: str
):
    by = db.transact(story.member).id
    db.transact(replies.send_file, chat(db, parent), given(db, by), by=by)
    wecom.accept_then_drop_answer()

    first = send(db, channels)
    db.transact(lambda session: session.execute(update(Delivery).values(due_at=utc_now())))
    again = send(db, channels)

    assert (first.verdict, again.verdict) == (Verdict.RETRY, Verdict.ACCEPTED)
    assert len(on_phone(wecom, parent)) == 1


def test_an_upload_that_found_no_answer_was_no_message(db: Database, wecom: Sandbox, channels: Channels, parent: str):
    by = db.transact(story.member).id
    db.transact(replies.send_file, chat(db, parent), given(db, by), by=by)
    wecom.accept_then_drop_answer(path='media/upload')

    assert send(db, channels).verdict is Verdict.RETRY
    assert (part(db).maybe_sent, part(db).first_attempt_at) == (False, None)


def test_an_upload_wecom_forgot_is_handed_over_anew(db: Database, wecom: Sandbox, channels: Channels, parent: str):
    by = db.transact(story.member).id
    message = db.transact(replies.send_file, chat(db, parent), given(db, by), by=by)
    wecom.fail_next(40007)

    assert send(db, channels).verdict is Verdict.REFUSED
    db.transact(deliveries.retry, message.id, by=by)

    assert claimed(db, channels).upload is not None


def test_a_sender_that_vanished_while_uploading_sent_nothing(db: Database, channels: Channels, parent: str):
    by = db.transact(story.member).id
    db.transact(replies.send_file, chat(db, parent), given(db, by), by=by)
    lost = claimed(db, channels)
    db.transact(lambda session: session.execute(update(Delivery).values(lease_until=utc_now() - delivery_claims.LEASE)))

    claimed(db, channels)

    assert not part(db).maybe_sent
    assert db.transact(delivery_claims.uploaded, lost, 'up-1', channels.freeze) is None


@pytest.mark.parametrize('sort', ['image', 'file'])
def test_success_without_the_recipient_is_a_failure_of_a_file_too(db: Database, channels: Channels, sort: str):
    by = db.transact(story.member).id
    db.transact(replies.send_file, chat(db, 'nobody_of_ours'), given(db, by, kind=sort), by=by)

    outcome = send(db, channels)

    assert outcome.verdict is Verdict.REFUSED
    assert part(db).status is DeliveryStatus.DEAD


def test_a_number_in_a_files_name_rests_nowhere_in_the_open(db: Database, channels: Channels, parent: str):
    by = db.transact(story.member).id

    message = db.transact(replies.send_file, chat(db, parent), given(db, by, name='13812345678.jpg'), by=by)

    assert message.text == '[图片] ⟦手机号1⟧.jpg'


def test_a_file_is_sent_once_and_by_who_gave_it(db: Database, parent: str):
    by, other = db.transact(story.member).id, db.transact(story.member).id
    number, conversation_id = given(db, by), chat(db, parent)

    with pytest.raises(NotFound):
        db.transact(replies.send_file, conversation_id, number, by=other)
    db.transact(replies.send_file, conversation_id, number, by=by)
    with pytest.raises(NotFound):
        db.transact(replies.send_file, conversation_id, number, by=by)


def test_a_channel_without_files_says_so(db: Database):
    by = db.transact(story.member).id

    with pytest.raises(Invalid, match='只能发送文字'):
        db.transact(replies.send_file, chat(db, 'mama', Channel.CONTACT), given(db, by), by=by)


def test_what_was_given_and_never_sent_is_forgotten(db: Database, parent: str):
    by = db.transact(story.member).id
    given(db, by)
    db.transact(
        lambda session: session.execute(update(MediaFile).values(created_at=utc_now() - media_files.KEPT_UNSENT))
    )

    assert db.transact(media_files.forget_unsent) == 1


def recalled(db: Database, channels: Channels, message_id: int, by: int) -> None:
    recall = db.transact(recalls.begin, message_id, by=by)
    for msgid in recall.msgids:
        channels.recall(recall.channel, msgid)
    db.transact(recalls.done, recall, by=by)


def test_a_message_is_taken_back_from_the_phone(db: Database, wecom: Sandbox, channels: Channels, parent: str):
    by = db.transact(story.member).id
    message = db.transact(replies.send, chat(db, parent), '周六有课。', by=by)
    send(db, channels)

    recalled(db, channels, message.id, by)

    assert [entry.recalled for entry in wecom.phone(parent)] == [True]
    talk, said = db.read(
        lambda session: (
            conversations.seen(session, message.conversation_id, by=by),
            session.get_one(Message, message.id),
        )
    )
    assert said.recalled_at is not None
    assert talk.conversation.last_message_text == '[已撤回]'
    with pytest.raises(Conflict):
        db.transact(recalls.begin, message.id, by=by)


def test_after_a_day_wecom_takes_nothing_back_and_says_why(
    db: Database, wecom: Sandbox, channels: Channels, parent: str
):
    by = db.transact(story.member).id
    message = db.transact(replies.send, chat(db, parent), '周六有课。', by=by)
    send(db, channels)
    wecom.fail_next(42052, path='message/recall')

    with pytest.raises(WeComRefused, match='消息发出已超过 24 小时'):
        recalled(db, channels, message.id, by)
    assert db.read(lambda session: session.get_one(Message, message.id)).recalled_at is None


def test_who_may_not_send_alone_takes_back_nothing_of_others(db: Database, channels: Channels, parent: str):
    by, agent = db.transact(story.member).id, db.transact(story.member, Role.AGENT).id
    message = db.transact(replies.send, chat(db, parent), '周六有课。', by=by)
    with pytest.raises(Conflict):
        db.transact(recalls.begin, message.id, by=by)  # not sent yet
    send(db, channels)

    with pytest.raises(NotAllowed):
        db.transact(recalls.begin, message.id, by=agent)
