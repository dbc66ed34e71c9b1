"""One shape for every answer, whatever was sent."""

import json

import httpx
import pytest

from tests.api.conftest import Parent
from tests.desk import Desk
from tests.server import ConsoleServer


def raw(desk: Desk, body: bytes, path: str = '/knowledge/search', **headers: str) -> httpx.Response:
    return desk.http.post(path, content=body, headers={'Content-Type': 'application/json'} | headers)


def test_an_answer_names_its_status_and_says_ok(head: Desk) -> None:
    answer = head.http.get('/verify')
    assert answer.json().keys() == {'code', 'message', 'data'}
    assert (answer.json()['code'], answer.json()['message']) == (200, 'ok')
    assert answer.headers['cache-control'] == 'no-store'


@pytest.mark.parametrize(
    'body',
    [
        b'{',
        b'{"query": }',
        b'\xff\xfe',
        b'{"query": "a"} and more',
        b'[' * 100_000,
        b'{"query": ' + b'9' * 5000 + b'}',
        b'\x1f\x8b\x08\x00',
    ],
    ids=['cut', 'no value', 'not utf-8', 'more', 'deep', 'digits', 'gzip'],
)
def test_what_is_no_json_is_400(head: Desk, body: bytes) -> None:
    answer = raw(head, body)
    assert answer.status_code == 400
    assert answer.json()['error']['detail']


@pytest.mark.parametrize(
    ('body', 'field', 'word'),
    [
        ('{}', 'query', '必填'),
        ('{"query": 5}', 'query', '文字'),
        ('{"query": null}', 'query', '文字'),
        ('{"query": "a\\u0000b"}', 'query', '字符'),
        ('{"query": "\\ud800"}', 'query', '字符'),
        ('{"query": "a", "limit": 1e999}', 'limit', '整数'),
        ('{"query": "a", "limit": NaN}', 'limit', '整数'),
        ('{"query": "a", "limit": 99999999999999999999}', 'limit', '不能大于 50'),
        ('{"query": "' + 'x' * 501 + '"}', 'query', '不能超过 500'),
        ('[]', None, 'JSON 对象'),
        ('"text"', None, 'JSON 对象'),
        ('', None, '必填'),
    ],
)
def test_what_cannot_be_accepted_is_422_and_names_the_field(
    head: Desk, body: str, field: str | None, word: str
) -> None:
    answer = raw(head, body.encode())
    assert answer.status_code == 422
    error = answer.json()['error']
    assert error.get('field') == field
    assert word in error['detail']
    if field:
        assert {'query': '查询内容', 'limit': '每页条数'}[field] in error['detail']


def test_a_form_is_told_that_json_is_wanted(head: Desk) -> None:
    answer = head.http.post('/knowledge/search', data={'query': 'a'})
    assert answer.status_code == 422
    assert 'application/json' in answer.json()['message']


@pytest.mark.parametrize('path', ['/nothing', '/drafts/1/nothing', '/', '', '/login/'])
def test_an_unknown_path_below_the_api_is_a_404_in_json(nobody: Desk, path: str) -> None:
    assert nobody.get(path, status=404)['detail']


def test_a_wrong_method_is_a_405_in_json_and_names_the_right_one(nobody: Desk) -> None:
    answer = nobody.http.delete('/login')
    assert (answer.status_code, answer.json()['code']) == (405, 405)
    assert answer.headers['allow'] == 'POST'


@pytest.mark.parametrize('number', ['0', '-1', 'abc', '2147483648', '9' * 60, '1%00', '%F0%9F%98%80'])
def test_an_id_that_cannot_be_is_as_unknown_as_any_other(head: Desk, number: str) -> None:
    for path in ('drafts', 'knowledge', 'students'):
        head.get(f'/{path}/{number}', status=404)


def test_a_body_above_one_mebibyte_is_413_announced_or_streamed(head: Desk) -> None:
    large = json.dumps({'query': 'x' * 1_048_600}).encode()
    assert raw(head, large).status_code == 413
    streamed = head.http.post(
        '/knowledge/search',
        content=(large[at : at + 65536] for at in range(0, len(large), 65536)),
        headers={'Content-Type': 'application/json'},
    )
    assert (streamed.status_code, streamed.json()['code']) == (413, 413)


@pytest.mark.parametrize(
    'cursor', ['x', '!', 'WyJhIl0', 'bnVsbA', 'WyIiLCAiYSJd', 'WyIiLCA5OTk5OTk5OTk5OTldCg', '%00', 'é' * 30]
)
def test_a_cursor_of_somewhere_else_is_422(head: Desk, cursor: str) -> None:
    for path in ('/drafts', '/conversations', '/knowledge', '/students'):
        assert head.get(path, {'cursor': cursor}, status=422)['field'] == 'cursor'


def test_every_page_of_a_list_together_is_the_whole_list(head: Desk, parent: Parent) -> None:
    head.post('/knowledge', status=201, question='分页一', answer='答')
    head.post('/knowledge', status=201, question='分页二', answer='答')
    whole = head.get('/knowledge', {'limit': 100})
    paged, cursor = [], None
    while True:
        page = head.get('/knowledge', {'limit': 1} | ({'cursor': cursor} if cursor else {}))
        paged += page['items']
        cursor = page['next_cursor']
        if cursor is None:
            break
    assert [item['id'] for item in paged] == [item['id'] for item in whole['items']]


def test_the_public_checks_of_the_old_system_pass(demo: ConsoleServer, player: Desk) -> None:
    with httpx.Client(base_url=demo.url, trust_env=False, follow_redirects=True) as client:
        assert client.get('/').status_code == 200
        assert client.get('/health').json()['code'] == 200
    answer = player.http.post('/simulate-customer-msg', json={'external_userid': 'test', 'content': '测试消息'})
    assert answer.json()['code'] == 200
    assert answer.json()['data']['ai_response']
