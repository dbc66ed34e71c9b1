import random
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console import alerts, conversations, deliveries, delivery_attempts, delivery_claims, draft_decisions
from console.crypto import cipher
from console.database import Database
from console.delivery_attempts import Outcome, Verdict
from console.delivery_claims import Claim
from console.errors import Conflict, Invalid
from models import (
    Author,
    Contact,
    Conversation,
    Delivery,
    DeliveryStatus,
    Direction,
    Draft,
    DraftStatus,
    Role,
    utc_now,
)
from tests import story

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LONG = ''.join(f'第{number}句，老师会和您联系。' for number in range(120))
ACCEPTED = Outcome(verdict=Verdict.ACCEPTED, wecom_msgid='m1', errcode=0)
BUSY = Outcome(verdict=Verdict.RETRY, errcode=-1, text='企业微信系统繁忙。', most_attempts=3)
SILENT = Outcome(verdict=Verdict.RETRY, text='没有收到回答。', maybe_sent=True)
NOT_REACHED = Outcome(verdict=Verdict.RETRY, text='没有连上。')
REFUSED = Outcome(verdict=Verdict.REFUSED, errcode=81013, text='接收人无效。请核对。')


def freeze(delivery: Delivery, contact: Contact, text: str) -> bytes:
    """A request that nobody could make a second time."""
    return f'{contact.external_userid}:{text}:{random.random()}'.encode()


def released(session: Session, text: str = '您好，周六上午有课。', *, who: str = 'wang_mama') -> Draft:
    """A draft that was approved just now."""
    by = story.member(session)
    draft = story.drafted(session, text, who=who)
    return draft_decisions.approve(session, draft.id, version=1, by=by.id, undo=story.NOW, confirm_reason='已核对')


def claim(db: Database) -> Claim | None:
    return db.transact(delivery_claims.claim_next, freeze)


def claimed(db: Database) -> Claim:
    found = claim(db)
    assert found is not None
    return found


def end(db: Database, held: Claim, outcome: Outcome) -> None:
    assert db.transact(delivery_attempts.record, held, outcome)


def parts(db: Database) -> list[Delivery]:
    return list(db.read(lambda session: session.scalars(select(Delivery).order_by(Delivery.id)).all()))


def statuses(db: Database) -> list[DeliveryStatus]:
    return [part.status for part in parts(db)]


def draft_of(db: Database) -> Draft:
    return db.read(lambda session: session.scalars(select(Draft).order_by(Draft.id.desc()).limit(1)).one())


def change(db: Database, **values: object) -> None:
    db.transact(lambda session: session.execute(update(Delivery).values(**values)))


def be_due(db: Database) -> None:
    change(db, due_at=utc_now() - SECOND)


def test_a_part_leaves_only_after_the_one_before_it_was_accepted(db: Database) -> None:
    db.transact(released, LONG)
    assert len(parts(db)) == 3

    seen = []
    for _ in range(3):
        held = claimed(db)
        assert claim(db) is None
        seen.append(held)
        end(db, held, ACCEPTED)

    assert [held.last for held in seen] == [False, False, True]
    assert [held.delivery_id for held in seen] == [part.id for part in parts(db)]
    assert draft_of(db).status is DraftStatus.SENT


def test_nothing_overtakes_in_a_conversation_and_others_do_not_wait_for_it(db: Database) -> None:
    first = db.transact(released, '第一条。')
    second = db.transact(released, '第二条。')
    other = db.transact(released, '另一位。', who='liu_baba')

    held, beside = claimed(db), claimed(db)

    assert [held.conversation_id, beside.conversation_id] == [first.conversation_id, other.conversation_id]
    assert claim(db) is None
    end(db, held, NOT_REACHED)
    assert claim(db) is None
    be_due(db)
    end(db, claimed(db), ACCEPTED)
    assert claimed(db).conversation_id == second.conversation_id
    assert [draft.status for draft in db.read(_drafts)] == [DraftStatus.SENT, DraftStatus.SENDING, DraftStatus.SENDING]


def test_a_repetition_is_the_same_byte_for_byte_also_after_the_sender_vanished(db: Database) -> None:
    db.transact(released)
    first = claimed(db)
    end(db, first, SILENT)
    be_due(db)
    second = claimed(db)
    change(db, lease_until=utc_now() - SECOND)

    third = claimed(db)

    assert first.request == second.request == third.request


def test_a_late_sender_cannot_write_over_what_another_found_out(db: Database) -> None:
    db.transact(released)
    slow = claimed(db)
    change(db, lease_until=utc_now() - SECOND)
    quick = claimed(db)
    end(db, quick, ACCEPTED)

    assert db.transact(delivery_attempts.record, slow, REFUSED) is False
    assert statuses(db) == [DeliveryStatus.ACCEPTED]
    assert draft_of(db).status is DraftStatus.SENT


