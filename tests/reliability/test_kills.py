from tests.reliability.kills import kill_again_and_again
from tests.reliability.ledger import Place


def test_whenever_the_console_is_killed_all_it_promised_comes_true_once_and_in_order(place: Place) -> None:
    tally = kill_again_and_again(place, cycles=60)

    print(tally)
    assert tally.kills == 60
    assert tally.acknowledged > 60
    assert tally.approved > 30
    assert tally.parts > tally.approved
