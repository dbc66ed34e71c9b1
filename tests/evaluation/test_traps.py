from collections import Counter

from tests.evaluation.library import read
from tests.evaluation.replies import good_replies, traps


def test_no_trap_can_be_approved_by_one_key(index):
    passed = [(trap.kind, trap.asked, trap.reply) for trap in traps(index) if not trap.is_blocked]

    assert passed == []


def test_of_twenty_good_replies_at_most_one_is_blocked(index):
    judged = list(good_replies(index))
    blocked = [(good.asked, good.checks) for good in judged if good.is_blocked]

    assert len(blocked) <= len(judged) * 0.05, blocked


def test_there_are_a_hundred_traps_of_every_kind_and_sixty_good_replies():
    kinds = Counter(trap['kind'] for trap in read('traps.json'))

    assert kinds.total() >= 100
    assert {'amount', 'weekday', 'time', 'expired', 'pupil', 'promise', 'refund', 'injection'} <= set(kinds)
    assert len(read('good_replies.json')) >= 60
