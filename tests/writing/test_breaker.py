import pytest

from console.writing.breaker import Breaker
from console.writing.context import WritingFailed


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock) -> Breaker:
    return Breaker(clock=clock)


def happen(breaker: Breaker, *outcomes: str) -> None:
    for outcome in outcomes:
        breaker.settle(breaker.admit(), outcome)


def test_five_failures_in_a_row_open_it(breaker):
    happen(breaker, *['failed'] * 4, 'ok', *['failed'] * 4)
    assert not breaker.is_open

    happen(breaker, 'failed')

    assert breaker.is_open
    assert breaker.retry_in == 30


def test_half_of_the_last_twenty_open_it_if_they_are_of_one_minute(breaker, clock):
    happen(breaker, *['failed', 'ok'] * 9, 'failed')
    assert not breaker.is_open

    happen(breaker, 'ok')

    assert breaker.is_open


def test_failures_spread_over_hours_do_not(breaker, clock):
    for _ in range(30):
        clock.now += 10
        happen(breaker, 'failed', 'ok')

    assert not breaker.is_open


def test_a_wrong_key_opens_it_at_once(breaker):
    happen(breaker, 'fatal')

    with pytest.raises(WritingFailed) as refused:
        breaker.admit()
    assert refused.value.reason == 'breaker_open'
    assert refused.value.retry_after == 30


def test_what_proves_nothing_changes_nothing(breaker):
    happen(breaker, *['failed'] * 4, *['unknown'] * 20)

    assert not breaker.is_open


def test_one_probe_at_a_time_and_pauses_double_up_to_five_minutes(breaker, clock):
    happen(breaker, 'fatal')
    pauses = []
    for _ in range(6):
        clock.now += breaker.retry_in
        probe = breaker.admit()
        with pytest.raises(WritingFailed):
            breaker.admit()
        breaker.settle(probe, 'failed')
        pauses.append(breaker.retry_in)

    assert pauses == [60, 120, 240, 300, 300, 300]


def test_a_probe_that_succeeds_closes_it_and_forgets(breaker, clock):
    happen(breaker, 'fatal')
    clock.now += 30
    happen(breaker, 'ok', *['failed'] * 4)

    assert not breaker.is_open


def test_a_late_answer_to_an_earlier_call_does_not_close_it(breaker):
    early = breaker.admit()
    happen(breaker, 'fatal')

    breaker.settle(early, 'ok')

    assert breaker.is_open
