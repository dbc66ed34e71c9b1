"""Customers of our members on the student's page and in the settings, and drafts on a supervisor's phone."""

import json
import secrets

from playwright.sync_api import Page, expect

from console.sandbox import Sandbox
from models import Role
from tests.desk import Desk, eventually
from tests.pages.conftest import OpenPage
from tests.pages.test_students import at, named
from tests.server import ConsoleServer


def test_a_parent_whose_number_was_noted_is_shown_with_the_student_and_changed_in_both_places(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    member, customer = f'Lin{secrets.token_hex(4)}', f'wm{secrets.token_hex(8)}'
    phone = f'139{secrets.randbelow(10**8):08}'
    name = named()
    wecom.ensure_member(member, '小林')
    tag = wecom.contacts.add_tag('意向', f'高{secrets.token_hex(3)}')
    made = admin.post('/students', status=201, name=name, guardians=[{'name': '王女士', 'phone': phone}])
    wecom.contacts.ensure(customer, '云淡风轻')
    wecom.contacts.add(member, customer)
    wecom.contacts.edit(member, customer, remark='王妈妈', mobiles=[phone])

    page = at(open_page, console, f'/students/{made["id"]}')
    page.get_by_role('tab', name='企业微信').click()
    expect(page.get_by_text('云淡风轻')).to_be_visible()
    expect(page.get_by_text(f'由 {member} 添加')).to_be_visible()

    page.get_by_role('button', name='改标签').click()
    page.get_by_role('dialog').get_by_role('button', name='取消').click()
    expect(page.get_by_role('dialog')).to_have_count(0)
    page.get_by_role('button', name='改备注').click()
    page.get_by_role('textbox', name='备注').fill('王妈妈 周六班')
    page.get_by_role('button', name='保存').click()
    expect(page.get_by_text('企业微信备注: 王妈妈 周六班')).to_be_visible()
    page.get_by_role('button', name='改标签').click()
    page.get_by_role('checkbox', name='高').last.click()
    page.get_by_role('button', name='保存').click()
    expect(page.locator('.follower .chip.info')).to_have_count(1)

    [follow] = wecom.contacts.of(member)
    assert (follow.remark, follow.tag_ids) == ('王妈妈 周六班', [tag])

    wecom.contacts.contact_deletes(member, customer)
    expect(page.get_by_text('已不是好友')).to_be_visible()
    page.get_by_role('button', name='取消关联').click()
    page.get_by_role('alertdialog').get_by_role('button', name='取消关联').click()
    expect(page.get_by_text('还没有同事添加这位家长')).to_be_visible()


def test_a_customer_who_came_by_a_code_is_found_and_told_where_from(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    member, customer = f'Zhao{secrets.token_hex(4)}', f'wm{secrets.token_hex(8)}'
    wecom.ensure_member(member, '赵')
    page = at(open_page, console, '/settings')
    colleague(page, member, f'赵{member}')

    source = f'地推{secrets.token_hex(3)}'
    page.get_by_role('button', name='添加二维码').click()
    dialog = page.get_by_role('dialog')
    dialog.get_by_label('来源名称').fill(source)
    dialog.get_by_label('添加谁为好友').click()
    page.get_by_role('option', name=f'赵{member}').click()
    dialog.get_by_role('button', name='生成').click()
    row = page.locator('.customers tr', has_text=source)
    expect(row.get_by_role('link', name='打开二维码')).to_have_attribute('target', '_blank')

    [asked] = [one for one in wecom.calls('externalcontact/add_contact_way') if source.encode() in one.body]
    wecom.contacts.ensure(customer, f'客户{source}')
    wecom.contacts.add(member, customer, state=json.loads(asked.body)['state'])
    made = admin.post('/students', status=201, name=named())
    student = at(open_page, console, f'/students/{made["id"]}')
    student.get_by_role('tab', name='企业微信').click()
    student.get_by_role('button', name='关联其他客户').click()
    student.get_by_label('客户的微信名或备注').fill(f'客户{source}')
    student.get_by_role('button', name=f'客户{source}').click()
    expect(student.get_by_text(f'来源: {source}')).to_be_visible()

    row.get_by_role('button', name='删除').click()
    page.get_by_role('alertdialog').get_by_role('button', name='删除').click()
    expect(row).to_have_count(0)
    page.get_by_role('button', name='立即同步').click()
    expect(page.locator('.customers dl')).not_to_contain_text('还没有完成过')


def test_a_supervisor_releases_a_draft_with_a_press_on_the_phone(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    boss, parent = f'Boss{secrets.token_hex(4)}', f'parent{secrets.token_hex(4)}'
    wecom.ensure_member(boss, '王主管')
    wecom.ensure_member(parent, '家长')
    page = at(open_page, console, '/settings')
    colleague(page, boss, '王主管', role='主管')
    page.locator('tr', has_text=boss).get_by_role('button', name='编辑').click()
    page.get_by_role('dialog').get_by_text('在手机上审批').click()
    page.get_by_role('dialog').get_by_role('button', name='保存').click()
    expect(page.locator('tr', has_text=boss).get_by_text('手机审批')).to_be_visible()

    wecom.say(parent, '请帮我问问老师')
    admin.draft_for(parent)
    agent = admin.colleague(Role.AGENT)
    proposed = agent.post('/send-message', content='好的，我帮您问一下老师。', customerId=parent)
    card = eventually(lambda: next((one for one in wecom.cards.of(boss) if '我帮您问' in str(one.body)), None))
    assert card.body['button_list'][1]['url'].endswith(f'/review?draft={proposed["messageId"].removeprefix("draft-")}')
    wecom.cards.press(boss, card.body['task_id'], 'approve')

    assert eventually(lambda: [one.text for one in wecom.phone(parent) if one.direction == 'in']) == [
        '好的，我帮您问一下老师。'
    ]
    eventually(lambda: next((True for one in wecom.cards.of(boss) if one.body.get('replace_name')), None))
    told = [one.body.get('replace_name') for one in wecom.cards.of(boss) if one.body['task_id'] == card.body['task_id']]
    assert told == ['王主管 已批准']


def colleague(page: Page, userid: str, name: str, *, role: str = '客服') -> None:
    """Add a colleague, in the settings, who has an account in WeCom."""
    page.get_by_role('button', name='添加员工').click()
    dialog = page.get_by_role('dialog')
    dialog.get_by_label('用户名').fill(userid.lower())
    dialog.get_by_label('姓名').fill(name)
    dialog.get_by_label('角色').click()
    page.get_by_role('option', name=role).click()
    dialog.get_by_label('初始密码').fill('three blind mice')
    dialog.get_by_label('企业微信 userid').fill(userid)
    dialog.get_by_role('button', name='保存').click()
    expect(page.locator('tr', has_text=userid).first).to_be_visible()