@pytest.mark.parametrize(('failures', 'shortest', 'longest'), [(1, 1, 2), (2, 5, 10), (3, 30, 60), (6, 900, 1800)])
def test_the_pauses_between_attempts_grow(db: Database, failures: int, shortest: float, longest: float) -> None:
    db.transact(released)
    for _ in range(failures):
        be_due(db)
        end(db, claimed(db), NOT_REACHED)

    [part] = parts(db)

    assert part.attempts == failures
    assert shortest - 1 <= (part.due_at - utc_now()).total_seconds() <= longest


def fail_until_given_up(db: Database, outcome: Outcome) -> int:
    attempts = 0
    while draft_of(db).status is not DraftStatus.FAILED:
        be_due(db)
        end(db, claimed(db), outcome)
        attempts += 1
        assert attempts < 20
    return attempts


def test_after_nine_attempts_it_is_given_up_and_a_person_is_told(db: Database) -> None:
    db.transact(released)

    assert fail_until_given_up(db, NOT_REACHED) == 9

    assert statuses(db) == [DeliveryStatus.DEAD]
    assert draft_of(db).reason == '没有连上。'
    assert [alert.kind for alert in db.read(alerts.open_alerts)] == ['delivery_failed']


def test_what_may_have_arrived_is_uncertain_instead_of_dead(db: Database) -> None:
    db.transact(released)
    end(db, claimed(db), SILENT)

    fail_until_given_up(db, NOT_REACHED)

    assert statuses(db) == [DeliveryStatus.UNCERTAIN]


def test_a_busy_wecom_is_asked_three_times_at_most(db: Database) -> None:
    db.transact(released)

    assert fail_until_given_up(db, BUSY) == 3
    assert statuses(db) == [DeliveryStatus.DEAD]


def test_a_channel_that_rests_costs_no_attempt_and_is_well_again_after_the_next_success(db: Database) -> None:
    db.transact(released)
    rest = Outcome(verdict=Verdict.PAUSE, errcode=45009, text='接口调用超过限制。', pause=MINUTE)
    for _ in range(12):
        be_due(db)
        end(db, claimed(db), rest)

    [part] = parts(db)
    assert (part.status, part.attempts, part.last_error) == (DeliveryStatus.READY, 0, '接口调用超过限制。')
    assert 55 < (part.due_at - utc_now()).total_seconds() <= 60
    assert draft_of(db).status is DraftStatus.SENDING
    assert [alert.kind for alert in db.read(alerts.open_alerts)] == ['channel:app']

    be_due(db)
    end(db, claimed(db), ACCEPTED)
    assert db.read(alerts.open_alerts) == []


def test_it_is_not_tried_beyond_the_time_wecom_tells_repetitions(db: Database) -> None:
    db.transact(released)
    end(db, claimed(db), SILENT)
    change(db, first_attempt_at=utc_now() - timedelta(hours=3, minutes=29, seconds=59))
    be_due(db)

    end(db, claimed(db), SILENT)

    assert statuses(db) == [DeliveryStatus.UNCERTAIN]


def test_when_one_part_is_refused_the_later_ones_stay_here(db: Database) -> None:
    db.transact(released, LONG)
    end(db, claimed(db), ACCEPTED)

    end(db, claimed(db), REFUSED)

    assert statuses(db) == [DeliveryStatus.ACCEPTED, DeliveryStatus.DEAD, DeliveryStatus.CANCELLED]
    assert (draft_of(db).status, draft_of(db).reason) == (DraftStatus.FAILED, '接收人无效。请核对。')
    assert claim(db) is None


def test_a_person_sends_the_rest_of_a_broken_reply_again(db: Database) -> None:
    by = db.transact(story.member, Role.ADMIN)
    db.transact(released, LONG)
    for outcome in (ACCEPTED, REFUSED):
        end(db, claimed(db), outcome)

    db.transact(deliveries.retry, parts(db)[0].message_id, by=by.id)

    for _ in range(2):
        end(db, claimed(db), ACCEPTED)
    assert statuses(db) == [DeliveryStatus.ACCEPTED] * 3
    assert [part.attempts for part in parts(db)] == [1, 1, 1]
    assert draft_of(db).status is DraftStatus.SENT


def test_what_may_have_arrived_is_sent_again_in_the_same_bytes_or_not_at_all(db: Database) -> None:
    by = db.transact(story.member, Role.ADMIN)
    db.transact(released)
    first = claimed(db)
    end(db, first, SILENT)
    fail_until_given_up(db, NOT_REACHED)
    [part] = parts(db)

    db.transact(deliveries.retry, part.message_id, by=by.id)
    again = claimed(db)
    assert again.request == first.request

    end(db, again, REFUSED)
    change(db, first_attempt_at=utc_now() - 4 * HOUR)
    with pytest.raises(Conflict) as refusal:
        db.transact(deliveries.retry, part.message_id, by=by.id)
    assert refusal.value.reason == 'uncertain'


