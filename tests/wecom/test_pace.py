import pytest

from console.wecom.pace import A_MINUTE, AT_ONCE, PATIENCE, Pace
from console.wecom.refusals import RefusalKind
from tests.wecom.asking import Clock, refused


@pytest.fixture
def pace(clock: Clock) -> Pace:
    def sleep(seconds: float) -> None:
        clock.now += seconds

    return Pace(clock, sleep)


def test_a_burst_is_let_through_and_then_the_minute_is_kept(pace: Pace, clock: Clock) -> None:
    began = clock.now
    for _ in range(AT_ONCE):
        pace.take('user/get')
    assert clock.now == began
    for _ in range(A_MINUTE):
        pace.take('user/get')
    assert clock.now - began == pytest.approx(60, abs=0.1)


def test_who_would_wait_too_long_is_refused_as_by_wecom(clock: Clock) -> None:
    waits: list[float] = []
    pace = Pace(clock, waits.append)
    for _ in range(AT_ONCE + int(PATIENCE * A_MINUTE / 60)):
        pace.take('user/get')
    assert max(waits) == pytest.approx(PATIENCE)
    assert refused(pace.take, 'user/get').kind is RefusalKind.RATE
    clock.now += 1
    pace.take('user/get')


def test_one_api_does_not_hold_another_up(pace: Pace, clock: Clock) -> None:
    for _ in range(AT_ONCE):
        pace.take('user/get')
    began = clock.now
    pace.take('message/send')
    assert clock.now == began
