"""The pane beside a chat, with WeCom's own script in a browser that calls itself WeCom, and a client that is ours."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from console.sandbox import Sandbox
from models import Role
from tests.callbacks.test_oauth import PHONE, Browser
from tests.desk import Desk, eventually
from tests.fakes.model import FakeModel
from tests.pages.beside import Bench, Client, named
from tests.pages.conftest import OpenPage
from tests.pages.office import Office
from tests.server import ConsoleServer

ACCOUNT = 'wkSidebar'
WATCH = """
(name) => {
  const look = () => {
    if (window.toldOf === 'wmOther' && document.body.innerText.includes(name)) window.leaked = true;
    requestAnimationFrame(look);
  };
  look();
}
"""
WATCH_WRITING = """
() => {
  window.written = [];
  window.sendable = false;
  const look = () => {
    const live = [...document.querySelectorAll('[aria-label=正在写]')].find((one) => one.checkVisibility());
    const words = live?.textContent;
    if (words && words !== window.written.at(-1)) window.written.push(words);
    const send = document.querySelector('[data-act=send]');
    if (words && send && !send.disabled) window.sendable = true;
    requestAnimationFrame(look);
  };
  look();
}
"""


@pytest.fixture(scope='session')
def kind() -> str:
    """The pages are the same on both databases; the services behind them are tried on both."""
    return 'sqlite'


@pytest.fixture
def bench(console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage) -> Bench:
    return Bench(console, wecom, admin, open_page)


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
    expect(page.locator('.side-place .side-card').first).to_contain_text('小明妈妈')
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
    expect(page.locator('.side-place .side-card b').first).to_have_text(names[1])
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
    card = page.locator('.side-place .side-card').first
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


def test_words_outlive_a_sign_in_that_ran_out_and_nobody_asks_for_a_password(bench: Bench) -> None:
    userid = bench.hires(Role.SUPERVISOR)
    client = Client(bench.wecom, bench.meets(userid, named()))
    page = bench.opens(userid, client)
    page.get_by_label('回复内容').fill('回复写到一半')
    page.get_by_label('家长的话').fill('家长问了一半')
    bench.open_page.allowed.append('status of 404')  # the sandbox's sign-in page has no icon
    elsewhere = Browser(bench.console, agent=PHONE)
    elsewhere.comes_back(userid)
    elsewhere.http.post('/logout-everywhere')
    elsewhere.http.close()

    page.wait_for_url(f'{bench.wecom.oauth_base_url}?*')
    page.locator(f'a[href*="{userid}"]').click()  # the client would say by itself who this is
    page.wait_for_url(f'{bench.console.url}/sidebar')
    expect(page.get_by_label('回复内容')).to_have_value('回复写到一半')
    expect(page.get_by_label('家长的话')).to_have_value('家长问了一半')
    page.get_by_role('button', name='让 AI 起草').click()
    expect(page.get_by_text('家长问了一半')).to_be_visible()
    page.reload()
    expect(page.get_by_label('回复内容')).to_have_value('回复写到一半')
    expect(page.get_by_label('家长的话')).to_have_value('')
    abroad = f'asked another origin: {bench.wecom.oauth_base_url}'
    bench.open_page.troubles[:] = [one for one in bench.open_page.troubles if not one.startswith(abroad)]


def test_a_draft_is_watched_while_it_is_written_and_sent_only_when_finished(
    tmp_path: Path, open_page: OpenPage
) -> None:
    with FakeModel() as model:
        model.mode, model.delay = 'slow', 0.2
        model.reply = '您好，谢谢您的关心。老师会先了解孩子的情况，再和您约一个合适的时间，请您放心。'
        with Office(tmp_path, {'DEEPSEEK_API_KEY': 'k', 'DEEPSEEK_API_URL': model.url}) as office:
            bench = Bench(office.server, office.wecom, office.desk, open_page)
            userid = bench.hires(Role.SUPERVISOR)
            client = Client(bench.wecom, bench.meets(userid, named()))
            page = bench.opens(userid, client)
            page.get_by_label('家长的话').fill('想先了解一下')
            page.evaluate(WATCH_WRITING)
            page.get_by_role('button', name='让 AI 起草').click()
            page.wait_for_function('window.written.length >= 3')
            assert page.evaluate('window.sendable') is False
            page.get_by_role('button', name='编辑').click()
            seen = page.evaluate('window.written')
            assert all(model.reply.startswith(words) for words in seen)
            assert len([words for words in seen if words != model.reply]) >= 3
            field = page.get_by_label('回复内容')
            expect(field).to_have_value(model.reply)
            field.fill('您好，老师今天下班前联系您。')
            page.get_by_role('button', name='发送到聊天').click()
            expect(field).to_have_value('')
            assert client.sent() == ['您好，老师今天下班前联系您。']
            [conversation] = bench.admin.get('/conversations')['items']
            [line] = [one for one in _lines(bench, conversation['id']) if one['direction'] == 'out']
            assert line['text'] == '您好，老师今天下班前联系您。'
            page.close()


@pytest.mark.parametrize('entry', ['chat_attachment', 'normal'])
def test_where_wecom_names_no_chat_a_customer_is_picked_and_nothing_is_sent(bench: Bench, entry: str) -> None:
    userid, name = bench.hires(Role.SUPERVISOR), named()
    client = Client(bench.wecom, bench.meets(userid, name), entry=entry)
    page = bench.opens(userid, client)
    expect(page.get_by_text('请选择客户')).to_be_visible()
    page.get_by_role('button', name='选择客户').click()
    expect(page.locator('.side-place .side-card').first).to_contain_text(name)
    expect(page.get_by_role('button', name='发送到聊天')).to_have_count(0)
    page.get_by_role('button', name='打开与家长的聊天').click()
    page.wait_for_function('window.asked.includes("openEnterpriseChat")')
    assert 'getCurExternalContact' not in [called for called, _ in client.calls]


def test_of_another_parent_nothing_is_shown_for_a_moment_and_nothing_is_sent(bench: Bench) -> None:
    userid, name, other = bench.hires(Role.SUPERVISOR), named(), named()
    client = Client(bench.wecom, bench.meets(userid, name))
    bench.meets(userid, other, customer='wmOther')
    page = bench.opens(userid, client)
    expect(page.locator('.side-place .side-card').first).to_contain_text(name)
    page.get_by_label('回复内容').fill(f'{name}，您好')
    page.evaluate(WATCH, name)
    client.customer = 'wmOther'
    page.get_by_role('button', name='发送到聊天').click()
    expect(page.locator('.side-place .side-card').first).to_contain_text(other)
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


def _lines(bench: Bench, number: int) -> list[dict[str, Any]]:
    def kept() -> list[dict[str, Any]]:
        items = bench.admin.get(f'/conversations/{number}/messages')['items']
        return items if any(one['direction'] == 'out' for one in items) else []

    return eventually(kept)
