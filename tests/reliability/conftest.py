"""What the tests that kill, starve and cheat the console share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import PostgresServer, start_postgres
from tests.reliability.ledger import Place


@pytest.fixture(scope='session')
def durable_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that keeps what it promised to keep: fsync is on."""
    with start_postgres(durable=True) as server:
        yield server


@pytest.fixture
def place(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A durable database for one console, and a WeCom that is patient with it."""
    postgres = request.getfixturevalue('durable_postgres') if kind == 'postgresql' else None
    with Place(tmp_path, postgres) as place:
        yield place
