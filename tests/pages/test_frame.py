"""What every page shares: who may open it, what the rail offers, and what is live."""

import pytest

from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer

RAIL = {
    'agent': ['工作台', '会话', '学员', '知识库', '模拟'],
    'supervisor': ['工作台', '审核', '会话', '学员', '知识库', '模拟'],
    'tester': ['工作台', '会话', '知识库', '模拟'],
    'admin': ['工作台', '审核', '会话', '学员', '知识库', '模拟', '设置'],
}


@pytest.mark.parametrize('role', RAIL)
def test_the_rail_shows_only_what_the_role_may_open(demo: ConsoleServer, open_page: OpenPage, role: str) -> None:
    page = open_page(demo, role)
    assert page.locator('nav.rail .word').all_inner_texts() == RAIL[role]
