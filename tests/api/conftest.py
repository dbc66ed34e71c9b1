"""Callers of every role, each of whose answers is held against the server's own description."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from console.sandbox import Sandbox
from models import Role
from tests.api.description import Description
from tests.conftest import ADMIN, QUICK
from tests.desk import Desk
from tests.postgres import PostgresServer
from tests.server import ConsoleServer
from tests.warm import WarmConsole


@pytest.fixture(scope='session')
def description(console: ConsoleServer) -> Description:
    return described(console)


@pytest.fixture(scope='session')
def callers(console: ConsoleServer, description: Description) -> dict[str, Desk]:
    """One signed-in caller of each role, and `nobody`."""
    head = Desk.signed_in(console.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
    desks = {str(role): head.colleague(role) for role in Role} | {'nobody': Desk(console.url)}
    return {name: watched(desk, description) for name, desk in desks.items()}


@pytest.fixture
def head(callers: dict[str, Desk]) -> Desk:
    return callers['admin']


@pytest.fixture
def agent(callers: dict[str, Desk]) -> Desk:
    return callers['agent']


@pytest.fixture
def lead(callers: dict[str, Desk]) -> Desk:
    """A supervisor."""
    return callers['supervisor']


@pytest.fixture
def tester(callers: dict[str, Desk]) -> Desk:
    return callers['tester']


@pytest.fixture
def nobody(callers: dict[str, Desk]) -> Desk:
    return callers['nobody']


@pytest.fixture
def parent(console: ConsoleServer, wecom: Sandbox) -> 'Parent':
    return Parent(wecom)


@pytest.fixture
def player(demo: ConsoleServer) -> Desk:
    """The scripts of the old system at the demonstration: no token."""
    return watched(Desk(demo.url), described(demo))


@pytest.fixture
def spare(kind: str, request: pytest.FixtureRequest) -> Iterator[ConsoleServer]:
    """A demonstration of one's own, with an administrator, to be ill-treated."""
    settings = QUICK | ADMIN
    if kind == 'postgresql':
        postgres: PostgresServer = request.getfixturevalue('postgres')
        settings |= {'DATABASE_URL': postgres.create_database(f'spare_{secrets.token_hex(6)}')}
    with WarmConsole(settings) as server:
        yield server


class Parent:
    """Somebody with a phone."""

    def __init__(self, wecom: Sandbox) -> None:
        self.userid = f'p{secrets.token_hex(6)}'
        self._wecom = wecom
        wecom.ensure_member(self.userid, self.userid)

    def says(self, text: str) -> None:
        assert self._wecom.say(self.userid, text).accepted

    def hears(self) -> list[str]:
        return [entry.text for entry in self._wecom.phone(self.userid) if entry.direction == 'in']


def described(server: ConsoleServer) -> Description:
    answer = httpx.get(f'{server.url}/openapi.json', timeout=60, trust_env=False)
    assert answer.status_code == 200
    return Description(answer.json())


def watched(desk: Desk, description: Description) -> Desk:
    """`desk`, which fails at an answer that was not announced."""

    def check(answer: httpx.Response) -> None:
        answer.read()
        description.check(answer)

    desk.http.event_hooks['response'] = [check]
    return desk


def student(desk: Desk, **values: Any) -> dict[str, Any]:
    """A new record with one guardian and one course."""
    given = {
        'name': f'学员{secrets.token_hex(3)}',
        'gender': '女',
        'birth_month': f'{time.gmtime().tm_year - 9}-01',
        'enrolled_on': '2026-03-01',
        'attendance_rate': 92,
        'guardians': [{'name': '王芳', 'kinship': '妈妈', 'phone': '13812345678', 'wechat': 'wangfang_88'}],
        'enrolments': [
            {
                'course': '数学思维',
                'teacher': '周老师',
                'class_time': '周六 10:00',
                'lessons_total': 48,
                'lessons_used': 12,
                'valid_until': '2027-03-01',
            }
        ],
    }
    return desk.post('/students', status=201, **given | values)
