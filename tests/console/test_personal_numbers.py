import pytest

from console import personal_numbers
from console.database import Database
from models import Message
from tests import story


def stored(db: Database, *texts: str) -> tuple[int, list[str]]:
    """The conversation, and its texts as they rest in the database."""
    for text in texts:
        conversation = db.transact(story.said, text)
    messages = db.read(lambda session: session.query(Message).order_by(Message.seq).all())
    return conversation.id, [message.text for message in messages]


def test_two_numbers_that_look_alike_when_masked_stay_two(db: Database) -> None:
    conversation_id, [text] = stored(db, '我的是 13812345678，他爸的是 13899995678')
    masks = db.read(personal_numbers.masks, conversation_id)

    shown = personal_numbers.show(text, masks)
    back = personal_numbers.unmask(shown, masks)

    assert shown == '我的是 138****5678，他爸的是 138****5678(2)'
    assert db.read(personal_numbers.restore, conversation_id, back) == '我的是 13812345678，他爸的是 13899995678'


def test_the_same_number_has_the_same_token(db: Database) -> None:
    _, texts = stored(db, '打 13812345678', '还是 138 1234 5678')

    assert texts == ['打 ⟦手机号1⟧', '还是 ⟦手机号1⟧']


@pytest.mark.parametrize(
    ('said', 'kept'),
    [
        ('订单 913812345678012 和 13812345678', '订单 913812345678012 和 ⟦手机号1⟧'),
        ('身份证 110105201201011234', '身份证 ⟦身份证号1⟧'),
        ('卡号 6222 0212 3456 7890 123', '卡号 ⟦银行卡号1⟧'),
        ('微信号是 wang_mama88', '微信号是 ⟦微信号1⟧'),
        ('邮箱 a.b@school.cn', '邮箱 ⟦邮箱1⟧'),
        ('⟦手机号1⟧ 不是我写的', '[手机号1] 不是我写的'),
        ('课程 2880 元，16 课时', '课程 2880 元，16 课时'),
    ],
)
def test_numbers_of_persons_and_nothing_else_become_tokens(db: Database, said: str, kept: str) -> None:
    _, [text] = stored(db, said)

    assert text == kept
