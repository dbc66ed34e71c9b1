"""Days that a page names are the school's, wherever the server stands."""

from datetime import UTC, date, datetime

import pytest

from console.search import Everything, Said
from models import Author, Role, Staff
from pages import palette, thread_lines
from tests.pages.unhurried import Answers, blank_page, emit

EVENING = datetime(2026, 12, 31, 17, tzinfo=UTC)
"""One o'clock in the morning of the new year, at the school."""


async def test_what_was_said_is_dated_as_at_the_school(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers()
    monkeypatch.setattr(palette, 'read', answers)
    said = Said(conversation_id=1, seq=1, title='王女士', author=Author.PARENT, sent_at=EVENING, line=[])
    with blank_page(monkeypatch) as client:
        palette.palette(Staff(id=1, name='林', username='lin', role=Role.ADMIN), [], {})
        await emit(client, 'ask', '在吗')
        await answers.answer(0, Everything(students=[], colleagues=[], talks=[], said=[said], entries=[]))
        assert '2027-01-01' in str(client.outbox.messages)


@pytest.mark.parametrize(
    ('day', 'words'),
    [
        (date(2027, 1, 1), '今天'),
        (date(2026, 12, 31), '昨天'),
        (date(2026, 12, 30), '2026 年 12 月 30 日 星期三'),
        (date(2027, 1, 3), '1 月 3 日 星期日'),
    ],
)
def test_a_day_of_last_year_is_named_with_its_year(day: date, words: str) -> None:
    assert thread_lines.day_word(day, EVENING) == words
