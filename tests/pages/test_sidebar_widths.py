"""The pane as narrow and as wide as clients make it: nothing overlaps or sticks out, and a thumb meets its target."""

import secrets

import pytest
from playwright.sync_api import Page, expect

from console.sandbox import Sandbox
from models import Role
from tests.desk import Desk
from tests.pages.beside import Bench, Client, named
from tests.pages.conftest import OpenPage
from tests.server import ROOT, ConsoleServer

WIDTHS = (320, 360, 420, 480)
TABS = ('档案', '话术', '跟进', '回复')
SHOTS = ROOT / 'build' / 'sidebar'
LOOK = """() => {
  const box = (one) => one.getBoundingClientRect();
  const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && box(one).height > 0 && box(one).width > 0;
  const size = (one) => `${Math.round(box(one).width)}x${Math.round(box(one).height)}`;
  const told = (one) => `${one.textContent.trim().slice(0, 20)} ${one.className} ${size(one)}`;
  const targets = [...document.querySelectorAll('.side :is(button, summary, input, textarea, a, [role=tab])')]
    .map((one) => one.closest('.q-field__control, .q-checkbox') ?? one)
    .filter(seen);
  const words = [...document.querySelectorAll('.side *')].filter(
    (one) => !one.children.length && one.textContent.trim() && seen(one) && !one.closest('.q-icon, option'),
  );
  const boxes = [...new Set([...targets, ...words])];
  const crosses = (one, other) =>
    Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 &&
    Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1;
  const lines = new Map(boxes.map((one) => [one, [...one.getClientRects()]])); // words that run on have a box a line
  const meet = (a, b) => lines.get(a).some((one) => lines.get(b).some((other) => crosses(one, other)));
  return {
    wide: document.documentElement.scrollWidth - innerWidth,
    small: [...new Set(targets)].filter((one) => box(one).height < 40 || box(one).width < 40).map(told),
    overlapping: boxes.flatMap((one, at) =>
      boxes.slice(at + 1)
        .filter((other) => !one.contains(other) && !other.contains(one) && meet(one, other))
        .map((other) => `${told(one)} / ${told(other)}`),
    ),
  };
}"""


@pytest.fixture(scope='session')
def kind() -> str:
    """How a page looks is the same on both databases."""
    return 'sqlite'


@pytest.fixture
def bench(console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage) -> Bench:
    return Bench(console, wecom, admin, open_page)


def test_it_fits_every_pane_and_a_thumb(bench: Bench) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    userid = bench.hires(Role.SUPERVISOR)
    for children in (0, 1, 3):
        name, phone = f'{named()}欧阳诸葛上官司马慕容', f'137{secrets.randbelow(10**8):08}'
        for number in range(children):
            bench.student(f'{name}{number}', phone)
        parent = bench.meets(userid, '一个名字特别特别长的家长ABCDEFGHIJKLMNOPQRSTUVWXYZ')
        page = bench.opens(userid, Client(bench.wecom, parent), width=WIDTHS[0])
        link = page.get_by_role('button', name='关联或新建学员')
        expect(link).to_be_visible()
        if children:
            link.click()
            page.get_by_label('学员或家长姓名').fill(f'{name}0')
            page.get_by_role('button', name=f'{name}0').click()
            expect(page.get_by_role('radio')).to_have_count(children if children > 1 else 0)
            expect(link).to_have_count(0)
        page.get_by_label('家长的话').fill('周六有课吗')
        page.get_by_role('button', name='让 AI 起草').click()
        expect(page.get_by_role('button', name='换一个')).to_be_visible()
        _walk(page, children)
    page.context.route('**/*.woff2', lambda route: route.abort())
    bench.open_page.allowed.append('net::ERR_FAILED')
    page.set_viewport_size({'width': WIDTHS[0], 'height': 900})
    page.reload()
    page.get_by_role('tab', name='跟进').click()
    expect(page.get_by_label('这次谈了什么')).to_be_visible()
    _fits(page, 'without the font of icons, which are long words then')


def _walk(page: Page, children: int) -> None:
    for tab in TABS:
        page.get_by_role('tab', name=tab).click()
        expect(page.get_by_role('tab', name=tab)).to_have_attribute('aria-selected', 'true')
        page.wait_for_timeout(150)  # until what the tab asks for is drawn
        for width in WIDTHS:
            page.set_viewport_size({'width': width, 'height': 900})
            for scheme in ('light', 'dark'):
                page.emulate_media(color_scheme=scheme)
                _fits(page, f'{children} children, {tab}, {width} px, {scheme}')
                if (width, scheme) in ((WIDTHS[0], 'dark'), (WIDTHS[-1], 'light')):
                    page.screenshot(path=SHOTS / f'{children}_{TABS.index(tab)}_{width}_{scheme}.png')


def _fits(page: Page, where: str) -> None:
    assert page.evaluate(LOOK) == {'wide': 0, 'small': [], 'overlapping': []}, where
