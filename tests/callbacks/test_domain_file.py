import httpx
import pytest

from tests.server import ConsoleServer
from tests.warm import WarmConsole


@pytest.fixture(scope='module')
def console():
    with WarmConsole() as server:
        folder = server.data / 'verify'
        folder.mkdir()
        (folder / 'WW_verify_aB3dE5.txt').write_bytes(b'aB3dE5')
        (folder / 'secret.txt').write_text('nobody may read this')
        (folder / 'WW_verify_folder.txt').mkdir()
        yield server


def test_wecom_finds_the_domain_file_at_the_root_without_a_sign_in(console: ConsoleServer) -> None:
    answer = httpx.get(f'{console.url}/WW_verify_aB3dE5.txt')

    assert (answer.status_code, answer.content) == (200, b'aB3dE5')
    assert answer.headers['content-type'] == 'text/plain; charset=utf-8'


@pytest.mark.parametrize(
    'path',
    [
        '/WW_verify_unknown.txt',
        '/WW_verify_folder.txt',
        '/WW_verify_.txt',
        '/WW_verify_aB3dE5.txt.bak',
        '/WW_verify_aB3dE5.TXT',
        '/WW_verify_aB3dE5.txt%0A',
        '/WW_verify_..%2Fsecret.txt',
        '/WW_verify_x%2F..%2Fsecret.txt',
        '/WW_verify_%00.txt',
        '/secret.txt',
    ],
)
def test_nothing_else_is_served_from_there(console: ConsoleServer, path: str) -> None:
    answer = httpx.get(f'{console.url}{path}')

    assert answer.status_code == 404
    assert 'nobody may read' not in answer.text


@pytest.mark.parametrize('path', ['/api', '/api/', '/api/v2/students', '/api/v1/nothing', '/api/v1/nothing/'])
def test_an_unknown_address_below_api_answers_in_json(console: ConsoleServer, path: str) -> None:
    answer = httpx.get(f'{console.url}{path}', headers={'Accept': 'text/html'})

    assert answer.status_code == 404
    assert answer.json()['code'] == 404
    assert answer.json()['error']['detail']
