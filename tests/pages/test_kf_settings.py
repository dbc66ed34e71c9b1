"""微信客服 in the settings and in the review: accounts, their texts, and what is said of a reply that cannot go out."""

import time

from playwright.sync_api import expect

from console.sandbox import Sandbox
from tests.conftest import ADMIN
from tests.desk import Desk
from tests.pages.conftest import OpenPage, kf_customer
from tests.server import ConsoleServer

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
ACCOUNT, SERVICER = 'wkSettings', 'LiuYang'


def test_an_account_appears_by_itself_and_its_texts_are_approved_in_place(
    console: ConsoleServer, wecom: Sandbox, open_page: OpenPage
) -> None:
    page = open_page(console, credentials=HEAD, path='/settings')
    panel = page.locator('.kf-accounts')
    expect(panel).to_contain_text('微信客服')
    who = f'wm{time.time_ns()}'
    wecom.kf.doorbells(True)
    wecom.kf.add_account('课程咨询', open_kfid=ACCOUNT)
    wecom.kf.customer(who, '小红妈妈')
    wecom.kf.customer_says(ACCOUNT, who, '在吗')
    account = panel.locator('.kf-account', has_text='课程咨询')
    expect(account).to_contain_text('已授权')
    expect(account).to_contain_text('刚刚')

    account.get_by_role('button', name='编辑自动消息').click()
    account.get_by_label('欢迎语').fill('好' * 683)
    expect(account).to_contain_text('2,049 / 2,048 字节')
    account.get_by_role('button', name='批准并保存').click()
    expect(account).to_contain_text('内容有 2,049 字节')
    account.get_by_label('欢迎语').fill('您好，请问想了解哪门课？')
    wecom.kf.customer_says(ACCOUNT, who, '还在吗')
    wecom.kf.grant(ACCOUNT, False)
    expect(account).to_contain_text('未授权')
    expect(account.get_by_label('欢迎语')).to_have_value('您好，请问想了解哪门课？')
    account.get_by_role('button', name='批准并保存').click()
    expect(account.locator('dl')).to_contain_text('您好，请问想了解哪门课？')
    expect(account.locator('dl')).to_contain_text('head · 刚刚')
    wecom.kf.grant(ACCOUNT, True)


def test_a_draft_that_cannot_go_out_says_so_and_is_not_released(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    who = kf_customer(wecom, ACCOUNT, '课程咨询', called='小刚妈妈', servicer=(SERVICER, '刘洋'))
    wecom.kf.customer_says(ACCOUNT, who, '周六有课吗')
    draft_id = admin.draft_for(who)['id']

    page = open_page(console, credentials=HEAD, path=f'/review?draft={draft_id}')
    release, notes = page.get_by_role('button', name='通过并下一条'), page.locator('.review .notes')
    expect(release).to_be_enabled()
    page.get_by_label('回复内容').fill('好' * 683 * 6)
    expect(notes).to_contain_text('只剩 5 条可用')
    expect(release).to_be_disabled()
    page.get_by_label('回复内容').fill('周六上午九点有课。')
    expect(release).to_be_enabled()

    wecom.kf.set_state(ACCOUNT, who, 2)
    wecom.servicers.takes(ACCOUNT, who, SERVICER)
    expect(notes).to_contain_text(f'会话正由{SERVICER}在企业微信中接待')
    expect(release).to_be_enabled()
    wecom.servicers.ends(ACCOUNT, who)
    expect(notes).to_contain_text('会话已结束')
    expect(release).to_be_disabled()
    page.locator('.review .desk .head').click()
    page.keyboard.press('a')
    expect(page.locator('.q-notification', has_text='会话已结束')).to_be_visible()