def test_a_sender_that_vanished_three_times_leaves_it_to_a_person(db: Database) -> None:
    db.transact(released, LONG)
    change(db, due_at=utc_now() - 3 * MINUTE)
    for _ in range(3):
        claimed(db)
        db.transact(
            lambda session: session.execute(
                update(Delivery).where(Delivery.part == 1).values(lease_until=utc_now() - SECOND)
            )
        )

    assert claim(db) is None
    assert db.transact(deliveries.park_lost) == 1
    assert statuses(db) == [DeliveryStatus.UNCERTAIN, DeliveryStatus.CANCELLED, DeliveryStatus.CANCELLED]
    assert draft_of(db).status is DraftStatus.FAILED


@pytest.mark.parametrize(('sent', 'window'), [(25, MINUTE), (900, HOUR)])
def test_a_member_is_not_sent_more_than_wecom_shows_and_it_costs_no_attempt(
    db: Database, sent: int, window: timedelta
) -> None:
    draft = db.transact(released)
    oldest = utc_now() - window + 20 * SECOND
    db.transact(_accepted_before, draft.conversation_id, sent, oldest)
    other = db.transact(released, who='liu_baba')

    assert claimed(db).conversation_id == other.conversation_id
    assert claim(db) is None
    [waiting] = [part for part in parts(db) if part.draft_id == draft.id]
    assert (waiting.status, waiting.attempts) == (DeliveryStatus.READY, 0)
    assert 15 < (waiting.due_at - utc_now()).total_seconds() <= 20

    db.transact(
        lambda session: session.execute(
            update(Delivery).where(Delivery.status == DeliveryStatus.ACCEPTED).values(finished_at=oldest - 21 * SECOND)
        )
    )
    be_due(db)
    assert claimed(db).delivery_id == waiting.id


def _unsealable(_: Delivery, __: Contact, ___: str) -> bytes:
    raise Invalid('text', '内容含有无法发送的字符，请删去后再试。')


def test_what_no_request_can_be_made_of_fails_and_holds_nobody_up(db: Database) -> None:
    db.transact(released, LONG)

    assert db.transact(delivery_claims.claim_next, _unsealable) is None

    assert statuses(db) == [DeliveryStatus.DEAD, DeliveryStatus.CANCELLED, DeliveryStatus.CANCELLED]
    assert draft_of(db).reason == '内容含有无法发送的字符，请删去后再试。'


def test_what_cannot_be_opened_fails_and_holds_nobody_up(db: Database) -> None:
    db.transact(released)
    change(db, text_sealed=cipher().seal('换了位置', 'elsewhere'))
    later = db.transact(released, who='liu_baba')

    assert claimed(db).conversation_id == later.conversation_id

    assert statuses(db)[0] is DeliveryStatus.DEAD
    assert 'FIELD_ENCRYPTION_KEYS' in (parts(db)[0].last_error or '')


def test_an_approval_can_be_taken_back_until_the_sender_has_it(db: Database) -> None:
    by = db.transact(story.member)
    draft = db.transact(story.drafted, LONG)
    db.transact(draft_decisions.approve, draft.id, version=1, by=by.id, undo=MINUTE, confirm_reason='已核对')
    assert claim(db) is None

    db.transact(draft_decisions.undo, draft.id, by=by.id)

    assert parts(db) == []
    assert draft_of(db).status is DraftStatus.PENDING

    db.transact(
        draft_decisions.approve, draft.id, version=draft_of(db).version, by=by.id, undo=story.NOW, confirm_reason='好'
    )
    claimed(db)
    with pytest.raises(Conflict):
        db.transact(draft_decisions.undo, draft.id, by=by.id)
    assert len(parts(db)) == 3


def _drafts(session: Session) -> list[Draft]:
    return list(session.scalars(select(Draft).order_by(Draft.id)))


def _accepted_before(session: Session, conversation_id: int, number: int, oldest: object) -> None:
    """So many messages to this parent were accepted lately, and older ids were accepted earlier."""
    conversation = session.get_one(Conversation, conversation_id)
    message = conversations.add_message(
        session, conversation, direction=Direction.OUT, author=Author.STAFF, staff_id=None, text='早些时候'
    )
    ids = [
        delivery.id
        for delivery in deliveries.queue(
            session, conversation, message, ['早些时候'] * number, draft=None, due_in=story.NOW
        )
    ]
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(status=DeliveryStatus.ACCEPTED, finished_at=oldest, due_at=oldest)
    )
