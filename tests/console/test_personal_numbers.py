import pytest

from console import personal_numbers
from console.database import Database
from models import Message
from tests import story
from tests.hostile import filled, outcome


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
    'number',
    [
        '13812345678',
        '１３８００１３８０００',
        '一三八零零一三八零零零',
        '0755-26001234',
        'wxid_a1b2c3d4',
        'QQ 123456789',
    ],
)
def test_staff_see_a_mask_and_the_parent_her_own_number(db: Database, number: str) -> None:
    conversation_id, [text] = stored(db, f'请记一下{number}，谢谢')

    shown = personal_numbers.show(text, db.read(personal_numbers.masks, conversation_id))

    assert '⟦' not in shown
    assert number.removeprefix('QQ ') not in shown
    assert db.read(personal_numbers.restore, conversation_id, text) == f'请记一下{number}，谢谢'


@pytest.mark.parametrize(
    ('said', 'kept'),
    [
        ('订单 913812345678012 和 13812345678', '订单 913812345678012 和 ⟦手机号1⟧'),
        ('身份证 110105201201011234', '身份证 ⟦身份证号1⟧'),
        ('卡号 6222 0212 3456 7890 123', '卡号 ⟦银行卡号1⟧'),
        ('微信号是 wang_mama88', '微信号是 ⟦微信号1⟧'),
        ('邮箱 a.b@school.cn', '邮箱 ⟦邮箱1⟧'),
        ('加我wxid_a1b2c3d4', '加我⟦微信号1⟧'),
        ('加我QQ：123456789，或 qq 13812345678', '加我QQ：⟦QQ号1⟧，或 qq ⟦QQ号2⟧'),
        ('家里 0755-26001234，单位(010)62345678', '家里 ⟦电话1⟧，单位⟦电话2⟧'),
        ('手机一三八零零一三八零零零', '手机⟦手机号1⟧'),
        ('手机１３８００１３８０００', '手机⟦手机号1⟧'),
        ('⟦手机号1⟧ 不是我写的', '[手机号1] 不是我写的'),
        ('课程 2880 元，16 课时', '课程 2880 元，16 课时'),
        ('成绩 98 95 100 92 88 90 97 99', '成绩 98 95 100 92 88 90 97 99'),
        ('2026-11-24 09:00-10:30，共12次', '2026-11-24 09:00-10:30，共12次'),
        ('一二三四五六七八九十一二三', '一二三四五六七八九十一二三'),
        ('订单20261124', '订单20261124'),
    ],
)
def test_numbers_of_persons_and_nothing_else_become_tokens(db: Database, said: str, kept: str) -> None:
    _, [text] = stored(db, said)

    assert text == kept


@pytest.mark.parametrize(('begin', 'over'), [('qq', ' '), ('wx号', '\t'), ('', 'a'), ('', '1-'), ('', '.')])
def test_no_words_of_a_parent_hold_the_intake_up(begin: str, over: str):
    program = 'from console.personal_numbers import blotted\nprint(blotted(text) == text)'

    assert outcome(program, filled(begin, over, end='没')) == 'True'
