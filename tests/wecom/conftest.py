from collections.abc import Iterator

import pytest

from console.wecom.client import WeComClient
from tests.wecom.asking import Clock, client_of
from tests.wecom.fake_api import FakeApi, serving


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving() as api:
        yield api


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(api: FakeApi, clock: Clock) -> WeComClient:
    return client_of(api.base_url, clock)
