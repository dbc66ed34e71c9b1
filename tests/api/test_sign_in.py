"""Tokens: got, checked, renewed, ended; and what a forged one is worth."""

import base64
import json
import secrets
import time
from typing import Any

import httpx
import jwt
import pytest

from tests.conftest import ADMIN
from tests.desk import Desk
from tests.server import ConsoleServer

USERNAME, PASSWORD = ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD']


def elsewhere() -> dict[str, str]:
    """The address of somebody else, so that a throttled stranger throttles nobody here."""
    return {'X-Forwarded-For': f'203.0.113.{secrets.randbelow(250)}'}


def tokens(nobody: Desk) -> dict[str, Any]:
    return nobody.post('/login', username=USERNAME, password=PASSWORD)


def with_token(desk: Desk, token: str, path: str = '/verify') -> int:
    return desk.http.get(path, headers={'Authorization': f'Bearer {token}'}).status_code


def test_a_name_and_its_password_give_tokens(nobody: Desk) -> None:
    given = tokens(nobody)
    assert (given['token_type'], given['role'], given['expires_in']) == ('Bearer', 'admin', 7200)
    identity = Desk(nobody.url, given['access_token']).get('/verify')
    assert (identity['username'], identity['user_id']) == (USERNAME, given['user_id'])


@pytest.mark.parametrize(('username', 'password'), [(USERNAME, 'wrong'), ('nobody.here', PASSWORD), ('a' * 64, 'b')])
def test_a_wrong_name_and_a_wrong_password_are_told_the_same(nobody: Desk, username: str, password: str) -> None:
    body = {'username': username, 'password': password}
    answer = nobody.http.post('/login', json=body, headers=elsewhere())
    assert answer.status_code == 401
    assert answer.json()['message'] == '用户名或密码不正确。'


@pytest.mark.parametrize(
    ('body', 'field'), [({}, 'username'), ({'username': 'a'}, 'password'), ({'password': 'b'}, 'username')]
)
def test_what_is_missing_is_named(nobody: Desk, body: dict[str, str], field: str) -> None:
    assert nobody.post('/login', status=422, **body)['field'] == field


def test_an_external_userid_alone_signs_in_nowhere_but_in_a_demonstration(nobody: Desk, player: Desk) -> None:
    nobody.post('/login', status=422, external_userid='test')
    assert player.post('/login', external_userid='test')['role'] == 'supervisor'


def test_too_many_wrong_passwords_have_to_wait_and_are_told_how_long(nobody: Desk) -> None:
    headers = elsewhere() | {'X-Forwarded-For': f'198.51.100.{secrets.randbelow(250)}'}
    body = {'username': f'u{secrets.token_hex(4)}', 'password': 'wrong'}
    statuses = [nobody.http.post('/login', json=body, headers=headers).status_code for _ in range(10)]
    assert statuses == [401] * 10
    refused = nobody.http.post('/login', json=body, headers=headers)
    assert refused.status_code == 429
    assert 0 < int(refused.headers['retry-after']) <= 900
    assert tokens(nobody)


def test_a_refresh_token_gives_new_tokens_from_the_body_or_as_bearer(nobody: Desk) -> None:
    refresh = tokens(nobody)['refresh_token']
    assert with_token(nobody, nobody.post('/refresh', refresh_token=refresh)['access_token']) == 200
    answer = nobody.http.post('/refresh', headers={'Authorization': f'Bearer {refresh}'})
    assert with_token(nobody, answer.json()['data']['access_token']) == 200


def test_neither_token_serves_as_the_other(nobody: Desk) -> None:
    given = tokens(nobody)
    assert with_token(nobody, given['refresh_token']) == 401
    nobody.post('/refresh', status=401, refresh_token=given['access_token'])
    nobody.post('/refresh', status=401, refresh_token='')
    assert nobody.http.post('/refresh').status_code == 401


def test_after_sign_out_both_tokens_are_worth_nothing(nobody: Desk) -> None:
    given, other = tokens(nobody), tokens(nobody)
    Desk(nobody.url, given['access_token']).post('/logout')
    assert with_token(nobody, given['access_token']) == 401
    nobody.post('/refresh', status=401, refresh_token=given['refresh_token'])
    assert with_token(nobody, other['access_token']) == 200


def test_a_colleague_who_left_is_out_at_once(head: Desk) -> None:
    gone = head.colleague('agent')
    head.call('PATCH', f'/staff/{gone.get("/verify")["user_id"]}', json={'active': False})
    gone.get('/drafts', status=401)


def test_a_forged_token_is_refused(console: ConsoleServer, nobody: Desk) -> None:
    good = tokens(nobody)['access_token']
    claims = jwt.decode(good, options={'verify_signature': False})
    key = json.loads((console.data / 'secrets.json').read_text())['jwt_secret_key']

    def signed(**changes: Any) -> str:
        return jwt.encode({k: v for k, v in (claims | changes).items() if v is not None}, key, algorithm='HS256')

    def encoded(part: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip('=')

    assert with_token(nobody, signed()) == 200
    head, body, signature = good.split('.')
    forged = {
        'alg none': f'{encoded({"alg": "none", "typ": "JWT"})}.{body}.',
        'alg none, signed': f'{encoded({"alg": "none"})}.{body}.{signature}',
        'another algorithm': jwt.encode(claims, key, algorithm='HS512'),
        'another key': jwt.encode(claims, 'x' * 48, algorithm='HS256'),
        'another body': f'{head}.{encoded(claims | {"sid": "x"})}.{signature}',
        'wrong audience': signed(aud='others'),
        'no audience': signed(aud=None),
        'wrong issuer': signed(iss='others'),
        'expired': signed(exp=int(time.time()) - 1),
        'never expires': signed(exp=None),
        'unknown session': signed(sid='x'),
        'session is no text': signed(sid=5),
        'no kind': signed(typ=None),
        'cut': good[:-3],
        'not ascii': 'é.é.é',
        'long': 'a.' * 20_000,
    }
    accepted = {}
    for name, token in forged.items():
        answer = nobody.http.get('/verify', headers={'Authorization': f'Bearer {token}'.encode()})
        if answer.status_code != 401 or answer.headers.get('www-authenticate') != 'Bearer':
            accepted[name] = answer.status_code
    assert accepted == {}


def test_other_ways_to_be_authorised_are_none(nobody: Desk) -> None:
    for header in ('Basic aGVhZDpoZWFk', 'Bearer', 'bearer x', 'Token x', ''):
        assert nobody.http.get('/verify', headers={'Authorization': header}).status_code == 401


def test_a_stranger_learns_no_more_from_a_bad_token_than_from_none(nobody: Desk) -> None:
    without: httpx.Response = nobody.http.get('/drafts')
    bad = nobody.http.get('/drafts', headers={'Authorization': 'Bearer x'})
    assert without.json() == bad.json()
