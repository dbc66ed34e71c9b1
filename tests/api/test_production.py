"""Production: nothing is open that development opens."""

import secrets
from collections.abc import Iterator

import httpx
import pytest

from console.sandbox import Sandbox
from models import Role
from tests.conftest import ADMIN, QUICK, wecom_settings
from tests.desk import Desk
from tests.server import ConsoleServer
from tests.warm import WarmConsole


@pytest.fixture(scope='module')
def production(wecom: Sandbox) -> Iterator[ConsoleServer]:
    keys = {name: secrets.token_urlsafe(48) for name in ('SECRET_KEY', 'JWT_SECRET_KEY', 'FIELD_ENCRYPTION_KEYS')}
    settings = QUICK | ADMIN | keys | wecom_settings(wecom) | {'APP_ENV': 'production', 'SIMULATION': 'on'}
    with WarmConsole(settings) as server:
        yield server


@pytest.fixture
def chief(production: ConsoleServer) -> Desk:
    return Desk.signed_in(production.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])


def test_only_testers_may_play_a_parent(production: ConsoleServer, chief: Desk) -> None:
    body = {'external_userid': f's{secrets.token_hex(4)}', 'content': '你好'}
    Desk(production.url).post('/simulate-customer-msg', status=401, **body)
    chief.colleague(Role.AGENT).post('/simulate-customer-msg', status=403, **body)
    chief.colleague(Role.SUPERVISOR).post('/simulate-customer-msg', status=403, **body)
    chief.post('/simulate-customer-msg', status=403, **body)
    assert chief.colleague(Role.TESTER).post('/simulate-customer-msg', **body)['ai_response']


def test_nobody_signs_in_without_a_password(production: ConsoleServer) -> None:
    Desk(production.url).post('/login', status=422, external_userid='test')


def test_the_description_is_for_members(production: ConsoleServer, chief: Desk) -> None:
    for path in ('/docs', '/openapi.json'):
        assert httpx.get(f'{production.url}{path}', trust_env=False).status_code == 401
        answer = httpx.get(f'{production.url}{path}', headers=chief.http.headers, trust_env=False)
        assert answer.status_code == 200
