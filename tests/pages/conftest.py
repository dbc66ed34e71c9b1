"""A real browser for the tests of pages. A test that asks for `open_page` runs in the browser's own thread."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from console.sandbox import Sandbox
from tests.server import ConsoleServer

ARGUMENTS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
]
OF_OUR_OWN = ('http', 'https', 'ws', 'wss')


@dataclass
class Browsing:
    """Playwright's plain API lives in one thread, since its loop must not be that of the async tests."""

    thread: ThreadPoolExecutor
    playwright: Playwright
    browser: Browser

    def run(self, work: Callable[[], Any]) -> Any:
        return self.thread.submit(work).result()


@dataclass
class OpenPage:
    """Call it: `open_page(server, 'supervisor', '/review')`. What goes wrong in the browser fails the test.

    Every page is a browser of its own, so two may be two people. `allowed` are parts of console errors that a test
    provokes, such as `status of 401`.
    """

    browser: Browser
    allowed: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(
        self,
        server: ConsoleServer,
        role: str | None = None,
        path: str = '/',
        *,
        credentials: tuple[str, str] | None = None,
        width: int = 1440,
        dark: bool = False,
        javascript: bool = True,
        agent: str | None = None,
        prepare: Callable[[BrowserContext], None] | None = None,
    ) -> Page:
        """A page at `path`, signed in as the demo account of `role`, by user name and password, or not at all.

        `agent` is what the browser calls itself; `prepare` gets its context before anything is opened.
        """
        context = self.browser.new_context(
            viewport={'width': width, 'height': 900},
            color_scheme='dark' if dark else 'light',
            locale='zh-CN',
            java_script_enabled=javascript,
            user_agent=agent,
        )
        if prepare is not None:
            prepare(context)
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        expect.set_options(timeout=15_000)
        self._watch(page, server.url)
        if role or credentials:
            self._sign_in(context, server.url, role, credentials)
        page.goto(f'{server.url}{path}')
        return page

    def _sign_in(
        self, context: BrowserContext, url: str, role: str | None, credentials: tuple[str, str] | None
    ) -> None:
        """What the form on the sign-in page sends, without two pages on the way."""
        where, form = '/login/demo', {'role': role or ''}
        if credentials:
            where, form = '/login', {'username': credentials[0], 'password': credentials[1]}
        answer = context.request.post(f'{url}{where}', form=form, headers={'Origin': url}, max_redirects=0)
        assert answer.status == 303, answer.text()[:500]

    def close(self) -> None:
        for context in self.contexts:
            context.close()

    def _watch(self, page: Page, url: str) -> None:
        def said(message: Any) -> None:
            if message.type == 'error' and not any(part in message.text for part in self.allowed):
                self.troubles.append(f'console: {message.text}')

        def asked(request: Any) -> None:
            target = urlsplit(request.url)
            if target.scheme in OF_OUR_OWN and target.netloc != urlsplit(url).netloc:
                self.troubles.append(f'asked another origin: {request.url}')

        page.on('console', said)
        page.on('pageerror', lambda error: self.troubles.append(f'script: {error}'))
        page.on('request', asked)


@pytest.fixture(scope='session')
def browsing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsing]:
    home = tmp_path_factory.mktemp('browser')
    thread = ThreadPoolExecutor(1, thread_name_prefix='browser')
    made = thread.submit(_start, home).result()
    yield Browsing(thread, *made)
    thread.submit(lambda: (made[1].close(), made[0].stop())).result()
    thread.shutdown()


@pytest.fixture
def open_page(browsing: Browsing) -> Iterator[OpenPage]:
    opener = OpenPage(browsing.browser)
    yield opener
    browsing.run(opener.close)
    assert not opener.troubles, opener.troubles


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that uses the browser in the browser's thread."""
    if 'open_page' not in pyfuncitem.fixturenames:
        return None
    given = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    pyfuncitem.funcargs['open_page'].troubles.clear()
    browsing: Browsing = pyfuncitem.funcargs['browsing']
    browsing.run(lambda: pyfuncitem.obj(**given))
    return True


def _start(home: Path) -> tuple[Playwright, Browser]:
    executable = os.environ.get('CHROMIUM') or shutil.which('chromium')
    playwright = sync_playwright().start()
    browser = playwright.chromium.launch(
        executable_path=executable, args=ARGUMENTS, env={**os.environ, 'HOME': str(home)}
    )
    return playwright, browser


def kf_customer(wecom: Sandbox, account: str, name: str, *, called: str, servicer: tuple[str, str]) -> str:
    """A customer made for this test at a 微信客服 account of this name, which one member (userid, name) serves."""
    who = f'wm{time.time_ns()}'
    wecom.kf.doorbells(True)
    wecom.kf.add_account(name, open_kfid=account)
    wecom.kf.customer(who, called)
    wecom.ensure_member(*servicer)
    wecom.servicers.add(account, servicer[0])
    return who
