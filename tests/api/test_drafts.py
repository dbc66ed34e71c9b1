"""Drafts over HTTP: read, decided once, and the reasons of a refusal."""

from concurrent.futures import ThreadPoolExecutor

from tests.api.conftest import Parent
from tests.desk import Desk, eventually

QUESTION = '周六有数学课吗'


def asked(desk: Desk, parent: Parent, text: str = QUESTION) -> dict:
    parent.says(text)
    return desk.draft_for(parent.userid)


def test_a_draft_says_to_whom_it_answers_what_and_on_what_ground(lead: Desk, parent: Parent) -> None:
    draft = asked(lead, parent)
    assert (draft['status'], draft['customer_message'], draft['channel']) == ('pending', QUESTION, 'app')
    assert draft['content'] == draft['original_content']
    assert draft['sources'] == []  # it claims nothing: nobody has told the school's answer yet
    whole = lead.get(f'/drafts/{draft["id"]}')
    assert [event['action'] for event in whole['history']] == ['proposed']
    assert {name: whole[name] for name in draft} == draft


def test_an_approved_draft_reaches_the_parent_with_the_approvers_words(lead: Desk, parent: Parent) -> None:
    draft = asked(lead, parent)
    decided = lead.post(
        f'/drafts/{draft["id"]}/approve',
        version=draft['version'],
        content='周六上午十点有课。',
        confirm_reason='已核对课表',
    )
    assert decided['status'] == 'approved'
    eventually(lambda: lead.get(f'/drafts/{draft["id"]}')['status'] == 'sent')
    assert parent.hears() == ['周六上午十点有课。']
    history = lead.get(f'/drafts/{draft["id"]}')['history']
    assert [event['action'] for event in history][:3] == ['proposed', 'edited', 'approved']
    assert history[2]['by_name']


def test_the_sources_are_of_the_four_kinds_of_the_contract_and_a_greeting_has_none(lead: Desk, parent: Parent) -> None:
    draft = asked(lead, parent)
    words = '您好！周六上午十点有课。'
    path = f'/drafts/{draft["id"]}/approve'
    decided = lead.post(path, version=draft['version'], content=words, confirm_reason='已核对课表')
    assert [source['sentence'] for source in decided['sources']] == ['周六上午十点有课。']
    assert {source['kind'] for source in decided['sources']} <= {'knowledge', 'record', 'customer', 'none'}


def test_a_draft_is_decided_once_however_many_try(lead: Desk, parent: Parent) -> None:
    draft = asked(lead, parent)
    body = {'version': draft['version'], 'confirm_reason': '已核对'}

    def approve(_: int) -> tuple[int, str | None]:
        answer = lead.http.post(f'/drafts/{draft["id"]}/approve', json=body)
        return answer.status_code, answer.json().get('error', {}).get('reason')

    with ThreadPoolExecutor(8) as threads:
        outcomes = sorted(threads.map(approve, range(8)), key=str)
    assert outcomes == [(200, None)] + [(409, 'closed')] * 7
    eventually(parent.hears)
    assert len(parent.hears()) == 1


def test_an_outdated_version_and_an_outdated_question_are_told_apart(lead: Desk, parent: Parent) -> None:
    draft = asked(lead, parent)
    path = f'/drafts/{draft["id"]}/approve'
    assert lead.post(path, status=409, version=draft['version'] + 1)['reason'] == 'version'
    parent.says('那周日呢')
    eventually(lambda: lead.get(f'/drafts/{draft["id"]}')['status'] == 'superseded')
    assert lead.post(path, status=409, version=draft['version'])['reason'] == 'stale'
    newer = lead.draft_for(parent.userid)
    assert newer['customer_message'] == f'{QUESTION}\n那周日呢'
    assert parent.hears() == []


