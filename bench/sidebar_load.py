"""`python -m bench.sidebar_load`: how long the pane takes until it can be read and used, and its weight.

A phone's browser that is four times slower than this machine; the WeCom around it is our sandbox. It runs already, as
WeCom does. Cold: nothing is in its cache. Warm: opened again, as a colleague does all day. Each on this machine's own
line and on one of 10 Mbit/s with 40 ms.
"""

import argparse
import os
import shutil
import statistics
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from bench import table
from bench.table import Row
from console.sandbox import Sandbox, invent_credentials
from tests.callbacks.test_oauth import PHONE, SESSION
from tests.callbacks.test_oauth import Browser as Phone
from tests.conftest import ADMIN, QUICK, wecom_settings
from tests.desk import Desk
from tests.server import ConsoleServer

SLOWER = 4
BYTES_PER_SECOND, LATENCY_MS = 1_250_000, 40
BEFORE_WARM = 3
AT_REST_MS = 500
NAME = '王梦瑶'
USERID, CUSTOMER = 'BenchGuWen', 'wmBench'
BRIDGE = """
window.WeixinJSBridge = { on() {}, invoke(name, given, back) {
  const answers = { getContext: { entry: 'single_chat_tools' }, getCurExternalContact: { userId: '$CUSTOMER' } };
  setTimeout(() => back({ ...answers[name], err_msg: `${name}:ok` }), 5);
} };
""".replace('$CUSTOMER', CUSTOMER)
WATCH = """
window.seen = {};
const look = () => {
  const now = performance.now();
  const shown = (one) => one && one.checkVisibility();
  const named = (where) => document.querySelector(where)?.textContent.includes('$NAME');
  if (named('#side-first') || named('.side-card')) window.seen.card ??= now;
  if (named('.side-card') && shown(document.querySelector('side-words textarea'))) window.seen.usable ??= now;
  if (!window.seen.usable) requestAnimationFrame(look);
};
look();
""".replace('$NAME', NAME)


CAME = """
['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))
  .map((one) => [one.name, one.transferSize])
"""


@dataclass
class Visit:
    """Milliseconds from the click, and what came over the line."""

    card: float
    usable: float
    requests: int
    bytes: int


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('--times', type=int, default=5)
    parser.add_argument('--files', action='store_true', help='list what is loaded')
    options = parser.parse_args()
    before = table.machine()
    table.show(rows(options.times, files=options.files), before)


def rows(times: int = 5, *, files: bool = False) -> list[Row]:
    """Lines of the table of `make bench`."""
    return [
        (
            'pane',
            f'{name}, CPU {SLOWER} times slower',
            f'card {middle(visits, "card"):.0f} ms, '
            f'usable {middle(visits, "usable"):.0f} ms (best {min(one.usable for one in visits):.0f}), '
            f'{visits[-1].requests} requests, {visits[-1].bytes / 1024:.0f} KB',
        )
        for name, visits in measure(times, files=files).items()
    ]


def measure(times: int, *, files: bool) -> dict[str, list[Visit]]:
    """The visits by what is told of them. All kinds take turns, so that a slow minute of the machine is everyone's."""
    visits: dict[str, list[Visit]] = {}
    with tempfile.TemporaryDirectory() as folder:
        given = invent_credentials(Path(folder) / 'sandbox.json')
        wecom = Sandbox(Path(folder) / 'sandbox.sqlite3', **vars(given))
        wecom.start()
        try:
            with ConsoleServer(ADMIN | QUICK | wecom_settings(wecom) | {'SIMULATION': 'off'}) as server:
                wecom.callback_url = f'{server.url}/api/v1/wechat/message'
                secret = _prepare(server, wecom)
                with sync_playwright() as playwright:
                    executable = os.environ.get('CHROMIUM') or shutil.which('chromium')
                    arguments = ['--no-sandbox', '--disable-gpu']
                    browser = playwright.chromium.launch(executable_path=executable, args=arguments)
                    for number, far in product(range(times), (False, True)):
                        line = ', 10 Mbit/s' if far else ''
                        context = _context(browser, server, secret)
                        listed = files and number == 0
                        visits.setdefault(f'cold{line}', []).append(_visit(context, server, far=far, files=listed))
                        for _ in range(BEFORE_WARM):  # the browser keeps compiled scripts from the third visit on
                            _visit(context, server, far=far)
                        visits.setdefault(f'warm{line}', []).append(_visit(context, server, far=far))
                        context.close()
                    browser.close()
        finally:
            wecom.stop()
    return visits


def middle(visits: list[Visit], what: str) -> float:
    return statistics.median(getattr(one, what) for one in visits)


def _prepare(server: ConsoleServer, wecom: Sandbox) -> str:
    """A colleague with a customer who has a student; the cookie of her sign-in."""
    desk = Desk.signed_in(server.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
    wecom.ensure_member(USERID, '周顾问')
    desk.post('/staff', status=201, username='bench', name='周顾问', role='supervisor', wecom_userid=USERID)
    wecom.contacts.ensure(CUSTOMER, f'{NAME}妈妈')
    wecom.contacts.add(USERID, CUSTOMER)
    desk.close()
    phone = Phone(server, agent=PHONE)
    try:
        phone.comes_back(USERID)
        return str(phone.http.cookies[SESSION])
    finally:
        phone.http.close()


def _context(browser: Browser, server: ConsoleServer, secret: str) -> BrowserContext:
    context = browser.new_context(viewport={'width': 360, 'height': 720}, locale='zh-CN', user_agent=PHONE)
    context.add_cookies([{'name': SESSION, 'value': secret, 'url': server.url}])
    context.add_init_script(BRIDGE)
    context.add_init_script(WATCH)
    return context


def _visit(context: BrowserContext, server: ConsoleServer, *, far: bool, files: bool = False) -> Visit:
    page = context.new_page()
    page.goto(f'{server.url}/health')
    page.wait_for_timeout(AT_REST_MS)
    line = context.new_cdp_session(page)
    if far:
        line.send('Network.enable')
        conditions = {'offline': False, 'latency': LATENCY_MS, 'downloadThroughput': BYTES_PER_SECOND}
        line.send('Network.emulateNetworkConditions', {**conditions, 'uploadThroughput': BYTES_PER_SECOND})
    line.send('Emulation.setCPUThrottlingRate', {'rate': SLOWER})
    page.goto(f'{server.url}/sidebar', wait_until='commit')

    page.wait_for_function('window.seen?.usable', polling=100, timeout=60_000)
    seen = page.evaluate('window.seen')
    came = {address: size for address, size in page.evaluate(CAME) if size}
    if files:
        for address, size in sorted(came.items(), key=lambda pair: -pair[1]):
            print(f'{size / 1024:8.1f} KB  {address.removeprefix(server.url)[:100]}')
    page.close()
    return Visit(**seen, requests=len(came), bytes=sum(came.values()))


if __name__ == '__main__':
    main()
