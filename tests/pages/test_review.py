"""Releasing replies: the whole way from the parent's phone through the hands of a supervisor and back."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.desk import Desk, eventually
from tests.fakes.model import FakeModel
from tests.pages.conftest import OpenPage
from tests.pages.office import HEAD, IS_ABOVE, UNDO_SECONDS, Office, at, card, editor
from tests.server import ConsoleServer

PRESS_A_TWICE = """() => {
  const press = () => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true }));
  press();
  setTimeout(press, 200);
}"""


@pytest.fixture(scope='module')
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Office(tmp_path_factory.mktemp('office')) as office:
        yield office


def test_a_draft_appears_within_a_second_and_moves_nothing(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'supervisor', '/review')
    editor(page).fill('正在写的一句话')
    in_hand = page.locator('.item[aria-selected=true]').inner_text().splitlines()[0]
    words = f'第{time.time_ns() % 100_000}次来问'
    Desk(demo.url).post('/simulate-customer-msg', external_userid=f'asker_{time.time_ns()}', content=words)
    card(page, words).wait_for(timeout=1000)
    assert editor(page).input_value() == '正在写的一句话'
    assert page.locator('.item[aria-selected=true]').inner_text().splitlines()[0] == in_hand


def test_an_agent_is_told_that_the_page_is_not_for_them(demo: ConsoleServer, open_page: OpenPage) -> None:
    open_page.allowed.append('status of 403')
    page = open_page(demo, 'agent', '/knowledge')
    page.evaluate("location.href = '/review'")
    page.get_by_text('您没有权限审核草稿').wait_for()
    page.get_by_role('link', name='返回上一页').click()
    page.wait_for_url('**/knowledge')


def test_a_number_is_shown_for_a_reason_only(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'supervisor', '/review')
    number = page.locator('.context dd .num', has_text='****').first
    masked = number.inner_text()
    page.get_by_role('button', name='显示').first.click()
    page.locator('.dialog').get_by_role('button', name='显示').click()
    page.get_by_text('请填写后再继续').wait_for()
    page.get_by_label('查看理由').fill('与家长约时间')
    page.get_by_label('查看理由').press('Enter')
    head, tail = masked.split('****')
    page.locator('.context dd .num', has_text=re.compile(rf'^{head}\d{{4}}{tail}$')).wait_for()


def test_what_was_edited_is_what_the_parents_phone_shows(office: Office, open_page: OpenPage) -> None:
    userid, draft_id = office.asked()
    page = at(open_page, office, draft_id)
    page.keyboard.press('e')
    page.keyboard.press('Control+A')
    page.keyboard.type('您好，周六上午有课，欢迎过来看看。')
    page.keyboard.press('Escape')
    page.keyboard.press('a')
    page.get_by_text('已通过').wait_for()
    assert office.phone_shows(userid, '您好，周六上午有课，欢迎过来看看。')
    expect(page.locator('.item[aria-selected=true]', has_text=userid[-3:])).to_have_count(0)


def test_what_others_were_answered_to_the_same_question_stands_beside_it(office: Office, open_page: OpenPage) -> None:
    userid, draft_id = office.asked(words='请问暑假班的教材费包含在学费里吗')
    answer = '教材费已经包含在学费里了。'
    office.desk.post(f'/drafts/{draft_id}/approve', version=1, content=answer, confirm_reason='已与前台核对')
    assert office.phone_shows(userid, answer)

    _, draft_id = office.asked(words='老师，暑假班的教材费包含在学费里吗')
    similar = at(open_page, office, draft_id).locator('.context section', has_text='类似的提问')
    similar.get_by_text(answer).wait_for()
    similar.get_by_role('link', name='查看会话').wait_for()


@pytest.mark.parametrize('modifier', ['Control', 'Meta'])
def test_enter_with_the_key_of_ones_keyboard_releases(office: Office, open_page: OpenPage, modifier: str) -> None:
    userid, draft_id = office.asked()
    page = at(open_page, office, draft_id)
    editor(page).fill('周六十点有课。')
    editor(page).press(f'{modifier}+Enter')
    assert office.phone_shows(userid, '周六十点有课。')


@pytest.mark.parametrize('width', [1440, 360])
def test_the_way_back_stands_above_the_decision(office: Office, open_page: OpenPage, width: int) -> None:
    drafts = [office.asked('mama')[1] for _ in range(2)]
    page = open_page(office.server, credentials=HEAD, path=f'/review?draft={drafts[0]}', width=width)
    page.get_by_role('button', name='通过并下一条').click()
    page.wait_for_url(lambda url: f'draft={drafts[0]}' not in url)
    notice, bar = page.locator('.snack', has_text='已通过'), page.locator('.decision')
    expect(notice).to_be_visible()
    expect(bar).to_be_visible()
    assert notice.evaluate(IS_ABOVE, bar.element_handle())


def test_an_approval_is_taken_back_with_a_key(office: Office, open_page: OpenPage) -> None:
    userid, draft_id = office.asked()
    page = at(open_page, office, draft_id)
    page.keyboard.press('a')
    page.locator('.snack').get_by_role('button', name='撤销').wait_for()
    page.keyboard.press('z')
    page.wait_for_url(f'**/review?draft={draft_id}')
    expect(page.get_by_role('button', name='通过并下一条')).to_be_enabled()
    time.sleep(UNDO_SECONDS + 1)
    assert office.desk.get(f'/drafts/{draft_id}')['status'] == 'pending'
    assert [entry.text for entry in office.wecom.phone(userid)] == ['请问周六有课吗']


def test_the_way_back_goes_when_it_ends_and_the_notice_can_be_closed(office: Office, open_page: OpenPage) -> None:
    for closing in ('click', 'Escape'):
        userid, draft_id = office.asked()
        page = at(open_page, office, draft_id)
        editor(page).fill('您好，周六上午有课，欢迎过来看看。')
        page.get_by_role('button', name='通过并下一条').click()
        snack = page.locator('.snack')
        undo = snack.get_by_role('button', name='撤销')
        undo.wait_for()

        expect(undo).to_have_count(0, timeout=(UNDO_SECONDS + 2) * 1000)
        assert office.phone_shows(userid, '您好，周六上午有课，欢迎过来看看。')
        page.keyboard.press('z')
        page.get_by_text('不能再撤回').wait_for()
        expect(snack.get_by_role('button', name='存为测试用例')).to_be_visible()
        if closing == 'click':
            snack.get_by_role('button', name='关闭').click()
        else:
            page.keyboard.press(closing)
        expect(snack).to_be_hidden()


def test_each_row_of_the_dashboard_leads_to_its_own_draft(office: Office, open_page: OpenPage) -> None:
    office.asked('first', '我要投诉，今天就要答复')
    _, draft_id = office.asked('second', '我也要投诉')
    page = open_page(office.server, credentials=HEAD, path='/')
    rows = page.locator('.panel', has_text='最急的待审核')

    rows.get_by_role('link').filter(has_text='我也要投诉').click()

    page.wait_for_url(f'**/review?draft={draft_id}')
    expect(page.locator('.desk').get_by_text('我也要投诉').first).to_be_visible()


def test_a_second_press_does_not_release_the_next_draft(office: Office, open_page: OpenPage) -> None:
    first, second, third = (office.asked()[1] for _ in range(3))
    page = at(open_page, office, first)
    page.evaluate(PRESS_A_TWICE)
    page.wait_for_url(f'**/review?draft={second}')
    page.wait_for_timeout(800)
    assert office.desk.get(f'/drafts/{second}')['status'] == 'pending'
    page.get_by_role('button', name='通过并下一条').dblclick(delay=20)
    page.wait_for_url(f'**/review?draft={third}')
    page.wait_for_timeout(800)
    statuses = [office.desk.get(f'/drafts/{draft_id}')['status'] for draft_id in (first, second, third)]
    assert 'pending' not in statuses[:2]
    assert statuses[2] == 'pending'


def test_a_rejection_carries_its_reason_and_a_remark(office: Office, open_page: OpenPage) -> None:
    _, draft_id = office.asked()
    page = at(open_page, office, draft_id)
    page.keyboard.press('r')
    page.get_by_text('退回草稿').wait_for()
    page.keyboard.press('n')
    expect(page.get_by_label('备注')).to_be_focused()
    page.keyboard.type('没说是哪门课')
    page.keyboard.press('Enter')
    page.keyboard.press('4')
    page.get_by_text('已退回').wait_for()
    draft = office.desk.get(f'/drafts/{draft_id}')
    assert (draft['status'], draft['reason']) == ('rejected', '信息不完整')
    assert draft['history'][-1]['note'] == '信息不完整：没说是哪门课'


def test_the_queue_is_walked_by_keys_alone(office: Office, open_page: OpenPage) -> None:
    first, second = office.asked('first')[1], office.asked('second')[1]
    page = at(open_page, office, first)
    page.keyboard.press('j')
    page.wait_for_url(f'**/review?draft={second}')
    page.keyboard.press('k')
    page.wait_for_url(f'**/review?draft={first}')
    page.keyboard.press('e')
    expect(editor(page)).to_be_focused()
    page.keyboard.type('jk')
    page.keyboard.press('Escape')
    page.keyboard.press('t')
    page.get_by_text('已接管').wait_for()
    page.wait_for_url(f'**/review?draft={second}')
    assert office.desk.get(f'/drafts/{first}')['status'] == 'superseded'


def test_an_amount_from_nowhere_wants_a_reason(office: Office, open_page: OpenPage) -> None:
    _, draft_id = office.asked()
    page = at(open_page, office, draft_id)
    editor(page).fill('一期 8888 元。')
    expect(page.locator('.desk .note.danger', has_text='8888 元')).to_be_visible()
    expect(page.locator('.item[aria-selected=true] .chip', has_text='金额')).to_be_visible()
    editor(page).press('Escape')
    page.keyboard.press('a')
    page.get_by_text('有未解决的检查项').wait_for()
    page.get_by_label('仍然发出的理由').fill('校长已批准的新价')
    page.keyboard.press('Enter')
    page.get_by_text('已通过').wait_for()
    assert office.desk.get(f'/drafts/{draft_id}')['reason'] == '校长已批准的新价'


def test_whoever_comes_second_is_told_who_was_first(office: Office, open_page: OpenPage) -> None:
    _, draft_id = office.asked()
    page = at(open_page, office, draft_id)
    other = at(open_page, office, draft_id, lin=True)
    other.locator('.desk').get_by_text('head 正在看').wait_for()
    other.keyboard.press('a')
    page.get_by_text('这份草稿林主管已通过').wait_for()
    expect(page.get_by_role('button', name='通过并下一条')).to_be_disabled()
    page.keyboard.press('a')
    page.get_by_text('已由林主管处理').wait_for()


def test_words_typed_while_the_parent_writes_again_are_kept(office: Office, open_page: OpenPage) -> None:
    userid, draft_id = office.asked()
    page = at(open_page, office, draft_id)
    editor(page).fill('周六上午十点有课。')
    office.wecom.say(userid, '算了，周日呢')
    note = page.locator('.note', has_text='家长又发来了新消息，本草稿已过期')
    note.get_by_text('算了，周日呢').wait_for()
    assert editor(page).input_value() == '周六上午十点有课。'
    page.keyboard.press('Escape')
    page.keyboard.press('a')
    page.get_by_text('没有发送').first.wait_for()
    note.get_by_role('button', name='把我的文字带到新草稿').click()
    newer = office.desk.draft_for(userid)['id']
    page.wait_for_url(f'**/review?draft={newer}')
    expect(editor(page)).to_have_value('周六上午十点有课。')
    expect(page.get_by_text('已保存')).to_be_visible()
    assert office.desk.get(f'/drafts/{newer}')['content'] == '周六上午十点有课。'


def test_anothers_edit_never_overwrites_what_is_typed(office: Office, open_page: OpenPage) -> None:
    _, draft_id = office.asked()
    page = at(open_page, office, draft_id)
    other = at(open_page, office, draft_id, lin=True)
    other_words, words = '林主管改的内容。', '我还在慢慢写，写得很慢，一直没有停下来过。'
    editor(other).fill(other_words)
    editor(page).fill('')
    editor(page).press_sequentially(words, delay=110)
    page.get_by_text('林主管刚修改了这份草稿').wait_for()
    page.locator('.notes').get_by_text(other_words).wait_for()
    assert editor(page).input_value() == words
    page.get_by_role('button', name='保存我的文字').click()
    eventually(lambda: office.desk.get(f'/drafts/{draft_id}')['content'] == words)
    expect(editor(other)).to_have_value(words)


def test_typed_words_survive_a_reload_and_a_dead_server(office: Office, open_page: OpenPage) -> None:
    _, draft_id = office.asked()
    page = at(open_page, office, draft_id)
    editor(page).fill('还没来得及保存')
    page.reload()
    expect(editor(page)).to_have_value('还没来得及保存')

    open_page.allowed += ['ERR_CONNECTION_REFUSED', 'WebSocket', 'ERR_SOCKET', 'ERR_EMPTY_RESPONSE', 'status of 503']
    office.server.kill()
    editor(page).fill('服务器不在时写的')
    office.server.start()
    expect(page.get_by_text('已恢复您上次没来得及保存的文字')).to_be_visible(timeout=30_000)
    expect(editor(page)).to_have_value('服务器不在时写的')
    eventually(lambda: office.desk.get(f'/drafts/{draft_id}')['content'] == '服务器不在时写的')


def test_another_version_takes_the_place_of_the_first(office: Office, open_page: OpenPage) -> None:
    userid, draft_id = office.asked()
    page = at(open_page, office, draft_id)
    page.keyboard.press('g')
    page.get_by_label('对新版本的要求').fill('更简短')
    page.keyboard.press('Enter')
    newer = eventually(lambda: (found := office.desk.draft_for(userid)['id']) != draft_id and found)
    page.wait_for_url(f'**/review?draft={newer}')
    expect(page.get_by_text('上一版草稿')).to_be_visible()


def test_where_the_ai_fails_a_person_answers(tmp_path: Path, open_page: OpenPage) -> None:
    with FakeModel() as model:
        model.mode = 'broken_json'
        writer = {'DEEPSEEK_API_KEY': 'k', 'DEEPSEEK_API_URL': model.url, 'UNDO_PERIOD': '0'}
        with Office(tmp_path, writer) as office:
            page = open_page(office.server, credentials=HEAD, path='/review')
            page.get_by_text('没有要审核的草稿', exact=True).wait_for()
            first, second = office.parent('first'), office.parent('second')
            office.wecom.say(first, '在吗')
            page.locator('.desk').get_by_text('AI 不可用，请人工回复').wait_for()
            page.keyboard.press('e')
            page.keyboard.type('在的，您请说。')
            page.keyboard.press('Escape')
            page.keyboard.press('a')
            assert office.phone_shows(first, '在的，您请说。')

            office.wecom.say(second, '多少钱')
            page.locator('.desk').get_by_text('多少钱').first.wait_for()
            model.mode = 'ok'
            page.get_by_role('button', name='重新起草').click()
            expect(editor(page)).to_have_value(model.reply, timeout=15_000)
            page.close()


def test_a_long_queue_is_shown_page_by_page(tmp_path: Path, open_page: OpenPage) -> None:
    with Office(tmp_path) as office:
        for number in range(60):
            office.wecom.say(office.parent(f'p{number}'), f'问题{number}')
        page = open_page(office.server, credentials=HEAD, path='/review')
        expect(page.locator('.queue .total')).to_have_text('60', timeout=20_000)
        expect(page.locator('.item')).to_have_count(50)
        page.get_by_role('button', name='加载更多').click()
        expect(page.locator('.item')).to_have_count(60)
        expect(page.get_by_role('button', name='加载更多')).to_be_hidden()
        page.close()


def test_the_way_back_leads_to_the_list_on_a_phone(demo: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page(demo, 'supervisor', '/', width=360)
    page.goto(f'{demo.url}/review')
    cards = page.locator('.queue .item')
    cards.nth(1).click()
    expect(page.locator('.desk')).to_be_visible()
    expect(cards.first).to_be_hidden()

    page.go_back()
    expect(cards.first).to_be_visible()
    cards.nth(1).click()
    expect(cards.first).to_be_hidden()
    page.get_by_role('button', name='返回列表').click()
    expect(cards.first).to_be_visible()
    assert '/review' in page.url

    page.go_back()
    page.wait_for_url(f'{demo.url}/')
