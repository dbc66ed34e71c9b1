"""The tests' own PostgreSQL: from each source this machine has, and gone without a trace."""

from pathlib import Path

import psycopg2
import pytest

from tests import postgres
from tests.postgres import PostgresUnavailableError, found_programs, start_from, start_postgres

COUNT_OURS = "SELECT count(*)::int FROM pg_database WHERE datname LIKE 'edudesk_test_%'"


def answer(url: str, statement: str) -> str:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else ''
    finally:
        connection.close()


@pytest.mark.parametrize(('source', 'programs'), found_programs(), ids=[source for source, _ in found_programs()])
def test_a_server_starts_from_every_installation_and_copies_databases(source: str, programs: Path):
    with start_from(programs, source=source) as server:
        answer(server.create_database('template'), "CREATE TABLE word AS SELECT '你好'::text AS text")
        copy = server.create_database('copy', template='template')

        assert answer(copy, 'SELECT text FROM word') == '你好'
        assert answer(copy, 'SHOW server_encoding') == 'UTF8'
        assert answer(copy, 'SHOW fsync') == 'off'
        directories = list(server._directories)

    assert not any(directory.exists() for directory in directories)
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(server.url)


def test_a_durable_server_writes_through():
    with start_from(found_programs()[-1][1], source='wheel', durable=True) as server:
        assert answer(server.url, 'SHOW fsync') == 'on'


def test_a_given_server_is_used_and_left_as_it_was(monkeypatch: pytest.MonkeyPatch):
    with start_from(found_programs()[0][1], source='outside') as outside:
        monkeypatch.setenv('TEST_DATABASE_URL', outside.url.replace('postgresql:', 'postgresql+psycopg2:'))
        with start_postgres() as given:
            assert given.source == 'given'
            answer(given.create_database('mine'), 'SELECT 1')
            assert answer(outside.url, COUNT_OURS) == 1

        assert answer(outside.url, COUNT_OURS) == 0


def test_a_given_server_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv('TEST_DATABASE_URL', 'postgresql://nobody@127.0.0.1:1/none')

    with pytest.raises(PostgresUnavailableError, match='does not answer'):
        start_postgres()


def test_where_nothing_is_installed_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv('TEST_DATABASE_URL', raising=False)
    monkeypatch.setattr(postgres, 'found_programs', list)

    with pytest.raises(PostgresUnavailableError, match=r'requirements-dev\.txt'):
        start_postgres()


def test_an_installation_closed_to_others_is_copied_and_the_copy_removed(tmp_path: Path):
    source, programs = found_programs()[-1]
    closed = tmp_path / 'closed'
    closed.mkdir(mode=0o700)
    (closed / 'pginstall').symlink_to(programs.parent)

    with start_from(closed / 'pginstall' / 'bin', source=source) as server:
        assert answer(server.url, 'SELECT 1')
        directories = list(server._directories)

    assert not any(directory.exists() for directory in directories)
