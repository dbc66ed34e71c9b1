"""A 微信客服 conversation on the page: what may still go out, who answers, and what was taken back."""

from playwright.sync_api import expect

from console.sandbox import Sandbox
from tests.conftest import ADMIN
from tests.desk import Desk
from tests.pages.conftest import OpenPage, kf_customer
from tests.server import ConsoleServer

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
ACCOUNT, SERVICER = 'wkWindow', 'ChenJie'


def test_the_window_counts_down_and_the_session_goes_to_a_servicer_and_back(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    who = kf_customer(wecom, ACCOUNT, '招生咨询', called='小明妈妈', servicer=(SERVICER, '陈洁'))
    mistaken = wecom.kf.customer_says(ACCOUNT, who, '发错了').msgid
    wecom.kf.customer_says(ACCOUNT, who, '周六有课吗')
    number = admin.draft_for(who)['conversation_id']

    page = open_page(console, credentials=HEAD, path=f'/conversations/{number}')
    window = page.locator('.thread .window')
    expect(window).to_contain_text('剩 5 条 · 还剩 47 小时')
    expect(window).to_contain_text('待系统接待')
    expect(page.locator('.thread .head')).to_contain_text('小明妈妈')

    page.get_by_label('回复', exact=True).fill('周六上午九点有课。')
    page.get_by_label('回复', exact=True).press('Control+Enter')
    expect(window).to_contain_text('剩 4 条')
    expect(window).to_contain_text('系统接待中')

    wecom.kf.customer_recalls(ACCOUNT, mistaken)
    expect(page.locator('.line.recalled', has_text='已撤回')).to_have_count(1)

    page.get_by_role('button', name='转人工').click()
    page.locator('.pick', has_text=SERVICER).click()
    expect(window).to_contain_text(f'人工接待 · {SERVICER}')
    assert wecom.kf.session(ACCOUNT, who).state == 3

    page.get_by_role('button', name='结束人工接待').click()
    page.get_by_role('button', name='结束接待', exact=True).click()
    expect(window).to_contain_text('会话已结束')

    wecom.kf.customer_says(ACCOUNT, who, '还在吗')
    expect(window).to_contain_text('待系统接待')
    expect(window).to_contain_text('剩 5 条')
