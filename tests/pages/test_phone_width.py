"""What must be readable in 360 pixels: hints, names, footnotes, and which box a word belongs to."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer

PHONE = 360
TWO_LINES = 45
"""Pixels."""


def opened(open_page: OpenPage, server: ConsoleServer, path: str) -> Page:
    page = open_page(server, 'admin', path, width=PHONE)
    expect(page.get_by_text('实时')).to_be_visible()
    return page


def height(one: Locator) -> float:
    return float(one.evaluate('one => one.getBoundingClientRect().height'))


@pytest.mark.parametrize(
    ('path', 'hint'),
    [('/knowledge/scripts', '在会话里输入 / 就能找到。'), ('/knowledge/materials', '校区地图、课程表、宣传单')],
)
def test_a_hint_is_read_in_lines(demo: ConsoleServer, open_page: OpenPage, path: str, hint: str) -> None:
    page = opened(open_page, demo, path)
    assert height(page.get_by_text(hint)) < TWO_LINES


def test_a_user_name_is_not_broken(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = opened(open_page, demo, '/settings')
    name = page.locator('.accounts td', has_text='demo.supervisor')
    expect(name).to_have_text('demo.supervisor')
    assert name.evaluate(
        'one => { const range = document.createRange(); range.selectNodeContents(one);'
        ' return range.getClientRects().length }'
    ) == 1  # fmt: skip


def test_who_wrote_a_draft_is_told_whole(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = opened(open_page, demo, '/review')
    page.locator('.item').first.click()
    footnote = page.locator('.editor footer').get_by_text('AI 草稿')
    expect(footnote).to_be_visible()
    assert footnote.evaluate('one => one.scrollWidth <= one.clientWidth')


def test_a_word_stands_nearer_to_its_own_box(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = opened(open_page, demo, '/settings/policy')
    own, between = page.locator('.choices').first.evaluate("""choices => {
      const [first, second] = choices.querySelectorAll('.q-checkbox');
      const word = first.querySelector('.q-checkbox__label');
      const range = document.createRange();
      range.selectNodeContents(word);
      const { left, right } = range.getBoundingClientRect();
      const edge = (box, side) => box.querySelector('.q-checkbox__bg').getBoundingClientRect()[side];
      return [left - edge(first, 'right'), edge(second, 'left') - right];
    }""")
    assert own < 12
    assert between >= 2 * own
