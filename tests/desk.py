"""A person, or a program, at the JSON API."""

import secrets
import time
import weakref
from collections.abc import Callable
from typing import Any, Self, TypeVar

import httpx

T = TypeVar('T')


class Desk:
    """Speaks the public contract: `get`, `post` … return `data`, and fail unless the status is the expected one."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self._colleagues: list[Desk] = []
        headers = {'Authorization': f'Bearer {token}'} if token else {}
        self.http = httpx.Client(base_url=f'{url}/api/v1', headers=headers, timeout=70, trust_env=False)
        weakref.finalize(self, self.http.close)  # an open socket that is found by the collector fails a test

    @classmethod
    def signed_in(cls, url: str, username: str, password: str) -> Self:
        with httpx.Client(trust_env=False) as client:
            answer = client.post(f'{url}/api/v1/login', json={'username': username, 'password': password})
        assert answer.status_code == 200, answer.text
        return cls(url, answer.json()['data']['access_token'])

    @classmethod
    def signed_in_to_demo(cls, url: str) -> Self:
        """As the demo supervisor, the way the scripts of the old system do it."""
        with httpx.Client(trust_env=False) as client:
            answer = client.post(f'{url}/api/v1/login', json={'external_userid': 'test'})
        assert answer.status_code == 200, answer.text
        return cls(url, answer.json()['data']['access_token'])

    def call(self, method: str, path: str, *, status: int = 200, **arguments: Any) -> Any:
        answer = self.http.request(method, path, **arguments)
        assert answer.status_code == status, f'{method} {path}: {answer.status_code} {answer.text[:500]}'
        body = answer.json()
        assert body['code'] == status
        return body['data'] if status < 400 else body['error']

    def get(self, path: str, query: dict[str, Any] | None = None, *, status: int = 200) -> Any:
        return self.call('GET', path, status=status, params=query)

    def post(self, path: str, *, status: int = 200, **body: Any) -> Any:
        return self.call('POST', path, status=status, json=body)

    def colleague(self, role: str) -> Self:
        """A new colleague with this role, signed in. Only an administrator may."""
        username, password = f'c{secrets.token_hex(6)}', secrets.token_urlsafe(12)
        self.post('/staff', status=201, username=username, name=f'同事{username[-4:]}', role=role, password=password)
        colleague = type(self).signed_in(self.url, username, password)
        self._colleagues.append(colleague)
        return colleague

    def close(self) -> None:
        """Close the connections, those of the colleagues made here too."""
        for colleague in self._colleagues:
            colleague.close()
        self.http.close()

    def draft_for(self, external_userid: str, *, seconds: float = 20) -> dict[str, Any]:
        """The pending draft for this parent, as soon as it is there."""

        def pending() -> dict[str, Any] | None:
            items = self.get('/drafts', {'status': 'pending', 'limit': 100})['items']
            return next((item for item in items if item['external_userid'] == external_userid), None)

        return eventually(pending, seconds=seconds)


def eventually(look: Callable[[], T | None], *, seconds: float = 10) -> T:
    """What `look` returns as soon as it is something; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f'nothing after {seconds} s'
        time.sleep(0.05)
