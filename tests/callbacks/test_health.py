"""What whoever watches the console is told: whether it works, and its figures."""

import resource
from contextlib import closing

import httpx
import psycopg2

from console.sandbox import Sandbox
from tests.callbacks.test_wechat import Caller, someone
from tests.conftest import QUICK
from tests.desk import Desk, eventually
from tests.postgres import PostgresServer
from tests.server import ConsoleServer
from tests.warm import WarmConsole

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def ready(server: ConsoleServer) -> tuple[int, list[str]]:
    answer = httpx.get(f'{server.url}/health/ready', trust_env=False, timeout=10)
    return answer.status_code, list(answer.json()['data']['trouble'])


def test_a_disk_that_takes_nothing_is_told_and_so_is_that_it_does_again() -> None:
    with WarmConsole(QUICK, allowed_errors=['']) as server:
        assert ready(server) == (200, [])
        assert server.process is not None
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        full = ready(server)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, UNLIMITED)

        assert full == (503, ['database'])
        assert ready(server) == (200, [])


def test_a_database_that_can_only_be_read_is_told(postgres: PostgresServer) -> None:
    database_url = postgres.create_database('only_read')
    with WarmConsole(QUICK | {'DATABASE_URL': database_url}, allowed_errors=['']) as server:
        assert ready(server) == (200, [])
        with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(f'ALTER DATABASE {connection.info.dbname} SET default_transaction_read_only = on')
            cursor.execute(
                'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity '
                'WHERE datname = current_database() AND pid <> pg_backend_pid()'
            )

        assert ready(server) == (503, ['database'])


def test_the_figures_count_what_was_written_and_sent(console: ConsoleServer, wecom: Sandbox, admin: Desk) -> None:
    caller, who = Caller(console, wecom), someone()
    written, sent = 'edudesk_draft_seconds_count{outcome="written"}', 'edudesk_delivery_attempts_total{'
    before = figure(console, written), figure(console, sent)

    with closing(caller.http):
        caller.post(*caller.sealed(caller.text(who, '周六上午有英语课吗')))
    draft = admin.draft_for(who)
    admin.post(f'/drafts/{draft["id"]}/approve', version=draft['version'], confirm_reason='看过了')

    eventually(lambda: figure(console, sent) > before[1])
    assert figure(console, written) > before[0]


def figure(server: ConsoleServer, beginning: str) -> float:
    """The sum of all that begin so."""
    told = httpx.get(f'{server.url}/metrics', trust_env=False).text
    return sum(float(line.split()[-1]) for line in told.splitlines() if line.startswith(beginning))
