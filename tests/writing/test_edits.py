import pytest

from console.writing import edits


@pytest.mark.parametrize(
    ('before', 'after', 'size'),
    [
        ('您好，周六有课。', '您好，周六有课。', 0),
        ('您好，周六有课。', '您好！周日有课。', 2),
        ('您好，周六有课。', '您好，周六上午有课。', 2),
        ('您好，周六上午有课。', '周六上午有课', 4),
        ('', '您好', 2),
    ],
)
def test_the_size_of_an_edit_is_the_signs_a_person_changed(before: str, after: str, size: int) -> None:
    assert edits.size(before, after) == size


def test_a_long_text_written_anew_costs_no_time() -> None:
    assert edits.size('课' * 8000, '班' * 7000) == 8000
