import pytest

from console.wecom.pace import A_MINUTE, AT_ONCE, Pace
from console.wecom.refusals import RefusalKind, WeComRefused
from tests.wecom.asking import Clock


def granted(pace: Pace, path: str, calls: int) -> int:
    for number in range(calls):
        try:
            pace.take(path)
        except WeComRefused as refused:
            assert refused.kind is RefusalKind.RATE
            return number
    return calls


def test_a_burst_is_let_through_and_then_the_minute_is_kept(clock: Clock) -> None:
    pace = Pace(clock)
    assert granted(pace, 'user/get', 5_000) == AT_ONCE
    passed = 0
    for _ in range(60):
        clock.now += 1
        passed += granted(pace, 'user/get', 5_000)
    assert passed == pytest.approx(A_MINUTE, abs=60)
    clock.now += 3600
    assert granted(pace, 'user/get', 5_000) == AT_ONCE


def test_one_api_does_not_hold_another_up(clock: Clock) -> None:
    pace = Pace(clock)
    granted(pace, 'user/get', 5_000)
    assert granted(pace, 'message/send', 1) == 1
