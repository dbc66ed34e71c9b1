"""The guide says of each role what the rail offers it."""

import re
from pathlib import Path

import pytest

from models import Role
from pages import frame

GUIDE = Path(__file__).parents[2] / 'docs/guide.zh.md'
ROLES = {word: role for role, word in frame.ROLES.items()}
ROW = re.compile(r'^\| (客服|主管|测试|管理员) \|.*\| (.*) \|$', re.MULTILINE)
BY_THE_RULES = '；学校的规则允许时还有审核'


def test_every_role_has_its_line() -> None:
    assert [ROLES[word] for word, _ in ROW.findall(GUIDE.read_text('utf-8'))] == list(Role)


@pytest.mark.parametrize(('word', 'said'), ROW.findall(GUIDE.read_text('utf-8')))
def test_the_pages_of_a_role_are_those_that_are_offered_to_it(word: str, said: str) -> None:
    role, reviews = ROLES[word], BY_THE_RULES not in said and '审核' in said
    offered = [place.word for place in frame.PLACES[1:] if frame.offered(place, role, reviews=reviews)]
    assert said.removesuffix(BY_THE_RULES).split('、') == offered
