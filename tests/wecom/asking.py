"""The client under test, and how a test asks it."""

import traceback
from collections.abc import Callable
from typing import Any

import pytest

from console.wecom.client import WeComClient
from console.wecom.refusals import WeComRefused, WeComUnreachable
from tests.wecom.fake_api import SECRET


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def client_of(base_url: str, clock: Callable[[], float], timeout: tuple[float, float] = (3, 10)) -> WeComClient:
    return WeComClient('ww1', 1000002, SECRET, base_url, timeout=timeout, clock=clock)


def refused(call: Callable[..., Any], *args: Any) -> WeComRefused:
    with pytest.raises(WeComRefused) as found:
        call(*args)
    return found.value


def unreached(call: Callable[..., Any], *args: Any) -> WeComUnreachable:
    with pytest.raises(WeComUnreachable) as found:
        call(*args)
    return found.value


def told_by(error: BaseException | None) -> str:
    """All a log, or a collector of crashes that follows every link, could show of it."""
    told = ''
    while error is not None:
        told += ''.join(traceback.format_exception(error)) + repr(vars(error))
        error = error.__cause__ or error.__context__
    return told
