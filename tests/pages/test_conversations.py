"""Talking with parents: what arrives while one reads and writes, who may send, and what failed."""

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from console.sandbox import Sandbox
from models import Role, utc_now
from tests.conftest import ADMIN
from tests.desk import Desk, eventually
from tests.pages.conftest import OpenPage
from tests.pages.office import UNDO_SECONDS, Office
from tests.server import ConsoleServer

HEAD = (ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
UNKNOWN_RECIPIENT = 40003
NOT_CONFIGURED = 60011
A_GLANCE = 600
"""Milliseconds in which what a key does would have been done."""


def parent(wecom: Sandbox, name: str = 'mama') -> str:
    userid = f'{name}_{time.time_ns()}'
    wecom.ensure_member(userid, name)
    return userid


def asked(wecom: Sandbox, desk: Desk, words: str = '请问周六有课吗') -> tuple[str, int]:
    """A parent has asked and a draft waits: her id and the conversation's."""
    userid = parent(wecom)
    wecom.say(userid, words)
    return userid, int(desk.draft_for(userid)['conversation_id'])


def told(wecom: Sandbox, desk: Desk, lines: int) -> tuple[str, int]:
    """A parent has said so many lines, from 第 0 句 on, and all are there: her id and the conversation's."""
    userid, number = asked(wecom, desk, '第 0 句')
    for n in range(1, lines):
        wecom.say(userid, f'第 {n} 句')
    last = f'第 {lines - 1} 句'
    eventually(lambda: desk.get(f'/conversations/{number}/messages')['items'][-1]['text'] == last, seconds=60)
    return userid, number


def at(open_page: OpenPage, server: ConsoleServer, conversation_id: int, **given: object) -> Page:
    page = open_page(server, **{'credentials': HEAD, 'path': f'/conversations/{conversation_id}'} | given)
    expect(page.get_by_text('实时')).to_be_visible()
    return page


def box(page: Page) -> Locator:
    return page.get_by_label('回复', exact=True)


def colleague(desk: Desk, role: Role) -> tuple[str, str]:
    given = {'username': f'c{time.time_ns()}', 'password': 'plum trees in may'}
    desk.post('/staff', status=201, role=role, name=f'同事{given["username"][-5:]}', **given)
    return given['username'], given['password']


def test_what_a_parent_writes_appears_within_a_second_and_eats_nothing_typed(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = asked(wecom, admin)
    page = at(open_page, console, number)
    box(page).press_sequentially('您好，')

    wecom.say(userid, '或者周日也行')
    expect(page.locator('.bubble', has_text='或者周日也行')).to_be_visible(timeout=1500)
    box(page).press_sequentially('我看看')

    expect(box(page)).to_have_value('您好，我看看')
    expect(box(page)).to_be_focused()


def test_a_reply_reaches_the_phone_and_its_state_is_shown(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = asked(wecom, admin)
    page = at(open_page, console, number)
    expect(page.locator('.draft', has_text='AI 草稿')).to_be_visible()

    box(page).fill('周六上午九点有课。')
    box(page).press('Control+Enter')

    line = page.locator('.line.ours', has_text='周六上午九点有课。')
    expect(line.get_by_text('已提交')).to_be_visible()
    expect(box(page)).to_have_value('')
    expect(page.locator('.draft')).to_have_count(0)
    assert eventually(lambda: any(entry.text == '周六上午九点有课。' for entry in wecom.phone(userid)))


def test_a_reply_whose_answer_was_lost_is_sent_once_however_often_it_is_sent_again(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = asked(wecom, admin)
    page = at(open_page, console, number)
    page.evaluate("document.querySelector('reply-box').sent = () => {}")
    box(page).fill('周六上午有课。')
    box(page).press('Control+Enter')
    assert eventually(lambda: any(entry.text == '周六上午有课。' for entry in wecom.phone(userid)))

    page.reload()
    expect(box(page)).to_have_value('周六上午有课。')
    box(page).press('Control+Enter')
    expect(box(page)).to_have_value('')
    expect(page.locator('.line.ours', has_text='周六上午有课。')).to_have_count(1)

    box(page).fill('周六上午有课。')
    box(page).press('Control+Enter')
    expect(page.locator('.line.ours', has_text='周六上午有课。')).to_have_count(2)


def test_a_day_before_all_schools_is_refused_at_its_field(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    page = at(open_page, console, asked(wecom, admin)[1])
    page.get_by_role('button', name='跳到某一天').click()
    page.get_by_label('日期').fill('0001-01-01')
    page.get_by_role('button', name='跳转').click()
    expect(page.get_by_text('请填写 2000 年以后的日期')).to_be_visible()
    page.get_by_role('button', name='取消').click()

    page.get_by_role('button', name='稍后').click()
    page.get_by_label('自选提醒时间').fill('0001-01-01T00:00')
    page.get_by_role('button', name='提醒', exact=True).click()
    expect(page.get_by_text('请填写 2000 年以后的日期')).to_be_visible()


def test_what_is_typed_survives_a_reload_and_belongs_to_its_conversation(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    _, first = asked(wecom, admin)
    _, second = asked(wecom, admin)
    page = at(open_page, console, first)
    box(page).fill('写到一半')

    page.reload()
    expect(box(page)).to_have_value('写到一半')
    page.locator(f'.chats a[href="/conversations/{second}"]').click()
    page.wait_for_url(f'**/conversations/{second}?*')
    expect(box(page)).to_have_value('')
    page.locator(f'.chats a[href="/conversations/{first}"]').click()
    expect(box(page)).to_have_value('写到一半')


def test_an_agents_reply_waits_and_a_supervisor_releases_it_in_the_conversation(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = asked(wecom, admin)
    agent = at(open_page, console, number, credentials=colleague(admin, Role.AGENT))
    head = at(open_page, console, number)
    expect(agent.get_by_role('button', name='通过并发送')).to_have_count(0)

    box(agent).fill('好的，我问过老师马上回复您。')
    agent.get_by_role('button', name='提交审核').click()

    expect(agent.get_by_text('主管通过后会自动发给家长')).to_be_visible()
    draft = head.locator('.draft', has_text='好的，我问过老师马上回复您。')
    draft.get_by_role('button', name='通过并发送').click()
    expect(agent.locator('.line.ours', has_text='好的，我问过老师马上回复您。').get_by_text('已提交')).to_be_visible()
    assert eventually(lambda: any(entry.text == '好的，我问过老师马上回复您。' for entry in wecom.phone(userid)))


def test_a_refused_reply_stays_with_its_reason_and_goes_back_into_the_box(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    _, number = asked(wecom, admin)
    agent = at(open_page, console, number, credentials=colleague(admin, Role.AGENT))
    box(agent).fill('好的，周六下午三点。')
    agent.get_by_role('button', name='提交审核').click()
    expect(agent.locator('.draft', has_text='写的回复')).to_be_visible()
    [draft] = [one for one in admin.get('/drafts', {'status': 'pending'})['items'] if one['conversation_id'] == number]
    box(agent).fill('还有，')

    refusal = {'version': draft['version'], 'reason': '内容不准确', 'note': '周六下午没有课'}
    admin.post(f'/drafts/{draft["id"]}/reject', **refusal)

    refused = agent.locator('.draft', has_text='好的，周六下午三点。')
    expect(refused.get_by_text('退回: 内容不准确：周六下午没有课')).to_be_visible()
    agent.reload()
    refused.get_by_role('button', name='放回输入框').click()
    refused.get_by_role('button', name='放回输入框').click()
    expect(box(agent)).to_have_value('好的，周六下午三点。\n还有，')


def test_a_release_in_the_conversation_is_taken_back_with_a_key(open_page: OpenPage, tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        mother, draft_id = office.asked()
        number = office.desk.get(f'/drafts/{draft_id}')['conversation_id']
        page = at(open_page, office.server, number)

        page.get_by_role('button', name='通过并发送').click()
        expect(page.locator('.snack').get_by_text('已通过')).to_be_visible()
        page.keyboard.press('z')

        expect(page.get_by_role('button', name='通过并发送')).to_be_visible()
        time.sleep(UNDO_SECONDS + 1)
        assert office.desk.get(f'/drafts/{draft_id}')['status'] == 'pending'
        assert [entry.text for entry in office.wecom.phone(mother)] == ['请问周六有课吗']


def test_an_agent_goes_on_from_the_ais_draft(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    _, number = asked(wecom, admin)
    agent = at(open_page, console, number, credentials=colleague(admin, Role.AGENT))
    words = agent.locator('.draft .words').inner_text()
    box(agent).fill('您好！')

    agent.locator('.draft').get_by_role('button', name='放进回复框').click()

    expect(box(agent)).to_have_value(f'{words}\n您好！')
    agent.get_by_role('button', name='提交审核').click()
    expect(agent.locator('.draft', has_text='写的回复').get_by_text('您好！')).to_be_visible()


def test_what_failed_says_why_and_is_sent_again(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = asked(wecom, admin)
    page = at(open_page, console, number)
    wecom.fail_next(UNKNOWN_RECIPIENT)

    box(page).fill('收到，马上安排。')
    box(page).press('Control+Enter')

    line = page.locator('.line.ours', has_text='收到，马上安排。')
    expect(line.get_by_text('发送失败')).to_be_visible()
    expect(line.locator('.reason')).to_contain_text(str(UNKNOWN_RECIPIENT))
    line.get_by_role('button', name='重发').click()
    expect(line.get_by_text('已提交')).to_be_visible()
    assert eventually(lambda: any(entry.text == '收到，马上安排。' for entry in wecom.phone(userid)))


def test_what_waits_for_an_administrator_says_so(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    _, number = asked(wecom, admin)
    page = at(open_page, console, number)
    wecom.fail_next(NOT_CONFIGURED)

    box(page).fill('收到。')
    box(page).press('Control+Enter')

    line = page.locator('.line.ours', has_text='收到。')
    expect(line.get_by_text('排队，会自动重试')).to_be_visible()
    expect(line.locator('.reason')).to_contain_text(str(NOT_CONFIGURED))
    expect(line.get_by_role('button', name='重发')).to_have_count(0)


def test_a_numbers_mask_is_read_here_and_the_number_is_on_the_phone(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = asked(wecom, admin, '我的电话是 13812345678，请回电')
    page = at(open_page, console, number)

    expect(page.locator('.line .bubble').first).to_have_text('我的电话是 138****5678，请回电')
    box(page).fill('好的，我们打 138****5678。')
    box(page).press('Control+Enter')

    assert eventually(lambda: any(entry.text == '好的，我们打 13812345678。' for entry in wecom.phone(userid)))
    assert '13812345678' not in page.content()


def test_taking_over_silences_the_ai_until_it_is_handed_back(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = asked(wecom, admin)
    page = at(open_page, console, number)

    page.keyboard.press('t')
    expect(page.locator('.thread').get_by_text('已接管')).to_be_visible()
    expect(page.locator('.draft')).to_have_count(0)
    wecom.say(userid, '在吗')
    expect(page.locator('.bubble', has_text='在吗')).to_be_visible()
    page.wait_for_timeout(1500)
    expect(page.locator('.draft')).to_have_count(0)

    page.get_by_role('button', name='交还 AI').click()
    expect(page.locator('.draft', has_text='AI 草稿')).to_be_visible()


def test_resolving_and_assigning_show_at_once_for_everybody(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    _, number = asked(wecom, admin)
    credentials = colleague(admin, Role.AGENT)
    one, other = at(open_page, console, number), at(open_page, console, number, credentials=credentials)

    one.get_by_role('button', name='已解决').click()
    one.get_by_role('button', name='标为已解决').click()
    expect(other.locator('.thread .chip', has_text='已解决')).to_be_visible(timeout=1500)
    other.get_by_role('button', name='重新打开').click()
    expect(one.locator('.thread .head waiting-clock')).to_be_visible()

    name = one.get_by_label('负责人')
    name.click()
    one.get_by_role('option', name='head').click()
    expect(other.get_by_text('会话已不在')).to_be_visible()
    expect(other.locator(f'.chats a[href="/conversations/{number}"]')).to_have_count(0)


def test_a_date_being_chosen_outlives_the_parents_next_words(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = asked(wecom, admin)
    page = at(open_page, console, number)
    box(page).fill('稍等，我问问。')
    box(page).press('Control+Enter')
    clock = page.locator('.thread .head waiting-clock')
    expect(clock).to_have_count(0)
    page.get_by_role('button', name='稍后').click()
    until, tomorrow = page.get_by_label('自选提醒时间'), f'{utc_now() + timedelta(days=1):%Y-%m-%dT%H:%M}'
    until.fill(tomorrow)

    wecom.say(userid, '好的，谢谢')

    expect(clock).to_be_visible()
    expect(until).to_have_value(tomorrow)
    page.locator('.menu.snooze').get_by_role('button', name='提醒').click()
    expect(page.get_by_role('button', name='取消提醒')).to_be_visible()


def test_older_messages_come_by_scrolling_and_the_line_being_read_stays(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    _, number = told(wecom, admin, 70)
    page = at(open_page, console, number)
    expect(page.locator('.bubble', has_text=re.compile('^第 69 句$'))).to_be_in_viewport()
    expect(page.locator('.bubble', has_text=re.compile('^第 0 句$'))).to_have_count(0)
    oldest = page.locator('[data-seq]').first
    before = oldest.inner_text()

    page.locator('chat-scroll').evaluate('(box) => { box.scrollTop = 0; }')

    expect(page.locator('.bubble', has_text=re.compile('^第 0 句$'))).to_have_count(1)
    expect(page.locator('.line', has_text=before.splitlines()[-1]).first).to_be_in_viewport()
    expect(page.locator('.bubble', has_text=re.compile('^第 0 句$'))).not_to_be_in_viewport()
    texts = page.locator('.line .bubble').all_inner_texts()
    assert texts == [f'第 {n} 句' for n in range(70)]


def test_a_new_line_does_not_pull_a_reader_down(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = told(wecom, admin, 30)
    page = at(open_page, console, number)
    expect(page.locator('.bubble', has_text=re.compile('^第 29 句$'))).to_be_in_viewport()
    page.locator('chat-scroll').evaluate('(box) => { box.scrollTop = 300; }')
    page.wait_for_timeout(300)
    before = page.locator('chat-scroll').evaluate('(box) => box.scrollTop')

    wecom.say(userid, '又来一句')
    expect(page.locator('.bubble', has_text='又来一句')).to_have_count(1)
    page.wait_for_timeout(300)

    assert page.locator('chat-scroll').evaluate('(box) => box.scrollTop') == before


def test_what_is_drawn_in_the_same_moment_does_not_undo_a_readers_scrolling(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    _, number = told(wecom, admin, 70)
    page = at(open_page, console, number)
    expect(page.locator('.bubble', has_text=re.compile('^第 69 句$'))).to_be_in_viewport()
    up = """async (box) => {
        box.scrollTop = 700;
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        const line = box.held, before = line.getBoundingClientRect().top;
        box.scrollTop -= 50;
        box.querySelector('.line').insertAdjacentHTML('beforebegin', '<div style="height: 400px"></div>');
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        return Math.round(line.getBoundingClientRect().top - before);
    }"""
    assert page.locator('chat-scroll').evaluate(up) == 50

    page.reload()
    expect(page.locator('.bubble', has_text=re.compile('^第 69 句$'))).to_be_in_viewport()
    page.locator('chat-scroll').evaluate("(box) => { box.scrollTop = 0; box.append('同时来的'); }")
    expect(page.locator('.bubble', has_text=re.compile('^第 0 句$'))).to_have_count(1)


def test_the_list_is_worked_by_keys_and_opening_marks_read(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    asked(wecom, admin)  # another one, which the search leaves out
    userid, number = asked(wecom, admin)
    page = at(open_page, console, number)
    expect(page.locator(f'.chats a[href="/conversations/{number}"] .unread')).to_have_count(0)
    page.goto(f'{console.url}/conversations')
    row = page.locator(f'.chats a[href="/conversations/{number}"]')
    expect(row).to_be_visible()
    expect(row.locator('.unread')).to_have_count(0)
    wecom.say(userid, f'还在吗 {number}')
    expect(row.locator('.unread')).to_have_count(1)

    page.get_by_label('搜索会话').fill(f'还在吗 {number}')
    expect(page.locator('.chats .item')).to_have_count(1)
    page.keyboard.press('Escape')
    page.keyboard.press('j')
    page.wait_for_url(f'**/conversations/{number}?*')
    expect(row.locator('.unread')).to_have_count(0)
    page.keyboard.press('r')
    expect(box(page)).to_be_focused()
    page.keyboard.press('Escape')
    page.keyboard.press('Escape')
    page.wait_for_url('**/conversations?words=*')
    expect(page.get_by_text('选择一个会话')).to_be_visible()


def test_words_typed_right_after_the_key_for_writing_are_words(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    _, number = asked(wecom, admin)
    page = at(open_page, console, number)
    expect(box(page)).to_be_visible()
    page.keyboard.type('rtai hao le')
    assert box(page).input_value() == 'tai hao le'
    page.keyboard.press('Escape')
    page.keyboard.type('ntt')
    assert page.get_by_label('内部备注', exact=True).input_value() == 'tt'
    page.wait_for_timeout(A_GLANCE)
    expect(page.get_by_role('button', name='接管')).to_be_visible()


def test_escape_closes_a_menu_and_not_the_conversation_under_it(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    _, number = asked(wecom, admin)
    page = at(open_page, console, number)
    for opener in ('稍后', '视图', '告警', '我的账号'):
        page.get_by_role('button', name=opener).click()
        page.locator('.q-menu').wait_for()
        page.keyboard.press('Escape')
        expect(page.locator('.q-menu')).to_have_count(0)
        page.wait_for_timeout(A_GLANCE)
        expect(box(page)).to_be_visible()

    page.keyboard.press('Escape')
    expect(box(page)).to_have_count(0)


def test_a_student_is_linked_and_a_number_shown_for_a_reason(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    name = f'学员{time.time_ns() % 10**9}'
    guardian = {'name': '王女士', 'kinship': '妈妈', 'phone': '13912345678'}
    admin.post('/students', status=201, name=name, grade='三年级', guardians=[guardian])
    _, number = asked(wecom, admin)
    page = at(open_page, console, number)

    page.get_by_role('button', name='关联学员').click()
    page.get_by_label('学员或家长姓名、完整手机号').fill(name)
    page.locator('.pick', has_text=name).click()

    side = page.locator('.side')
    expect(side).to_contain_text('139****5678')
    expect(page.locator('.thread .head')).to_contain_text(f'{name} · 妈妈')
    side.get_by_role('button', name='显示').click()
    page.get_by_label('查看理由').fill('回电家长')
    page.get_by_label('查看理由').press('Enter')
    expect(side).to_contain_text('13912345678')


@pytest.mark.parametrize('role', [Role.AGENT, Role.TESTER])
def test_somebody_elses_conversation_is_not_found(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage, role: Role
) -> None:
    open_page.allowed.append('status of 404')
    _, number = asked(wecom, admin)
    head = at(open_page, console, number)
    head.get_by_label('负责人').click()
    head.get_by_role('option', name='head').click()
    expect(head.get_by_text('已更改负责人')).to_be_visible()

    page = open_page(console, credentials=colleague(admin, role), path=f'/conversations/{number}')

    expect(page.get_by_role('heading', name='没有找到')).to_be_visible()
    page.goto(f'{console.url}/conversations')
    expect(page.get_by_text('实时')).to_be_visible()
    expect(page.locator(f'a[href="/conversations/{number}"]')).to_have_count(0)


@pytest.mark.parametrize('width', [1440, 1100, 420])
def test_long_words_break_nothing(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage, width: int
) -> None:
    userid, number = asked(wecom, admin, 'https://example.com/' + 'a' * 300)
    page = at(open_page, console, number, width=width)
    wecom.send_media(userid, 'image')

    expect(page.get_by_role('button', name='家长发来的图片，点击放大')).to_be_visible()
    box(page).fill('长' * 1500)
    expect(page.locator('reply-box .size')).to_contain_text('4,500 / 2,048 字节 · 约分 3 条发出')

    for part in ('html', '.work', 'chat-scroll'):
        wide = page.locator(part).evaluate('(box) => box.scrollWidth - box.clientWidth')
        assert wide <= 0, part
    expect(page.get_by_role('button', name='发送', exact=True)).to_be_in_viewport()


def test_a_colleague_named_in_a_note_sees_it_at_once_and_the_parent_never(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = asked(wecom, admin)
    agent = at(open_page, console, number, credentials=colleague(admin, Role.AGENT))
    head = open_page(console, credentials=HEAD)

    agent.get_by_role('button', name='内部备注').click()
    note = agent.get_by_label('内部备注', exact=True)
    note.press_sequentially('@he')
    agent.get_by_role('option', name='head').click()
    note.press_sequentially('这位家长很着急')
    note.press('Control+Enter')

    expect(agent.locator('.line.private', has_text='@head 这位家长很着急')).to_be_visible()
    expect(note).to_have_value('')
    row = head.locator('#named a', has_text='@head 这位家长很着急')
    expect(row).to_be_visible(timeout=1500)
    row.click()
    expect(head.locator('.line.private', has_text='这位家长很着急')).to_be_visible()
    head.goto(console.url)
    expect(head.locator('#named')).to_have_count(0)
    assert not any('着急' in entry.text for entry in wecom.phone(userid))


def test_who_looks_and_who_types_is_seen_within_a_second_and_gone_after_leaving(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    _, number = asked(wecom, admin)
    head = at(open_page, console, number)
    agent = at(open_page, console, number, credentials=colleague(admin, Role.AGENT))
    there = head.locator('.thread .there')

    expect(there).to_contain_text('正在查看', timeout=1500)
    box(agent).press_sequentially('您')
    expect(there).to_contain_text('正在输入', timeout=1500)
    expect(head.locator(f'.chats a[href="/conversations/{number}"]')).to_contain_text('正在输入')
    agent.evaluate('window.socket.io.engine.close()')
    expect(there).to_be_hidden(timeout=1500)
    expect(there).to_contain_text('正在查看', timeout=8000)
    agent.goto(f'{console.url}/students')
    expect(there).to_be_hidden(timeout=1500)


def test_a_script_comes_by_a_slash_with_its_gap_marked_and_is_not_sent_with_it(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    userid, number = asked(wecom, admin)
    page = open_page(console, credentials=HEAD, path='/knowledge/scripts')
    title = f'请假{number}'
    page.get_by_role('button', name='添加话术').click()
    page.get_by_label('标题').fill(title)
    page.get_by_label('内容').fill('{学员}的请假已登记。')
    page.get_by_role('button', name='保存').click()
    expect(page.locator('.scripts', has_text=title)).to_be_visible()
    page.goto(f'{console.url}/conversations/{number}')

    box(page).press_sequentially(f'您好 /{title}')
    expect(page.get_by_role('option', name=title)).to_be_visible()
    wecom.say(userid, '老师在吗')
    expect(page.locator('.bubble', has_text='老师在吗')).to_be_visible()
    page.keyboard.press('Enter')

    expect(box(page)).to_have_value('您好 {学员}的请假已登记。')
    box(page).press('Control+Enter')
    expect(page.get_by_text('还有没填的内容')).to_be_visible()
    page.keyboard.type('小明')  # the gap is marked, so that the next keys fill it
    expect(box(page)).to_have_value('您好 小明的请假已登记。')
    box(page).press('Control+Enter')
    assert eventually(lambda: any(entry.text == '您好 小明的请假已登记。' for entry in wecom.phone(userid)))


def test_the_list_is_the_same_after_a_reload(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    _, number = asked(wecom, admin, f'游泳课{time.time_ns()}')
    asked(wecom, admin)
    page = open_page(console, credentials=HEAD, path='/conversations')
    page.get_by_role('tab', name='全部').click()
    page.get_by_label('搜索会话').fill('游泳课')
    rows = page.locator('.chats .item')
    expect(rows).to_have_count(1)
    rows.click()
    page.wait_for_url(f'**/conversations/{number}?*')

    page.reload()

    expect(rows).to_have_count(1)
    expect(page.get_by_role('tab', name='全部')).to_have_attribute('aria-selected', 'true')
    expect(page.get_by_label('搜索会话')).to_have_value('游泳课')
    page.goto(f'{console.url}/conversations?tab=none&assignee=-1&channel=fax&words=%00')
    expect(page.get_by_role('tab', name='待回复')).to_have_attribute('aria-selected', 'true')
    expect(rows.first).to_be_visible()


def test_the_way_back_leads_to_the_list_however_many_were_read(
    console: ConsoleServer, wecom: Sandbox, admin: Desk, open_page: OpenPage
) -> None:
    _, number = asked(wecom, admin)
    asked(wecom, admin)
    page = open_page(console, credentials=HEAD, path='/', width=360)
    page.goto(f'{console.url}/conversations')
    page.locator(f'.chats a[href="/conversations/{number}"]').click()
    page.wait_for_url(f'**/conversations/{number}?*')
    for key in 'jk':
        page.keyboard.press(key)
        page.wait_for_timeout(400)

    page.go_back()
    expect(page.get_by_label('会话列表')).to_be_visible()
    page.wait_for_url('**/conversations')
    page.go_forward()
    expect(box(page)).to_be_visible()
    page.get_by_role('button', name='返回列表').click()
    expect(page.get_by_label('会话列表')).to_be_visible()
    page.wait_for_url('**/conversations')

    page.go_back()
    page.wait_for_url(f'{console.url}/')
