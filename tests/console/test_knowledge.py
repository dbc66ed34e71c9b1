from datetime import UTC, date, datetime

import pytest

from console import calendar, knowledge
from console.database import Database
from console.knowledge import Entry

ONE_IN_THE_MORNING = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
"""On the 25th at the school, still the 24th in Greenwich."""


def test_an_entry_is_valid_by_the_schools_calendar(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Entry(question='双十一优惠是多少', answer='优惠八折。', valid_until=date(2026, 11, 24))
    new = Entry(question='年末优惠是多少', answer='优惠九折。', valid_from=date(2026, 11, 25))
    db.transact(knowledge.put, [old, new], by=None)
    monkeypatch.setattr(calendar, 'utc_now', lambda: ONE_IN_THE_MORNING)

    found = db.read(knowledge.search, '优惠是多少')

    assert [entry.answer for entry in found] == ['优惠九折。']
