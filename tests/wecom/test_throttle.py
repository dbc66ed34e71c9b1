from console.wecom.throttle import MemberThrottle
from tests.wecom.asking import Clock


def sent_after(throttle: MemberThrottle, clock: Clock, userid: str) -> float:
    """Waits as told and sends; the moment of sending."""
    while wait := throttle.wait_for(userid):
        clock.now += wait
    return clock.now


def test_twenty_five_go_at_once_and_the_next_waits_out_the_minute():
    clock = Clock()
    throttle = MemberThrottle(clock)

    assert [throttle.wait_for('LiMing') for _ in range(25)] == [0.0] * 25
    clock.now += 20
    assert throttle.wait_for('LiMing') == 40.0
    clock.now += 40
    assert throttle.wait_for('LiMing') == 0.0


def test_no_minute_and_no_hour_ever_holds_more_than_allowed():
    clock = Clock()
    throttle = MemberThrottle(clock)

    moments = [sent_after(throttle, clock, 'LiMing') for _ in range(2000)]

    assert all(later - earlier >= 60 for earlier, later in zip(moments, moments[25:], strict=False))
    assert all(later - earlier >= 3600 for earlier, later in zip(moments, moments[900:], strict=False))


def test_being_told_to_wait_does_not_count():
    clock = Clock()
    throttle = MemberThrottle(clock)
    for _ in range(25):
        throttle.wait_for('LiMing')

    waits = [throttle.wait_for('LiMing') for _ in range(1000)]

    assert waits == [60.0] * 1000


def test_members_do_not_wait_for_one_another_but_case_makes_no_other_member():
    clock = Clock()
    throttle = MemberThrottle(clock)
    for _ in range(25):
        throttle.wait_for('LiMing')

    assert throttle.wait_for('ZhangWei') == 0.0
    assert throttle.wait_for('liming') > 0


def test_a_member_not_written_to_for_an_hour_is_forgotten():
    clock = Clock()
    throttle = MemberThrottle(clock)
    for number in range(500):
        throttle.wait_for(f'member{number}')
        clock.now += 60

    assert len(throttle) == 60
