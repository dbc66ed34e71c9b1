import pytest

from tests.evaluation.library import misses, read


def test_there_are_two_hundred_questions_and_half_of_them_were_held_out():
    questions = read('questions.json')

    assert len({one['question'] for one in questions}) >= 200
    assert sum(one['half'] == 'held-out' for one in questions) * 2 == len(questions)


@pytest.mark.parametrize('half', ['tuning', 'held-out'])
def test_of_a_hundred_questions_ninety_five_find_their_entry_among_the_first_three(index, half):
    missed, asked = misses(index, half, 3)

    assert len(missed) <= asked * 0.05, missed
