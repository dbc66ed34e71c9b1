from dataclasses import replace

import pytest

from console.writing.context import StudentFacts
from console.writing.masking import Mask
from tests.hostile import filled, outcome
from tests.writing.asking import PUPIL, asked, said


def masked(*lines: str, student: StudentFacts | None = PUPIL) -> tuple[Mask, str]:
    mask = Mask.of(asked(*lines, student=student, knowledge=()))
    return mask, '\n'.join(line.text for line in mask.context.turn)


@pytest.mark.parametrize(
    'number',
    [
        *('13800138000', '138 0013 8000', '138-0013-8000', '+86 13800138000', '１３８００１３８０００'),
        *('一三八零零一三八零零零', '0755-26001234', '(010)62345678', '440305201501011234', '11010519491231002X'),
        *('6222021234567890123', '6222 0212 3456 7890', 'wang.lihua@example.com', 'wxid_a1b2c3d4'),
    ],
)
def test_a_personal_number_is_hidden_and_comes_back(number):
    mask, seen = masked(f'请记一下{number}，谢谢')

    assert number not in seen
    assert mask.restore(seen) == f'请记一下{number}，谢谢'


@pytest.mark.parametrize(
    'text', ['加我微信 lihua_2015', '微信号：lihua_2015', '我vx:lihua_2015', 'V信是lihua_2015', 'wx lihua_2015']
)
def test_a_wechat_name_is_hidden_where_it_is_said_to_be_one(text):
    mask, seen = masked(text)

    assert 'lihua_2015' not in seen
    assert mask.restore(seen) == text


@pytest.mark.parametrize(
    'text', ['学费2160元，2026-11-24前有效', '周六09:00-10:30，共12次', '看 video lessons 可以吗', '订单20261124']
)
def test_ordinary_figures_stay(text):
    _, seen = masked(text)

    assert seen == text


def test_a_number_hidden_by_the_intake_passes_and_ours_count_on():
    mask, seen = masked('⟦手机号3⟧换成13800138000')

    assert seen == '⟦手机号3⟧换成⟦手机号4⟧'
    assert mask.restore('⟦手机号3⟧和⟦手机号4⟧') == '⟦手机号3⟧和13800138000'


def test_zero_width_characters_do_not_carry_a_number_through():
    _, seen = masked('138\u200b0013\u200d8000')

    assert seen == '⟦手机号1⟧'


@pytest.mark.parametrize('call', ['李小明', '小明', '明明', '阿明'])
def test_the_pupil_is_hidden_however_the_family_calls_him(call):
    mask, seen = masked(f'{call}今天请假')

    assert seen == '学生甲今天请假'
    assert mask.restore('学生甲请好好休息') == '李小明请好好休息'


def test_the_longer_name_wins_where_one_holds_the_other():
    family = replace(PUPIL, student_name='王丽', guardian_name='王丽华')

    _, seen = masked('王丽华是王丽的妈妈', student=family)

    assert seen == '家长甲是学生甲的妈妈'


def test_a_teacher_whose_name_holds_the_pupils_keeps_it():
    course = replace(PUPIL.courses[0], teacher='陈小明')

    _, seen = masked('陈小明讲得好，小明老师也好，小明喜欢', student=replace(PUPIL, courses=(course,)))

    assert seen == '陈小明讲得好，小明老师也好，学生甲喜欢'


def test_a_name_that_ends_like_an_everyday_word_garbles_nothing():
    _, seen = masked('明天上课吗，我家张明天问', student=replace(PUPIL, student_name='张明天'))

    assert seen == '明天上课吗，我家学生甲问'


def test_a_latin_name_counts_only_as_a_word():
    _, seen = masked('amy likes Amylase', student=replace(PUPIL, student_name='Amy'))

    assert seen == '学生甲 likes Amylase'


def test_a_name_of_one_character_is_hidden_in_its_field_but_not_searched_for():
    mask, seen = masked('明天来', student=replace(PUPIL, student_name='明'))

    assert seen == '明天来'
    assert mask.context.student.student_name == '学生甲'


def test_a_placeholder_the_parent_typed_herself_is_not_taken_for_ours():
    mask, seen = masked('学生甲是谁？李小明呢')

    assert seen == '学生甲是谁？学生乙呢'
    assert mask.restore('学生甲不是学生乙') == '学生甲不是李小明'
    assert mask.unresolved('学生甲不是学生乙') == []


def test_placeholders_that_stand_for_nobody_are_found():
    mask, _ = masked('你好')

    assert mask.unresolved('学生丙和⟦手机号9⟧') == ['⟦手机号9⟧', '学生丙']


def test_the_record_the_history_and_the_notes_are_hidden_too():
    context = asked('你好', student=replace(PUPIL, notes='王丽华13800138000，小明怕生'))
    context = replace(context, history=(said('小明妈妈好', 'staff'),), instruction='叫他小明')

    seen = str(Mask.of(context).context)

    for secret in ('王丽华', '13800138000', '小明'):
        assert secret not in seen


def test_without_a_pupil_only_numbers_are_hidden():
    _, seen = masked('小明的电话13800138000', student=None)

    assert seen == '小明的电话⟦手机号1⟧'


@pytest.mark.parametrize(('begin', 'over'), [('', 'a'), ('', 'a.'), ('@', 'a-'), ('wx', ' '), ('', '1-')])
def test_no_words_of_a_parent_hold_the_mask_up(begin, over):
    program = """
from console.writing.masking import Mask
from tests.writing.asking import asked
print(len(Mask.of(asked(text, knowledge=())).context.turn))
"""

    assert outcome(program, filled(begin, over)) == '1'
