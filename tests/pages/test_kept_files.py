"""NiceGUI's own files, sent as they were compressed the first time."""

import httpx
import nicegui
import pytest
from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.testclient import TestClient

from pages.kept_files import MOST_BYTES, KeptFiles
from tests.server import ConsoleServer

STATIC = f'/_nicegui/{nicegui.__version__}/static'
QUASAR = f'{STATIC}/quasar.umd.prod.js'


@pytest.fixture
def asked() -> list[str]:
    """The addresses that were not answered from what was kept."""
    return []


@pytest.fixture
def client(asked: list[str]) -> TestClient:
    server = FastAPI()

    @server.get('/{path:path}')
    def answer(path: str) -> Response:
        asked.append(path)
        lasting = {'Cache-Control': 'public, max-age=31536000, immutable'}
        if 'gone' in path:
            return Response('none', status_code=404, headers=lasting)
        size = MOST_BYTES + 1 if 'large' in path else 20
        return Response('a' * size, headers={} if 'passing' in path else lasting)

    server.add_middleware(KeptFiles)
    return TestClient(server)


def test_what_never_changes_is_asked_for_once(client: TestClient, asked: list[str]) -> None:
    answers = [client.get('/_nicegui/1/static/lasting.js') for _ in range(3)]
    assert len(asked) == 1
    assert {answer.text for answer in answers} == {'a' * 20}
    assert len({str(answer.headers) for answer in answers}) == 1


@pytest.mark.parametrize(
    'path',
    ['/_nicegui/1/passing.js', '/_nicegui/1/gone.js', '/_nicegui/1/large.js', '/_nicegui/1/a.js?v=1', '/other.js'],
)
def test_the_rest_is_asked_for_each_time(client: TestClient, asked: list[str], path: str) -> None:
    assert client.get(path).text == client.get(path).text
    assert len(asked) == 2


def test_a_browser_that_takes_no_gzip_is_not_given_any(demo: ConsoleServer) -> None:
    def got(accepted: str) -> tuple[str | None, bytes]:
        with httpx.stream('GET', f'{demo.url}{QUASAR}', headers={'Accept-Encoding': accepted}) as answer:
            return answer.headers.get('content-encoding'), b''.join(answer.iter_raw())

    plain, compressed = got('identity'), got('gzip')
    assert (plain[0], compressed[0]) == (None, 'gzip')
    assert len(compressed[1]) < len(plain[1]) / 2
    assert (plain, compressed) == (got('identity'), got('gzip'))
