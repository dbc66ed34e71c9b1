"""The pane beside a chat, with WeCom's own script in a browser that calls itself WeCom, and a client that is ours."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from console.sandbox import Sandbox
from models import Role
from tests.callbacks.test_oauth import PHONE, SESSION, Browser
from tests.desk import Desk, eventually
from tests.pages.conftest import OpenPage
from tests.server import ROOT, ConsoleServer

ACCOUNT = 'wkSidebar'
# WeCom's client puts this object into its pages; the script talks to nothing else.
BRIDGE = """
window.WeixinJSBridge = { on() {}, invoke(name, given, back) {
  window.weComClient(name, given, location.href.split('#')[0]).then((answer) => {
    if (name === 'getCurExternalContact') window.toldOf = answer?.userId;
    if (answer) back({ ...answer, err_msg: `${name}:${answer.says ?? 'ok'}` });
  });
} };
"""
WATCH = """
(name) => {
  const look = () => {
    if (window.toldOf === 'wmOther' && document.body.innerText.includes(name)) window.leaked = true;
    requestAnimationFrame(look);
  };
  look();
}
"""


@pytest.fixture(scope='session')
def kind() -> str:
    """The pages are the same on both databases; the services behind them are tried on both."""
    return 'sqlite'


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


@pytest.fixture
def bench(console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage) -> Bench:
    return Bench(console, wecom, admin, open_page)


def named() -> str:
    return f'王{secrets.token_hex(3)}'


def test_an_edited_draft_is_sent_once_and_kept_as_sent_by_the_client(bench: Bench) -> None:
    userid, parent = bench.hires(Role.SUPERVISOR), f'wm{secrets.token_hex(8)}'
    bench.wecom.kf.doorbells(True)
    bench.wecom.kf.add_account('招生咨询', open_kfid=ACCOUNT)
    bench.wecom.kf.customer(parent, '小明妈妈')
    bench.wecom.servicers.add(ACCOUNT, userid)
    bench.wecom.kf.customer_says(ACCOUNT, parent, '周六有课吗')
    number = bench.admin.draft_for(parent)['conversation_id']
    bench.wecom.kf.set_state(ACCOUNT, parent, 2)
    bench.wecom.servicers.takes(ACCOUNT, parent, userid)
    bench.wecom.expire_tokens()
    client = Client(bench.wecom, parent, entry='single_kf_tools')

    page = bench.opens(userid, client)
    expect(page.locator('.side-card').first).to_contain_text('小明妈妈')
    expect(page.locator('.bubble').first).to_have_text('周六有课吗')
    page.get_by_role('button', name='编辑').click()
    page.get_by_label('回复内容').fill('您好，我帮您问一下老师。')
    send = page.get_by_role('button', name='发送到聊天')
    send.dblclick()
    expect(page.get_by_label('回复内容')).to_have_value('')

    assert client.verdicts == ['ok']
    assert client.sent() == ['您好，我帮您问一下老师。']
    kept = [one for one in _lines(bench, number) if one['direction'] == 'out']
    assert [one['text'] for one in kept] == ['您好，我帮您问一下老师。']
    thread = bench.opens(userid, client, width=1200, path=f'/conversations/{number}')
    expect(thread.get_by_text('已由客户端发送')).to_be_visible()
    bench.wecom.servicers.says(ACCOUNT, parent, '您好，我帮您问一下老师。')
    expect(thread.get_by_text('企业微信已确认')).to_be_visible()
    expect(thread.locator('.line.ours')).to_have_count(1)


def test_a_pasted_question_is_drafted_released_elsewhere_and_sent_from_the_pane(bench: Bench) -> None:
    userid = bench.hires()
    parent, phone = bench.meets(userid, '云淡风轻'), f'139{secrets.randbelow(10**8):08}'
    names = [named() for _ in range(3)]
    for name in names:
        bench.student(name, phone, grade='三年级')
    client = Client(bench.wecom, parent)

    page = bench.opens(userid, client)
    page.get_by_role('button', name='关联或新建学员').click()
    page.get_by_label('学员或家长姓名').fill(names[0])
    page.get_by_role('button', name=names[0]).click()
    expect(page.get_by_role('radio')).to_have_count(3)
    page.get_by_role('radio', name=names[1]).click()
    expect(page.locator('.side-card b').first).to_have_text(names[1])
    page.get_by_role('tab', name='跟进').click()
    page.get_by_label('这次谈了什么').fill('想了解周末班')
    page.get_by_role('button', name='记下来').click()
    expect(page.locator('.follow-ups').get_by_text('想了解周末班')).to_be_visible()

    page.get_by_role('tab', name='回复').click()
    expect(page.get_by_role('button', name='发送到聊天')).to_have_count(0)
    page.get_by_label('家长的话').fill('能先试听吗')
    page.get_by_role('button', name='让 AI 起草').click()
    page.get_by_role('button', name='编辑').click()
    page.get_by_label('回复内容').fill('可以先试听，我来安排。')
    page.get_by_role('button', name='提交审核').click()
    expect(page.get_by_text('正在等待审核')).to_be_visible()
    draft = bench.admin.draft_for(parent)
    bench.admin.post(f'/drafts/{draft["id"]}/approve', version=draft['version'])
    expect(page.get_by_text('已通过，可以发送')).to_be_visible()
    assert client.sent() == []
    client.says['sendChatMessage'] = 'fail no permission'
    page.get_by_role('button', name='发送到聊天').click()
    expect(page.get_by_role('alert').filter(has_text='没有发送: 没有权限')).to_be_visible()
    del client.says['sendChatMessage']
    page.get_by_role('button', name='发送到聊天').click()
    expect(page.get_by_text('已通过，可以发送')).to_have_count(0)
    assert client.sent() == ['可以先试听，我来安排。'] * 2  # the first was refused
    [line] = [one for one in _lines(bench, draft['conversation_id']) if one['direction'] == 'out']
    assert line['text'] == '可以先试听，我来安排。'


BROKEN: dict[str, Callable[[Client], None]] = {
    '没有权限': lambda client: client.says.update(getCurExternalContact='fail_nopermission'),
    '没有取得当前聊天': lambda client: client.says.update(getCurExternalContact='fail without context'),
    '企业微信版本太旧': lambda client: client.says.update(getContext='function not exist'),
    '企业微信没有认可这个网页': lambda client: client.says.update(agentConfig='fail invalid signature'),
    '企业微信没有回应': lambda client: client.silent.add('getContext'),
    '这是群聊': lambda client: setattr(client, 'entry', 'group_chat_tools'),
}


def test_what_wecom_refuses_is_said_in_words_with_a_way_out(bench: Bench) -> None:
    userid = bench.hires()
    name = named()
    client = Client(bench.wecom, bench.meets(userid, name))
    page = bench.opens(userid, client)
    card = page.locator('.side-card').first
    expect(card).to_contain_text(name)
    for words, breaks in BROKEN.items():
        breaks(client)
        page.reload()
        expect(page.get_by_text(words)).to_be_visible()
        assert name not in page.locator('body').inner_text()
        client.says.clear()
        client.silent.clear()
        page.get_by_role('button', name='选择客户' if words == '这是群聊' else '重试').click()
        expect(card).to_contain_text(name)
        expect(page.get_by_role('button', name='打开与家长的聊天')).to_have_count(1 if words == '这是群聊' else 0)


def test_a_browser_that_is_not_wecom_is_told_where_to_go(bench: Bench) -> None:
    page = bench.open_page(bench.console, credentials=('head', 'a long enough password'), path='/sidebar')
    expect(page.get_by_text('请在企业微信里打开')).to_be_visible()


def test_nothing_typed_is_lost_and_nothing_late_is_sent_when_the_network_goes(bench: Bench) -> None:
    userid = bench.hires(Role.SUPERVISOR)
    client = Client(bench.wecom, bench.meets(userid, named()))
    page = bench.opens(userid, client)
    field = page.get_by_label('回复内容')
    field.fill('写到一半')
    page.evaluate('window.socket.disconnect()')
    field.fill('写到一半的话，断网了')
    page.get_by_role('button', name='发送到聊天').click()
    expect(page.get_by_text('网络中断，没有提交')).to_be_visible()
    page.reload()
    expect(field).to_have_value('写到一半的话，断网了')
    assert client.sent() == []
    page.get_by_role('button', name='发送到聊天').click()
    expect(field).to_have_value('')
    assert client.sent() == ['写到一半的话，断网了']


def test_of_another_parent_nothing_is_shown_for_a_moment_and_nothing_is_sent(bench: Bench) -> None:
    userid, name, other = bench.hires(Role.SUPERVISOR), named(), named()
    client = Client(bench.wecom, bench.meets(userid, name))
    bench.meets(userid, other, customer='wmOther')
    page = bench.opens(userid, client)
    expect(page.locator('.side-card').first).to_contain_text(name)
    page.get_by_label('回复内容').fill(f'{name}，您好')
    page.evaluate(WATCH, name)
    client.customer = 'wmOther'
    page.get_by_role('button', name='发送到聊天').click()
    expect(page.locator('.side-card').first).to_contain_text(other)
    assert client.sent() == []
    assert page.evaluate('window.leaked') is None
    expect(page.get_by_label('回复内容')).to_have_value('')


def test_an_agent_learns_nothing_of_a_colleagues_parent_by_naming_her(bench: Bench) -> None:
    mine, hers, name = bench.hires(), bench.hires(), named()
    parent = bench.meets(hers, name)
    client = Client(bench.wecom, parent)
    page = bench.opens(mine, client)
    refusal = page.get_by_text('不在您名下')
    expect(refusal).to_be_visible()
    for entry in ('contact_profile', 'normal', 'single_kf_tools'):
        page.evaluate(
            """([entry, customer]) => document.querySelector('side-bridge')
            .dispatchEvent(new CustomEvent('chat', { detail: { entry, customer } }))""",
            [entry, parent],
        )
        page.wait_for_timeout(100)
        expect(refusal).to_be_visible()
    assert name not in page.content()
    asked = {'entry': 'contact_profile', 'customer': parent}
    assert page.request.get(f'{bench.console.url}/sidebar/first', params=asked).status == 204
    desk = bench.admin.colleague(Role.AGENT)
    for path in ('/user/basic', '/user/student-details', '/user/parent-details'):
        assert desk.http.get(path, params={'external_userid': parent, 'id': parent}).status_code in (403, 404, 422)


def test_it_fits_a_narrow_pane_and_a_thumb(bench: Bench) -> None:
    userid = bench.hires(Role.SUPERVISOR)
    name, phone = f'{named()}欧阳诸葛上官司马慕容', f'137{secrets.randbelow(10**8):08}'
    children = [bench.student(f'{name}{number}', phone) for number in range(3)]
    parent = bench.meets(userid, '一个名字特别特别长的家长ABCDEFGHIJKLMNOPQRSTUVWXYZ')
    page = bench.opens(userid, Client(bench.wecom, parent), width=320)
    link = page.get_by_role('button', name='关联或新建学员')
    expect(link).to_be_visible()
    _fits(page)
    link.click()
    page.get_by_label('学员或家长姓名').fill(f'{name}0')
    page.get_by_role('button', name=f'{name}0').click()
    expect(page.get_by_role('radio')).to_have_count(len(children))
    page.get_by_label('家长的话').fill('周六有课吗')
    page.get_by_role('button', name='让 AI 起草').click()
    expect(page.get_by_role('button', name='换一个')).to_be_visible()
    for tab in ('档案', '话术', '跟进', '回复'):
        page.get_by_role('tab', name=tab).click()
        expect(page.get_by_role('tab', name=tab)).to_have_attribute('aria-selected', 'true')
        _fits(page)
    for width in (360, 420, 480):
        page.set_viewport_size({'width': width, 'height': 720})
        _fits(page)
    shots = ROOT / 'build' / 'sidebar'
    shots.mkdir(parents=True, exist_ok=True)
    page.set_viewport_size({'width': 360, 'height': 720})
    for scheme in ('light', 'dark'):
        page.emulate_media(color_scheme=scheme)
        _fits(page)
        page.screenshot(path=shots / f'{scheme}.png')


def _fits(page: Page) -> None:
    found = page.evaluate(
        """() => ({
          wide: document.scrollingElement.scrollWidth - innerWidth,
          small: [...document.querySelectorAll('.side button, .side summary, .side input, .side textarea, .side a.btn')]
            .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height > 0)
            .map((one) => [one.closest('.q-field__control') ?? one, one.textContent.trim()])
            .filter(([one]) => one.getBoundingClientRect().height < 40)
            .map(([one, words]) => `${words} ${one.className} ${one.getBoundingClientRect().height}`),
        })"""
    )
    assert found == {'wide': 0, 'small': []}


def _lines(bench: Bench, number: int) -> list[dict[str, Any]]:
    def kept() -> list[dict[str, Any]]:
        items = bench.admin.get(f'/conversations/{number}/messages')['items']
        return items if any(one['direction'] == 'out' for one in items) else []

    return eventually(kept)
