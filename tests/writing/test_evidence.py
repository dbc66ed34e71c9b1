from dataclasses import replace

from console.writing.evidence import trace
from tests.writing.asking import SCHOOL_KNOWS, asked

CONTEXT = asked('数学思维班多少钱？我们上的是下午的英语', knowledge=SCHOOL_KNOWS)


def kinds(text: str) -> list[tuple[str, str | None]]:
    return [(source.kind, source.ref) for source in trace(text, CONTEXT)]


def test_each_sentence_is_tied_to_what_it_rests_on():
    text = '您好！数学思维班一期12次课，学费是2160元。李小明还剩余7课时。下午的英语您上过。欢迎随时来坐坐！'

    assert kinds(text) == [('none', None), ('knowledge', '11'), ('record', None), ('customer', None), ('none', None)]


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
