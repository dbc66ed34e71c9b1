"""A part that WeCom may have already is repeated only while WeCom itself would tell the repetition."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from console import deliveries, delivery_attempts, delivery_claims, draft_decisions, drafts
from console.channels import DUPLICATE_CHECK_SECONDS, SPREAD
from console.database import Database
from console.deliveries import GIVE_UP_AFTER
from console.delivery_attempts import Outcome, Verdict
from console.delivery_claims import Claim
from console.errors import Conflict
from models import Contact, Delivery, DeliveryStatus, DraftStatus, Staff, utc_now
from tests import story

LONG_AGO = GIVE_UP_AFTER + timedelta(minutes=1)
SILENCE = Outcome(verdict=Verdict.RETRY, text='连接不上企业微信。', maybe_sent=True)
NOT_SENT = Outcome(verdict=Verdict.RETRY, text='连接不上企业微信。')


def freeze(_delivery: Delivery, _contact: Contact, text: str) -> bytes:
    return text.encode()


@pytest.fixture
def by(db: Database) -> Staff:
    return db.transact(story.member)


@pytest.fixture
def first(db: Database, by: Staff) -> Claim:
    """A released reply, taken for sending for the first time."""
    draft = db.transact(story.drafted)
    db.transact(draft_decisions.approve, draft.id, version=1, by=by.id, undo=timedelta(0))
    claim = db.transact(delivery_claims.claim_next, freeze)
    assert claim is not None
    return claim


def row(db: Database) -> Delivery:
    return db.read(lambda session: session.scalars(select(Delivery)).one())


def change(db: Database, **columns: object) -> None:
    db.transact(lambda session: session.execute(update(Delivery).values(**columns)))


def test_the_duplicate_check_outlasts_our_last_repetition() -> None:
    assert GIVE_UP_AFTER.total_seconds() < DUPLICATE_CHECK_SECONDS - SPREAD


def test_what_was_under_way_when_a_long_outage_began_is_not_sent_again(db: Database, first: Claim) -> None:
    change(db, first_attempt_at=utc_now() - LONG_AGO, lease_until=utc_now() - LONG_AGO)

    assert db.transact(delivery_claims.claim_next, freeze) is None

    kept = row(db)
    assert kept.status is DeliveryStatus.UNCERTAIN
    assert '无法判断' in (kept.last_error or '')
    [draft] = db.read(drafts.page, by=db.transact(story.member, name='王主管').id)
    assert draft.status is DraftStatus.FAILED


def test_what_got_no_answer_before_a_long_outage_is_not_sent_again(db: Database, first: Claim) -> None:
    db.transact(delivery_attempts.record, first, SILENCE)
    change(db, first_attempt_at=utc_now() - LONG_AGO, due_at=utc_now() - LONG_AGO)

    assert db.transact(delivery_claims.claim_next, freeze) is None
    assert row(db).status is DeliveryStatus.UNCERTAIN


def test_what_surely_did_not_arrive_is_sent_however_late(db: Database, first: Claim) -> None:
    db.transact(delivery_attempts.record, first, NOT_SENT)
    change(db, first_attempt_at=utc_now() - LONG_AGO, due_at=utc_now() - LONG_AGO)

    again = db.transact(delivery_claims.claim_next, freeze)

    assert again is not None
    assert again.request == first.request


def test_after_a_lost_lease_nobody_can_say_that_it_was_not_sent(db: Database, first: Claim, by: Staff) -> None:
    change(db, lease_until=utc_now() - timedelta(seconds=1))
    again = db.transact(delivery_claims.claim_next, freeze)
    assert again is not None
    db.transact(delivery_attempts.record, again, Outcome(verdict=Verdict.REFUSED, text='企业微信拒绝了。'))
    change(db, first_attempt_at=utc_now() - LONG_AGO, due_at=utc_now() - LONG_AGO)

    with pytest.raises(Conflict) as refusal:
        db.transact(deliveries.retry, row(db).message_id, by=by.id)

    assert refusal.value.reason == 'uncertain'


def test_what_was_parked_after_three_lost_leases_may_have_been_sent(db: Database, first: Claim, by: Staff) -> None:
    long_ago = utc_now() - LONG_AGO
    change(db, lost_leases=2, due_at=long_ago, lease_until=long_ago, first_attempt_at=long_ago)

    assert db.transact(deliveries.park_lost) == 1

    with pytest.raises(Conflict) as refusal:
        db.transact(deliveries.retry, row(db).message_id, by=by.id)
    assert refusal.value.reason == 'uncertain'
