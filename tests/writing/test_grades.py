import pytest

from console.writing.grades import grades


@pytest.mark.parametrize(
    ('text', 'years'),
    [
        ('孩子三年级', {3}),
        ('适合一至二年级', {1, 2}),
        ('3-5年级', {3, 4, 5}),
        ('五六年级都可以', {5, 6}),
        ('三年级到五年级', {3, 4, 5}),
        ('初二数学', {8}),
        ('初中数学多少钱', {7, 8, 9}),
        ('高三冲刺', {12}),
        ('小升初', {1, 2, 3, 4, 5, 6}),
        ('幼儿园大班', {0}),
        ('每期12次课，最高一节', set()),
        ('数学多少钱', set()),
    ],
)
def test_the_years_a_text_names(text, years):
    assert grades(text) == years
