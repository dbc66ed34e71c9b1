"""What a pane beside a chat needs: WeCom's client around the page, colleagues, and parents who are their customers."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, Page

from console.sandbox import Sandbox
from models import Role
from tests.callbacks.test_oauth import PHONE, SESSION, Browser
from tests.desk import Desk
from tests.pages.conftest import OpenPage
from tests.server import ConsoleServer

# WeCom's client puts this object into its pages; the script talks to nothing else.
BRIDGE = """
window.asked = [];
window.WeixinJSBridge = { on() {}, invoke(name, given, back) {
  window.asked.push(name);
  window.weComClient(name, given, location.href.split('#')[0]).then((answer) => {
    if (name === 'getCurExternalContact') window.toldOf = answer?.userId;
    if (answer) back({ ...answer, err_msg: `${name}:${answer.says ?? 'ok'}` });
  });
} };
"""


@dataclass
class Client:
    """The WeCom client around the page. `says` are refusals by API; what is in `silent` never answers."""

    wecom: Sandbox
    customer: str
    entry: str = 'single_chat_tools'
    says: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)

    def __call__(self, name: str, given: dict[str, Any], page: str) -> dict[str, Any] | None:
        self.calls.append((name, given))
        if name in self.silent:
            return None
        if name in self.says:
            return {'says': self.says[name]}
        if name == 'agentConfig':
            return self._configured(given, page)
        answers: dict[str, dict[str, Any]] = {
            'getContext': {'entry': self.entry},
            'getCurExternalContact': {'userId': self.customer},
            'selectExternalContact': {'userIds': [self.customer]},
        }
        return answers.get(name, {})

    def _configured(self, given: dict[str, Any], page: str) -> dict[str, Any]:
        found = self.wecom.admin.verify_js(
            'agent_config',
            url=page,
            nonce=given['nonceStr'],
            timestamp=given['timestamp'],
            signature=given['signature'],
        )
        self.verdicts.append(found.why)
        return {} if found.ok else {'says': f'fail {found.why}'}

    def sent(self) -> list[str]:
        return [given['text']['content'] for name, given in self.calls if name == 'sendChatMessage']


@dataclass
class Bench:
    """A company with colleagues who have customers. `opens` is the pane in a client of a colleague's."""

    console: ConsoleServer
    wecom: Sandbox
    admin: Desk
    open_page: OpenPage

    def hires(self, role: Role = Role.AGENT) -> str:
        """A colleague's WeCom id."""
        userid = f'Side{secrets.token_hex(4)}'
        self.wecom.ensure_member(userid, '周顾问')
        self.admin.post(
            '/staff', status=201, username=userid.lower(), name=f'周{userid[-4:]}', role=role, wecom_userid=userid
        )
        return userid

    def meets(self, userid: str, name: str, *, customer: str | None = None) -> str:
        """A customer of the colleague's."""
        customer = customer or f'wm{secrets.token_hex(8)}'
        self.wecom.contacts.ensure(customer, name)
        self.wecom.contacts.add(userid, customer)
        return customer

    def student(self, name: str, phone: str, **more: Any) -> int:
        guardians = [{'name': '王女士', 'kinship': '妈妈', 'phone': phone}]
        return int(self.admin.post('/students', status=201, name=name, guardians=guardians, **more)['id'])

    def opens(self, userid: str, client: Client, *, width: int = 360, path: str = '/sidebar') -> Page:
        browser = Browser(self.console, agent=PHONE)
        try:
            browser.comes_back(userid)
            secret = browser.http.cookies[SESSION]
        finally:
            browser.http.close()

        def prepare(context: BrowserContext) -> None:
            context.add_cookies([{'name': SESSION, 'value': secret, 'url': self.console.url}])
            context.expose_function('weComClient', client)
            context.add_init_script(BRIDGE)

        return self.open_page(self.console, path=path, width=width, agent=PHONE, prepare=prepare)


def named() -> str:
    return f'王{secrets.token_hex(3)}'
