"""The last resort, and bodies that do not end."""

import asyncio
import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from callbacks import bodies
from callbacks.api_v1 import guard
from callbacks.api_v1.envelope import handle_refusals


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """At a small API with a bug in it."""
    api = FastAPI()
    handle_refusals(api)
    api.add_middleware(guard.Guard)

    @api.post('/bug')
    async def bug() -> None:
        raise RuntimeError('the password is hunter2')

    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url='http://api') as client:
        yield client


async def test_a_bug_is_a_500_that_names_its_line_in_the_log_and_nothing_else(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await client.post('/bug')
    assert (answer.status_code, answer.json()['code']) == (500, 500)
    log_id = answer.json()['error']['log_id']
    assert log_id in answer.json()['message']
    assert 'hunter2' not in answer.text
    assert 'RuntimeError' not in answer.text
    assert [log_id in record.getMessage() for record in caplog.records] == [True]
    assert caplog.records[0].exc_info


async def test_a_body_that_does_not_end_is_given_up(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, 'BODY_SECONDS', 0.05)

    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b' '
            await asyncio.sleep(0.02)

    answer = await client.post('/bug', content=drops())
    assert (answer.status_code, answer.json()['code']) == (408, 408)
    assert answer.headers['connection'] == 'close'


@pytest.mark.parametrize('length', ['1048577', '9' * 400, '-1', 'x'])
async def test_a_length_that_is_too_large_or_none_at_all_is_refused_unread(
    client: httpx.AsyncClient, length: str
) -> None:
    answer = await client.post('/bug', content=b'{}', headers={'Content-Length': length})
    assert answer.status_code == 413
