from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from console import calendar, knowledge
from console.database import Database
from console.errors import Conflict
from console.knowledge import Entry
from models import EntryStatus, Role, Staff

ONE_IN_THE_MORNING = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
"""On the 25th at the school, still the 24th in Greenwich."""


def test_an_entry_is_valid_by_the_schools_calendar(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Entry(question='双十一优惠是多少', answer='优惠八折。', valid_until=date(2026, 11, 24))
    new = Entry(question='年末优惠是多少', answer='优惠九折。', valid_from=date(2026, 11, 25))
    db.transact(knowledge.put, [old, new], by=None)
    monkeypatch.setattr(calendar, 'utc_now', lambda: ONE_IN_THE_MORNING)

    found = db.read(knowledge.search, '优惠是多少')

    assert [entry.answer for entry in found] == ['优惠九折。']


def test_a_change_is_found_at_once_and_what_is_retired_no_more(db: Database) -> None:
    [one, other] = db.transact(
        knowledge.put,
        [Entry(question='停车场在哪里', answer='右边。'), Entry(question='有没有食堂', answer='有。')],
        by=None,
    )
    lead = db.transact(_lead)
    assert db.read(knowledge.search, '停车场在哪里', limit=1)[0].id == one.id

    db.transact(knowledge.change, other.id, Entry(question='自行车棚在哪里'), by=lead)
    db.transact(knowledge.change, one.id, Entry(status=EntryStatus.RETIRED), by=lead)

    assert [entry.id for entry in db.read(knowledge.search, '车棚在哪里')] == [other.id]


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)  # where two may write at the same time
def test_a_change_that_took_long_is_found_although_a_later_one_was_seen_first(db: Database) -> None:
    entries = [Entry(question='停车场在哪里', answer='右边。'), Entry(question='有没有食堂', answer='有。')]
    slow, quick = db.transact(knowledge.put, entries, by=None)
    lead = db.transact(_lead)
    assert {entry.id for entry in db.read(knowledge.search, '停车场在哪里')} == {slow.id}

    with Session(db.engine) as session:
        knowledge.change(session, slow.id, Entry(question='学费可以退吗'), by=lead)
        session.flush()
        db.transact(knowledge.change, quick.id, Entry(question='有没有操场'), by=lead)
        assert db.read(knowledge.search, '操场')[0].question == '有没有操场'
        session.commit()

    assert [entry.id for entry in db.read(knowledge.search, '学费可以退吗')] == [slow.id]


def test_an_entry_in_the_place_of_another_is_found(db: Database) -> None:
    [gone] = db.transact(knowledge.put, [Entry(question='停车场在哪里', answer='右边。')], by=None)
    lead = db.transact(_lead)
    assert {entry.id for entry in db.read(knowledge.search, '停车场')} == {gone.id}

    db.transact(knowledge.delete, gone.id, by=lead)
    [new] = db.transact(knowledge.put, [Entry(question='自行车棚在哪里', answer='左边。')], by=None)

    assert [entry.id for entry in db.read(knowledge.search, '车棚')] == [new.id]


def test_who_saves_over_a_change_of_another_is_told_and_nothing_is_lost(db: Database) -> None:
    [entry] = db.transact(knowledge.put, [Entry(question='停车', answer='右边。')], by=None)
    lead = db.transact(_lead)
    db.transact(knowledge.change, entry.id, Entry(answer='左边。'), by=lead, version=1)

    with pytest.raises(Conflict, match='第 2 版'):
        db.transact(knowledge.change, entry.id, Entry(answer='后面。'), by=lead, version=1)
    assert db.read(knowledge.seen, entry.id, by=lead).answer == '左边。'


def test_its_history_says_what_each_field_was_and_a_day_can_be_taken_away(db: Database) -> None:
    [entry] = db.transact(
        knowledge.put, [Entry(question='停车', answer='右边。', valid_until=date(2027, 1, 1))], by=None
    )
    lead = db.transact(_lead)
    db.transact(knowledge.change, entry.id, Entry(answer='左边。', cleared=frozenset({'valid_until'})), by=lead)

    changed, added = db.read(knowledge.history, entry.id, by=lead)

    assert changed.detail['before'] == {'answer': '右边。', 'valid_until': '2027-01-01'}
    assert changed.detail['after'] == {'answer': '左边。', 'valid_until': None}
    assert (changed.staff_id, added.detail['version']) == (lead, 1)


def test_entries_are_listed_by_owner_words_and_what_runs_out(db: Database) -> None:
    soon, late = calendar.today() + timedelta(days=14), calendar.today() + timedelta(days=15)
    gone = calendar.today() - timedelta(days=1)
    rows = [('停车', soon, '组长'), ('食堂', late, '组长'), ('校车', gone, '组长'), ('100%退款', soon, '别人')]
    db.transact(
        knowledge.put,
        [Entry(question=q, answer='好。', valid_until=until, owner=who) for q, until, who in rows],
        by=None,
    )
    lead = db.transact(_lead)

    def listed(**wanted: Any) -> list[str]:
        return [entry.question for entry in db.read(knowledge.page, by=lead, **wanted)]

    assert listed(due='expiring') == ['停车', '100%退款']
    assert listed(due='expired') == ['校车']
    assert listed(owner='别人') == listed(text='0%') == ['100%退款']
    assert [entry.question for entry in db.read(knowledge.ending_soon, by=lead, limit=6)[0]] == ['停车']


def _lead(session: Session) -> int:
    member = Staff(username='lead', name='组长', role=Role.SUPERVISOR)
    session.add(member)
    session.flush()
    return member.id
