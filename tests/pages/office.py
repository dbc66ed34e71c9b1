"""A console of its own for tests that release replies: who works there, parents who write, what is on the page."""

import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.conftest import ADMIN, QUICK, sandbox_in, wecom_settings
from tests.desk import Desk, eventually
from tests.pages.conftest import OpenPage
from tests.warm import WarmConsole

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
LIN = {'username': 'lin', 'name': '林主管', 'role': 'supervisor', 'password': 'plum trees in may'}
UNDO_SECONDS = 2.0
IS_ABOVE = '(one, other) => one.getBoundingClientRect().bottom <= other.getBoundingClientRect().top'


class Office:
    """A running console with an administrator, a supervisor, and parents who write to it."""

    def __init__(self, folder: Path, settings: dict[str, str] | None = None) -> None:
        self.wecom = sandbox_in(folder)
        self.wecom.start()
        undo = {'SIMULATION': 'off', 'UNDO_PERIOD': str(UNDO_SECONDS)}
        self.server = WarmConsole(ADMIN | QUICK | wecom_settings(self.wecom) | undo | (settings or {}))

    def __enter__(self) -> 'Office':
        self.server.__enter__()
        self.wecom.callback_url = f'{self.server.url}/api/v1/wechat/message'
        self.desk = Desk.signed_in(self.server.url, *HEAD)
        self.desk.post('/staff', status=201, **LIN)
        return self

    def __exit__(self, *error: object) -> None:
        self.desk.close()
        self.server.__exit__(*error)  # type: ignore[arg-type]
        self.wecom.stop()

    def parent(self, name: str) -> str:
        """A new member of WeCom whose id nobody had before."""
        userid = f'{name}_{time.time_ns()}'
        self.wecom.ensure_member(userid, name)
        return userid

    def asked(self, name: str = 'mama', words: str = '请问周六有课吗') -> tuple[str, int]:
        """A parent has asked, and a draft waits: her id and the draft's."""
        userid = self.parent(name)
        self.wecom.say(userid, words)
        return userid, self.desk.draft_for(userid)['id']

    def phone_shows(self, userid: str, words: str) -> bool:
        def shown() -> bool:
            return any(words == entry.text for entry in self.wecom.phone(userid))

        return eventually(shown)


def at(open_page: OpenPage, office: Office, draft_id: int, *, lin: bool = False) -> Page:
    """The draft in the hand of the administrator, or of 林主管."""
    who = (LIN['username'], LIN['password']) if lin else HEAD
    page = open_page(office.server, credentials=who, path=f'/review?draft={draft_id}')
    editor(page).wait_for()
    expect(page.get_by_text('实时')).to_be_visible()
    return page


def editor(page: Page) -> Locator:
    return page.get_by_label('回复内容')


def card(page: Page, words: str) -> Locator:
    return page.locator('.item', has_text=words)
