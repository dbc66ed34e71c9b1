"""What is said when the writer fails: honestly, and in the usual shape."""

import secrets
from collections.abc import Iterator

import pytest

from tests.api.conftest import described, watched
from tests.conftest import QUICK
from tests.desk import Desk
from tests.fakes.model import FakeModel
from tests.server import ConsoleServer
from tests.warm import WarmConsole


@pytest.fixture(scope='module')
def model() -> Iterator[FakeModel]:
    with FakeModel() as fake:
        yield fake


@pytest.fixture(scope='module')
def server(model: FakeModel) -> Iterator[ConsoleServer]:
    with WarmConsole(QUICK | {'DEEPSEEK_API_URL': model.url, 'DEEPSEEK_API_KEY': 'a key'}) as running:
        yield running


@pytest.fixture
def desk(server: ConsoleServer) -> Desk:
    token = Desk(server.url).post('/login', external_userid='test')['access_token']
    return watched(Desk(server.url, token), described(server))


def test_a_question_the_model_does_not_answer_is_503_with_the_reason(desk: Desk, model: FakeModel) -> None:
    model.mode = 'content_filter'
    error = desk.post('/ai-responses', status=503, message='几点上课')
    assert (error['reason'], '请人工回复' in error['detail']) == ('content_filter', True)


def test_a_played_message_is_received_all_the_same(desk: Desk, model: FakeModel) -> None:
    model.mode = 'content_filter'
    body = {'external_userid': f'm{secrets.token_hex(4)}', 'content': '几点上课'}
    answer = desk.http.post('/simulate-customer-msg', json=body).json()
    assert (answer['code'], answer['data']['received'], answer['data']['ai_response']) == (200, True, None)
    assert '请人工回复' in answer['message']
    assert answer['data']['message']['content'] == '几点上课'
    assert answer['data']['conversation_id']


def test_a_draft_stays_when_no_other_can_be_had(desk: Desk, model: FakeModel) -> None:
    model.mode, model.reply = 'ok', '您好，请问孩子几年级？'
    body = {'external_userid': f'm{secrets.token_hex(4)}', 'content': '几点上课'}
    said = desk.post('/simulate-customer-msg', **body)
    assert said['ai_response'] == '您好，请问孩子几年级？'
    model.mode = 'content_filter'
    path = f'/drafts/{said["draft_id"]}'
    assert desk.post(f'{path}/regenerate', status=503, version=1)['reason'] == 'not_written'
    assert desk.get(path)['status'] == 'pending'
