"""Entries: put, found, changed, deleted."""

import secrets
from concurrent.futures import ThreadPoolExecutor

from tests.desk import Desk


def test_an_entry_is_kept_found_changed_and_deleted(lead: Desk, agent: Desk) -> None:
    word = f'滑翔伞{secrets.token_hex(3)}'
    entry = lead.post(
        '/knowledge',
        status=201,
        question=f'{word}课多少钱',
        variants=[f'{word}收费'],
        answer='每期 3600 元。',
        facts={'学费': '3600元', '课次': 12},
        valid_until='2099-01-31',
    )
    assert (entry['status'], entry['version'], entry['facts']) == ('approved', 1, {'学费': '3600元', '课次': '12'})
    path = f'/knowledge/{entry["id"]}'
    assert agent.get(path) == entry
    best = agent.post('/knowledge/search', query=f'{word}课多少钱', limit=3)['items'][0]
    assert best['id'] == entry['id']
    changed = lead.call('PATCH', path, json={'answer': '每期 3800 元。', 'status': 'retired'})
    assert (changed['answer'], changed['question'], changed['version']) == ('每期 3800 元。', entry['question'], 2)
    assert entry['id'] not in {hit['id'] for hit in agent.post('/knowledge/search', query=word)['items']}
    lead.call('DELETE', path)
    lead.get(path, status=404)


def test_a_list_is_put_by_key_all_or_none(lead: Desk) -> None:
    keys = [f'k{secrets.token_hex(6)}' for _ in range(3)]
    entries = [{'external_key': key, 'question': f'问题{key}', 'answer': '答案'} for key in keys]
    first = lead.call('POST', '/knowledge', status=201, json=entries)
    assert [one['external_key'] for one in first] == keys
    again = lead.call('POST', '/knowledge', status=200, json=[entry | {'answer': '新答案'} for entry in entries])
    assert [(one['id'], one['answer'], one['version']) for one in again] == [(one['id'], '新答案', 2) for one in first]
    bad = [{'question': '不该留下', 'answer': '答'}, {'question': '没有答案'}]
    lead.call('POST', '/knowledge', status=422, json=bad)
    assert '不该留下' not in lead.http.get('/knowledge', params={'limit': 100}).text


def test_too_many_at_once_and_a_wrong_one_in_the_list_are_named(lead: Desk) -> None:
    entry = {'question': '问', 'answer': '答'}
    assert '500' in lead.call('POST', '/knowledge', status=422, json=[entry] * 501)['detail']
    assert lead.call('POST', '/knowledge', status=422, json=[entry, entry | {'answer': 5}])['field'] == '1.answer'
    assert (
        lead.post(
            '/knowledge', status=422, question='问', answer='答', valid_from='2026-02-02', valid_until='2026-02-01'
        )['field']
        == 'valid_until'
    )
    lead.call('POST', '/knowledge', status=422, json=[])


def test_the_same_key_at_the_same_time_is_one_entry(lead: Desk) -> None:
    key = f'k{secrets.token_hex(6)}'

    def put(number: int) -> int:
        body = {'external_key': key, 'question': '同时', 'answer': f'答案{number}'}
        return lead.http.post('/knowledge', json=body).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = set(threads.map(put, range(8)))
    assert statuses <= {200, 201, 409}
    rows = [row for page in pages(lead) for row in page if row['external_key'] == key]
    assert len(rows) == 1


def pages(desk: Desk):
    cursor = None
    while True:
        page = desk.get('/knowledge', {'limit': 100} | ({'cursor': cursor} if cursor else {}))
        yield page['items']
        cursor = page['next_cursor']
        if cursor is None:
            return
