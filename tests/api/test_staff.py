"""Accounts, made and changed by administrators."""

import secrets

from tests.api.conftest import watched
from tests.desk import Desk


def made(head: Desk, **values: str) -> dict:
    given = {
        'username': f'u{secrets.token_hex(5)}',
        'name': '新同事',
        'role': 'agent',
        'password': secrets.token_urlsafe(12),
    }
    return head.post('/staff', status=201, **given | values) | {'password': (given | values)['password']}


def test_a_new_account_can_sign_in_and_is_listed_without_its_password(head: Desk) -> None:
    account = made(head)
    desk = Desk.signed_in(head.url, account['username'], account['password'])
    assert desk.get('/verify')['role'] == 'agent'
    listed = {row['id']: row for row in head.get('/staff')['items']}
    assert listed[account['id']]['username'] == account['username']
    assert 'password' not in str(listed)


def test_a_taken_name_a_weak_password_and_an_unknown_role_are_refused(head: Desk) -> None:
    account = made(head)
    again = {'name': 'x', 'role': 'agent', 'password': secrets.token_urlsafe(12)}
    assert head.post('/staff', status=409, username=account['username'].upper(), **again)['reason'] == 'taken'
    assert head.post('/staff', status=422, username='short.one', **again | {'password': 'short'})['field'] == 'password'
    assert head.post('/staff', status=422, username='some.one', **again | {'role': 'owner'})['field'] == 'role'
    assert head.post('/staff', status=422, username='no spaces', **again)['field'] == 'username'


def test_an_account_that_nobody_could_enter_is_not_made(head: Desk) -> None:
    username = f'u{secrets.token_hex(5)}'
    nothing: tuple[dict, ...] = ({}, {'password': None}, {'password': '', 'wecom_userid': ' '})
    for given in nothing:
        refusal = head.post('/staff', status=422, username=username, name='新同事', role='agent', **given)
        assert refusal['field'] == 'password'

    through_wecom = head.post(
        '/staff', status=201, username=username, name='新同事', role='agent', wecom_userid=username
    )
    assert through_wecom['wecom_userid'] == username


def test_nobody_is_given_her_own_name_for_a_password(head: Desk) -> None:
    account = made(head, username=f'long.name.{secrets.token_hex(5)}')
    path = f'/staff/{account["id"]}'

    refusal = head.call('PATCH', path, status=422, json={'password': account['username'].upper()})

    assert refusal['field'] == 'password'
    assert Desk.signed_in(head.url, account['username'], account['password']).get('/verify')['role'] == 'agent'


def test_a_new_password_or_role_ends_the_sign_ins(head: Desk) -> None:
    account = made(head)
    desk = Desk.signed_in(head.url, account['username'], account['password'])
    fresh = secrets.token_urlsafe(12)
    head.call('PATCH', f'/staff/{account["id"]}', json={'password': fresh, 'role': 'supervisor'})
    desk.get('/verify', status=401)
    assert Desk.signed_in(head.url, account['username'], fresh).get('/verify')['role'] == 'supervisor'


def test_unknown_accounts_and_missing_values(head: Desk) -> None:
    head.call('PATCH', '/staff/2000000000', status=404, json={'name': 'x'})
    assert head.post('/staff', status=422, username='a.b')['field'] == 'name'


def test_the_last_administrator_stays(spare) -> None:
    from tests.api.conftest import described
    from tests.conftest import ADMIN

    desk = watched(Desk.signed_in(spare.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD']), described(spare))
    mine = desk.get('/verify')['user_id']
    for row in desk.get('/staff')['items']:
        if row['role'] == 'admin' and row['id'] != mine:
            desk.call('PATCH', f'/staff/{row["id"]}', json={'active': False})
    assert desk.call('PATCH', f'/staff/{mine}', status=409, json={'role': 'agent'})['reason'] == 'last_admin'
    assert desk.get('/verify')['role'] == 'admin'
