"""A started sandbox, a callback URL for it, and a caller of its API."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import httpx
import pytest

from console.sandbox import Sandbox
from tests.sandbox.receiver import CREDENTIALS, Receiver


class Caller:
    """Calls the API as the app would; a token is fetched with the first call."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.http = httpx.Client(base_url=sandbox.api_base_url, trust_env=False, timeout=5)
        self.token = self.gettoken()['access_token']

    def renew(self) -> None:
        """Forget the token, e.g. because time went by."""
        self.token = self.gettoken()['access_token']

    def gettoken(self, **changed: str) -> dict[str, Any]:
        query = {'corpid': CREDENTIALS.corp_id, 'corpsecret': CREDENTIALS.secret, **changed}
        return dict(self.http.get('gettoken', params=query).json())

    def get(self, path: str, **query: str) -> dict[str, Any]:
        return dict(self.http.get(path, params={'access_token': self.token, **query}).json())

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self.http.post(path, params={'access_token': self.token}, json=body)

    def ask(self, path: str, /, **body: Any) -> dict[str, Any]:
        """The answer to `body`, posted as JSON."""
        return dict(self.post(path, body).json())

    def text(self, userid: str, content: str, **changed: Any) -> dict[str, Any]:
        message = {'touser': userid, 'msgtype': 'text', 'agentid': CREDENTIALS.agent_id, 'text': {'content': content}}
        return dict(self.post('message/send', message | changed).json())

    def close(self) -> None:
        self.http.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def sandbox(receiver: Receiver) -> Iterator[Sandbox]:
    sandbox = Sandbox(
        ':memory:',
        **asdict(CREDENTIALS),
        callback_url=receiver.url,
        retry_pauses=(0.05, 0.05, 0.05),
        answer_seconds=0.4,
    )
    sandbox.start()
    sandbox.ensure_member('LiNa', '李娜')
    yield sandbox
    sandbox.stop()


@pytest.fixture
def caller(sandbox: Sandbox) -> Iterator[Caller]:
    caller = Caller(sandbox)
    yield caller
    caller.close()
