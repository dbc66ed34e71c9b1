from console import conversations, drafts, hearing, replies, turns
from console.database import Database
from console.hearing import Heard
from models import Channel, DraftStatus, Message, Role, utc_now
from tests import story


def test_handing_back_leaves_a_colleagues_reply_in_the_queue(db: Database) -> None:
    by = db.transact(story.member, Role.AGENT, '孙老师')
    conversation = db.transact(story.said, '周六有课吗')
    db.transact(replies.take_over, conversation.id, by=by.id)
    mine = db.transact(replies.propose, conversation.id, '周六上午十点有课。', by=by.id)

    db.transact(replies.hand_back, conversation.id, by=by.id)

    assert db.transact(turns.claim_next) is None
    assert db.read(drafts.seen, mine.id, by=by.id)[0].status is DraftStatus.PENDING


def test_a_reply_goes_to_the_parent_and_not_to_who_plays_one_of_the_same_name(db: Database) -> None:
    by = db.transact(story.member)
    real = db.transact(story.said, '在吗', who='wang_mama', channel=Channel.APP)
    db.transact(story.said, '我来试试', who='wang_mama', channel=Channel.SIMULATE)

    assert db.read(conversations.find, 'wang_mama', by=by.id).conversation.id == real.id


def test_a_personal_number_does_not_rest_beside_the_text_either(db: Database) -> None:
    said = Heard(
        channel=Channel.APP,
        external_userid='13900001111',
        external_id='1',
        kind='link',
        text='[链接] 报名表 13812345678',
        sent_at=utc_now(),
        fields={'Title': '报名表 13812345678', 'Lines': ['13812345678', '好'], 'FromUserName': '13900001111'},
    )

    [conversation] = db.transact(hearing.hear, [said])

    [message] = db.read(lambda session: session.query(Message).where(Message.conversation_id == conversation.id).all())
    assert message.text == '[链接] 报名表 ⟦手机号1⟧'
    assert message.fields['Title'] == '报名表 ⟦手机号1⟧'
    assert message.fields['Lines'] == ['⟦手机号1⟧', '好']
    assert message.fields['FromUserName'] == '13900001111'