def test_an_open_check_blocks_until_a_reason_is_given(lead: Desk, parent: Parent) -> None:
    draft = asked(lead, parent)
    path = f'/drafts/{draft["id"]}/approve'
    risky = '我们保证孩子提高20分，不提分全额退款。'
    error = lead.post(path, status=409, version=draft['version'], content=risky)
    assert error['reason'] == 'blocked'
    assert lead.get(f'/drafts/{draft["id"]}')['version'] == draft['version']
    lead.post(path, version=draft['version'], content=risky, confirm_reason='校长同意的活动')
    history = lead.get(f'/drafts/{draft["id"]}')['history']
    assert '校长同意的活动' in [event['note'] for event in history]


def test_a_rejected_draft_keeps_its_reason_and_can_be_taken_back(lead: Desk, parent: Parent) -> None:
    draft = asked(lead, parent)
    path = f'/drafts/{draft["id"]}'
    assert lead.post(f'{path}/reject', status=422, version=draft['version'])['field'] == 'reason'
    rejected = lead.post(f'{path}/reject', version=draft['version'], reason='语气不合适', note='太生硬')
    assert (rejected['status'], rejected['reason']) == ('rejected', '语气不合适')
    again = lead.post(f'{path}/undo')
    assert again['status'] == 'pending'
    lead.post(f'{path}/reject', version=again['version'], reason='其他')


def test_a_sent_draft_cannot_be_taken_back(lead: Desk, parent: Parent) -> None:
    draft = asked(lead, parent)
    lead.post(f'/drafts/{draft["id"]}/approve', version=draft['version'], confirm_reason='已核对')
    eventually(parent.hears)
    eventually(lambda: lead.get(f'/drafts/{draft["id"]}')['status'] == 'sent')
    assert lead.post(f'/drafts/{draft["id"]}/undo', status=409)['reason'] == 'closed'


def test_regenerating_answers_with_the_new_draft(lead: Desk, parent: Parent) -> None:
    draft = asked(lead, parent)
    newer = lead.post(f'/drafts/{draft["id"]}/regenerate', version=draft['version'], instruction='简短一些')
    assert newer['id'] > draft['id']
    assert (newer['status'], newer['customer_message']) == ('pending', QUESTION)
    assert lead.get(f'/drafts/{draft["id"]}')['status'] == 'superseded'
    lead.post(f'/drafts/{draft["id"]}/regenerate', status=409, version=draft['version'])


def test_a_number_in_the_parents_words_is_masked(lead: Desk, parent: Parent) -> None:
    draft = asked(lead, parent, '我的电话是13812345678，周六有课吗')
    assert draft['customer_message'] == '我的电话是138****5678，周六有课吗'
    assert '13812345678' not in lead.http.get(f'/drafts/{draft["id"]}').text


def test_pending_drafts_come_oldest_first_page_by_page(lead: Desk, wecom) -> None:
    for _ in range(2):
        asked(lead, Parent(wecom))
    whole = [item['id'] for item in lead.get('/drafts', {'status': 'pending', 'limit': 100})['items']]
    assert whole == sorted(whole)
    first = lead.get('/drafts', {'status': 'pending', 'limit': 1})
    second = lead.get('/drafts', {'status': 'pending', 'limit': 1, 'cursor': first['next_cursor']})
    assert [first['items'][0]['id'], second['items'][0]['id']] == whole[:2]
    newest = [item['id'] for item in lead.get('/drafts', {'limit': 100})['items']]
    assert newest == sorted(newest, reverse=True)
    unsaid = lead.get('/drafts', {'status': '', 'limit': '', 'cursor': ''})
    assert [item['id'] for item in unsaid['items']] == newest[:50]
    assert lead.get('/drafts', {'status': 'nothing'}, status=422)['field'] == 'status'


def test_a_tester_knows_nothing_of_real_parents(tester: Desk, lead: Desk, parent: Parent) -> None:
    draft = asked(lead, parent)
    tester.get(f'/drafts/{draft["id"]}', status=404)
    tester.get(f'/conversations/{draft["conversation_id"]}/messages', status=404)
    assert draft['id'] not in {item['id'] for item in tester.get('/drafts', {'limit': 100})['items']}
    tester.post(f'/drafts/{draft["id"]}/approve', status=403, version=draft['version'])
