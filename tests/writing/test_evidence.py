from dataclasses import replace
from datetime import date

import pytest

from console.writing.evidence import trace
from tests.hostile import filled, outcome
from tests.writing.asking import SCHOOL_KNOWS, asked

CONTEXT = asked('数学思维班多少钱？我们上的是下午的英语', knowledge=SCHOOL_KNOWS)


def kinds(text: str) -> list[tuple[str, str | None]]:
    return [(source.kind, source.ref) for source in trace(text, CONTEXT)]


def test_each_sentence_is_tied_to_what_it_rests_on():
    text = (
        '您好！数学思维班一期12次课，学费是2160元。李小明还剩余7课时。下午的英语您上过。'
        '欢迎随时来坐坐！我们的老师都得过奖。'
    )

    assert kinds(text) == [
        ('courtesy', None),
        ('knowledge', '11'),
        ('record', None),
        ('customer', None),
        ('courtesy', None),
        ('none', None),
    ]


def test_the_sentences_are_the_reply_in_order():
    sources = trace('您好！学费2160元。\n请发来孩子的年级', CONTEXT)

    assert [source.sentence for source in sources] == ['您好！', '学费2160元。', '请发来孩子的年级']


def test_a_sentence_with_a_number_of_its_own_rests_on_nothing():
    assert kinds('数学思维班每期12次课，学费2260元。') == [('none', None)]


def test_the_mark_of_a_list_is_no_number():
    assert kinds('9. 数学思维班每期12次课，学费2160元') == [('knowledge', '11')]


def test_a_cited_entry_wins_between_equals():
    twins = tuple(replace(SCHOOL_KNOWS[0], id=number) for number in (1, 2))
    context = replace(CONTEXT, knowledge=twins)

    assert trace(SCHOOL_KNOWS[0].answer, context)[0].ref == '1'
    assert trace(SCHOOL_KNOWS[0].answer, context, cited=(2,))[0].ref == '2'
    assert trace(SCHOOL_KNOWS[0].answer, context)[0].title == '数学思维班多少钱？'


def test_a_source_says_which_version_and_until_when():
    entry = replace(SCHOOL_KNOWS[0], version=3, valid_until=date(2026, 12, 31))

    [source] = trace(entry.answer, replace(CONTEXT, knowledge=(entry,)))

    assert (source.ref, source.version, source.valid_until) == ('11', 3, '2026-12-31')


@pytest.mark.parametrize(
    'text',
    [
        '您好！',
        '如有问题随时联系。',
        '如果还有其他问题，欢迎随时联系我们。',
        '好的，谢谢您的理解！',
        '请稍等，我帮您核实一下，稍后回复您。',
        '祝孩子早日康复！',
        '这个问题我需要请老师核实后回复您。',
        '给您带来不便，非常抱歉。',
        '我们会请教务王老师为您核实清楚后尽快答复您。',
        '稍后会由王老师跟您联系。',
        '欢迎随时来坐坐。',
    ],
)
def test_courtesy_needs_no_source(text):
    assert {kind for kind, _ in kinds(text)} == {'courtesy'}


@pytest.mark.parametrize(
    'text', ['您好，我们有游泳课。', '感谢您的信任，孩子进步很大。', '祝贺孩子得了第一名。', '放心，老师都很专业。']
)
def test_a_claim_among_courtesies_still_needs_one(text):
    assert kinds(text) == [('none', None)]


@pytest.mark.parametrize(
    'text',
    [
        filled('尽快', '由', length=4000),
        filled('尽快', '答复您', end='呢', length=4000),
        filled('我们会', '请老师请教务', length=4000),
        filled('期待您的', '随时来坐坐', end='呢', length=4000),
    ],
    ids=lambda text: text[:8],
)
def test_no_sentence_holds_up_who_looks_for_its_source(text):
    program = 'from console.writing.evidence import is_courtesy\nprint(is_courtesy(text))'

    assert outcome(program, text) == 'False'
