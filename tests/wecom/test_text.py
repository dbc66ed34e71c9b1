import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from console.wecom.text import parts

FAMILY = '👨‍👩‍👧‍👦'

mixed = st.lists(
    st.one_of(
        st.text(),
        st.sampled_from([FAMILY, '🇨🇳', '👍🏽', 'e\u0301', '\r\n', '\n\n', '。', '！”', '…', ' ', '好', '. ', '3.14']),
    )
).map(''.join)


def leftovers(text: str, found: list[str]) -> str:
    """What of the text is in none of the parts, which are looked for in order."""
    left = ''
    at = 0
    for part in found:
        start = text.index(part, at)
        left += text[at:start]
        at = start + len(part)
    return left + text[at:]


def size(text: str) -> int:
    return len(text.encode(errors='surrogatepass'))


@given(mixed, st.integers(4, 80))
def test_parts_fit_and_lose_nothing_but_white_space(text: str, limit: int):
    found = parts(text, limit)

    assert all(0 < size(part) <= limit for part in found)
    assert leftovers(text, found).strip() == ''
    assert ''.join(''.join(found).split()) == ''.join(text.split())


@given(mixed, st.integers(60, 120))
def test_no_cluster_that_fits_is_broken(text: str, limit: int):
    clusters = [cluster for cluster in regex.findall(r'\X', text) if not cluster.isspace()]
    if any(size(cluster) > limit for cluster in clusters):
        return

    whole = [cluster for part in parts(text, limit) for cluster in regex.findall(r'\X', part) if not cluster.isspace()]

    assert ''.join(whole).split() == ''.join(clusters).split()
    assert len(whole) == len(clusters)


@given(mixed)
def test_a_text_that_fits_is_one_part(text: str):
    assert parts(text, max(4, size(text))) == ([text.strip()] if text.strip() else [])


def test_a_part_ends_where_a_sentence_ends():
    text = '周六上午九点上课。请带好课本！“记得早到。”老师会点名？谢谢'

    assert parts(text, 60) == ['周六上午九点上课。请带好课本！', '“记得早到。”老师会点名？谢谢']
    assert parts(text, 66) == ['周六上午九点上课。请带好课本！“记得早到。”', '老师会点名？谢谢']


def test_a_point_in_a_number_is_not_the_end_of_a_sentence():
    assert parts('Fee is 3.14 now. See 2.5', 20) == ['Fee is 3.14 now.', 'See 2.5']


def test_a_short_first_sentence_does_not_make_a_short_part():
    assert parts('好。' + '课' * 30, 60) == ['好。' + '课' * 18, '课' * 12]


def test_a_family_stays_together():
    assert parts(FAMILY * 3, 60) == [FAMILY * 2, FAMILY]


def test_a_cluster_longer_than_a_part_is_cut_between_characters():
    tower = 'e' + '\u0301' * 5000

    found = parts(tower)

    assert ''.join(found) == tower
    assert [size(part) for part in found] == [2047, 2048, 2048, 2048, 1810]


@pytest.mark.parametrize('text', ['', ' ', '\n' * 10_000, '\u3000\r\n'])
def test_a_blank_text_has_no_parts(text: str):
    assert parts(text) == []


def test_ten_thousand_line_ends_between_two_words_are_white_space():
    assert parts('a' + '\n' * 10_000 + 'b') == ['a', 'b']


def test_ten_kilobytes_without_a_sentence_are_cut_into_full_parts():
    assert [len(part) for part in parts('x' * 10_240)] == [2048] * 5


def test_a_limit_below_one_character_is_a_mistake():
    with pytest.raises(ValueError, match='four bytes'):
        parts('课', 3)
