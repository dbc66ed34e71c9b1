"""Whatever is stored is shown as text: scripts, markup and signs that turn the line around, in every place there is."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import BrowserContext, Page

from console import crypto, migrations, tables
from console.database import Database
from console.knowledge_import import COLUMNS
from tests.conftest import KEYS, QUICK
from tests.pages.conftest import OpenPage
from tests.pages.sinks import AS_ONE, BIDI, FIRST, IN_ROWS, PAYLOADS, lot, seed, seed_wecom, whole
from tests.server import ConsoleServer
from tests.warm import WarmConsole

TRAP = "Object.defineProperty(window, '__ran', {set() { console.error('a payload ran'); }})"
WHAT_IS_SHOWN = """() => {
  const words = [document.title];
  for (const one of document.body.children) if (!one.matches('script, style')) words.push(one.textContent);
  for (const one of document.querySelectorAll('input, textarea, select')) words.push(one.value);
  for (const one of document.querySelectorAll('*'))
    for (const name of ['title', 'aria-label', 'placeholder']) words.push(one.getAttribute(name) ?? '');
  return words.join('\\n');
}"""
WHAT_CAME_ALIVE = """() => [...document.querySelectorAll('.pwn, [href^="javascript:" i], [src^="javascript:" i]')]
  .map((one) => one.outerHTML.slice(0, 120))"""
WHAT_TURNS_ITS_NEIGHBOURS = f"""() => {{
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {{
    const holder = texts.currentNode.parentElement;
    if (!texts.currentNode.data.includes('{BIDI}') || !holder.checkVisibility()) continue;
    const style = getComputedStyle(holder);
    if (style.display === 'inline' && style.unicodeBidi === 'normal') found.push(holder.outerHTML.slice(0, 120));
  }}
  return found;
}}"""


@pytest.fixture(scope='module')
def evil() -> Iterator[ConsoleServer]:
    """The demo school with a school beside it that is all attacks."""
    server = WarmConsole(QUICK | {'FIELD_ENCRYPTION_KEYS': KEYS})
    server.data.mkdir(mode=0o700)
    crypto.use_keys(KEYS)
    with server:
        server.terminate()
        database = Database(f'sqlite:///{server.data}/edudesk.sqlite3')
        migrations.upgrade(database.engine)
        corp_id = json.loads((server.data / 'sandbox.json').read_text())['corp_id']
        database.transact(seed, corp_id)
        database.close()
        with closing(sqlite3.connect(server.data / 'sandbox.sqlite3')) as world, world:
            seed_wecom(world)
        server.start()
        yield server


def test_what_is_stored_is_text_everywhere(evil: ConsoleServer, open_page: OpenPage) -> None:
    seen: set[tuple[str, str]] = set()
    wanted = {(sink, word) for sink in (*IN_ROWS, *AS_ONE, *BROUGHT) for word in map(squeezed, lot(sink))}

    def prepare(context: BrowserContext) -> None:
        context.add_init_script(TRAP)

    page = open_page(evil, 'admin', prepare=prepare)
    page.on('dialog', lambda dialog: open_page.troubles.append(f'a dialog said {dialog.message}'))

    def look() -> None:
        page.wait_for_timeout(400)
        alive, turned = page.evaluate(WHAT_CAME_ALIVE), page.evaluate(WHAT_TURNS_ITS_NEIGHBOURS)
        assert (alive, turned) == ([], []), page.url
        shown = squeezed(page.evaluate(WHAT_IS_SHOWN))
        seen.update((sink, word) for sink, word in wanted - seen if word in shown)

    for path, doing in WALK:
        page.goto(f'{evil.url}{path}')
        page.wait_for_function("document.querySelector('main') && !document.querySelector('[aria-busy=true]')")
        look()
        if doing is not None:
            doing(page, look)
    missing = {sink: sum(one == sink for one, _ in seen) for sink in sorted({sink for sink, _ in wanted - seen})}
    assert not missing, f'of {len(PAYLOADS)} each: {missing}'


def squeezed(words: str) -> str:
    return ' '.join(words.split())


def every(role: str, name: str | None = None) -> Callable[[Page, Callable[[], None]], None]:
    """Press one after the other."""

    def press(page: Page, look: Callable[[], None]) -> None:
        found = page.get_by_role(role, name=name)
        found.first.wait_for()
        for place in range(found.count()):
            found.nth(place).click()
            look()

    return press


def all_pages(page: Page, look: Callable[[], None]) -> None:
    further = page.get_by_role('button', name='下一页')
    while further.is_enabled():
        further.click()
        look()


def older(page: Page, look: Callable[[], None]) -> None:
    page.locator('chat-scroll .older button').click()
    look()


def in_the_palette(page: Page, look: Callable[[], None]) -> None:
    """All payloads as the server would hand them over."""
    hits = [{'line': [[word, True], [word, False]], 'note': word, 'href': '/', 'act': ''} for word in lot('palette')]
    page.get_by_role('button', name='搜索', exact=True).click()
    page.get_by_role('group', name='前往').wait_for()
    show = "groups => document.querySelector('search-palette').show('', groups)"
    page.evaluate(show, [{'title': hit['note'], 'hits': [hit]} for hit in hits])
    look()
    page.evaluate("why => document.querySelector('search-palette').refused('', why)", whole('palette.trouble'))
    look()


def press(role: str, name: str, place: int = 0) -> Callable[[Page, Callable[[], None]], None]:
    """Only one of them; the last is -1."""

    def once(page: Page, look: Callable[[], None]) -> None:
        page.get_by_role(role, name=name, exact=True).nth(place).click()
        look()

    return once


def as_tables(page: Page, look: Callable[[], None]) -> None:
    page.get_by_role('button', name='表格').evaluate_all('found => found.forEach(one => one.click())')
    look()
    page.get_by_label('校区', exact=True).click()
    look()


def unfolded(page: Page, look: Callable[[], None]) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    look()
    press('button', '以此为底稿')(page, look)


def tabs_and_tags(page: Page, look: Callable[[], None]) -> None:
    every('tab')(page, look)
    page.get_by_role('tab', name='企业微信').click()
    press('button', '改标签')(page, look)


def brought_in(page: Page, look: Callable[[], None]) -> None:
    """A file that is all attacks, up to what its rows would do."""
    heads = [word if name != 'question' else f'{word} {" ".join(lot("import.head"))}' for name, word in COLUMNS.items()]
    rows = [
        [{'question': question, 'answer': 'x', 'valid_from': payload}.get(name, '') for name in COLUMNS]
        for question, payload in zip(lot('import.question'), PAYLOADS, strict=True)
    ]
    name = f'{lot("import.file")[1]}.csv'
    page.locator('.pick-file input[type=file]').set_input_files(
        {'name': name, 'mimeType': 'text/csv', 'buffer': tables.as_csv(heads, rows)}
    )
    page.get_by_text(f'{name}: 共 {len(PAYLOADS)} 行').wait_for()
    look()


WALK = (
    ('/', every('button', '告警')),
    ('/review', every('button', '视图')),
    (f'/review?draft={FIRST}', None),
    ('/conversations', every('button', '视图')),
    (f'/conversations/{FIRST}', older),
    ('/students', None),
    (f'/students/{FIRST}', tabs_and_tags),
    ('/knowledge', all_pages),
    ('/knowledge/unknown', press('button', '写成条目', -1)),
    ('/knowledge/terms', press('button', '删除', -1)),
    ('/knowledge/scripts', None),
    ('/knowledge/materials', None),
    ('/knowledge/import', brought_in),
    ('/knowledge/cases', press('button', '编辑')),
    ('/reports', as_tables),
    ('/settings', None),
    ('/settings/policy', None),
    ('/settings/prompts', unfolded),
    ('/settings/failed', None),
    ('/simulate', in_the_palette),
    ('/sidebar?sim=1', None),
)
"""Where to go, and what to do there."""

BROUGHT = ('palette', 'palette.trouble', 'import.head', 'import.question')
"""What the walk itself brings along."""
