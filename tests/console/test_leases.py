from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console import leases, turns
from console.database import Database
from models import Turn, TurnStatus, utc_now
from tests import story

MINUTE = timedelta(minutes=1)


def turn_at(session: Session, who: str, ago: timedelta) -> int:
    """A turn of this parent's that has been due for so long."""
    turn = story.turn_of(session, story.said(session, '在吗', who=who).id)
    turn.due_at = utc_now() - ago
    return turn.id


def claimed(db: Database) -> turns.Claim:
    claim = db.transact(turns.claim_next)
    assert claim is not None
    return claim


def lose(db: Database, turn_id: int) -> None:
    """The lease of this turn has run out."""
    db.transact(
        lambda session: session.execute(update(Turn).where(Turn.id == turn_id).values(lease_until=utc_now() - MINUTE))
    )


def turn(db: Database, turn_id: int) -> Turn:
    return db.read(turns.get, turn_id)


def test_what_is_due_longest_is_taken_first_and_each_once(db: Database) -> None:
    late, later, latest = (
        db.transact(turn_at, who, ago * MINUTE) for who, ago in (('liu', 1), ('wang', 2), ('zhao', 3))
    )

    taken = [claimed(db).turn_id for _ in range(3)]

    assert taken == [latest, later, late]
    assert db.transact(turns.claim_next) is None


def test_what_is_not_due_yet_is_left_alone(db: Database) -> None:
    db.transact(turn_at, 'wang', -MINUTE)

    assert db.transact(turns.claim_next) is None


def test_an_expired_lease_is_anyones_and_its_old_holder_is_refused(db: Database) -> None:
    turn_id = db.transact(turn_at, 'wang', MINUTE)
    old = claimed(db)
    lose(db, turn_id)

    new = claimed(db)

    assert (new.turn_id, new.token) == (turn_id, old.token + 1)
    assert db.transact(turns.fail, old, '太迟了') is False
    assert turn(db, turn_id).status is TurnStatus.WRITING
    assert db.transact(turns.fail, new, '没有写出来') is True
    assert turn(db, turn_id).last_error == '没有写出来'


def test_the_third_lost_lease_parks_the_row_for_a_person(db: Database) -> None:
    turn_id = db.transact(turn_at, 'wang', 3 * MINUTE)
    for _ in range(3):
        claimed(db)
        lose(db, turn_id)

    assert db.transact(turns.claim_next) is None
    assert db.transact(turns.park_lost) == 1
    assert turn(db, turn_id).status is TurnStatus.FAILED
    assert '三次中断' in (turn(db, turn_id).last_error or '')


def test_three_quick_restarts_condemn_nobody(db: Database) -> None:
    turn_id = db.transact(turn_at, 'wang', timedelta(seconds=10))
    for _ in range(5):
        claimed(db)
        db.transact(leases.end_all, Turn, running=TurnStatus.WRITING)

    assert db.transact(turns.park_lost) == 0
    assert claimed(db).turn_id == turn_id


def test_who_knows_the_holders_are_gone_need_not_wait_for_their_leases(db: Database) -> None:
    turn_id = db.transact(turn_at, 'wang', MINUTE)
    old = claimed(db)

    ended = db.transact(leases.end_all, Turn, running=TurnStatus.WRITING)

    assert ended == 1
    assert claimed(db).turn_id == turn_id
    assert db.transact(turns.fail, old, '太迟了') is False


def test_many_workers_take_each_row_once(db: Database) -> None:
    expected = {db.transact(turn_at, f'parent{number}', MINUTE) for number in range(60)}

    def take_all(_: int) -> list[int]:
        return [claim.turn_id for claim in iter(lambda: db.transact(turns.claim_next), None)]

    with ThreadPoolExecutor(6) as threads:
        taken = [turn_id for share in threads.map(take_all, range(6)) for turn_id in share]

    assert sorted(taken) == sorted(expected)


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
def test_a_row_another_connection_is_about_to_take_is_passed_over(db: Database) -> None:
    first, second = db.transact(turn_at, 'wang', 2 * MINUTE), db.transact(turn_at, 'liu', MINUTE)

    with Session(db.engine) as one, Session(db.engine) as other:
        taken = [_id(turns.claim_next(one)), _id(turns.claim_next(other)), turns.claim_next(other)]

    assert taken == [first, second, None]
    statuses = db.read(lambda session: session.scalars(select(Turn.status)).all())
    assert statuses == [TurnStatus.WAITING, TurnStatus.WAITING]


def _id(claim: turns.Claim | None) -> int:
    assert claim is not None
    return claim.turn_id
