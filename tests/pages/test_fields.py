"""What people type and what a browser says of ids: read as what it is, or refused in words."""

from datetime import UTC, date, datetime

import pytest

from console.errors import Invalid
from models import LARGEST_INTEGER
from pages import fields


@pytest.mark.parametrize(
    ('told', 'number'),
    [
        (7, 7),
        ('7', 7),
        (LARGEST_INTEGER, LARGEST_INTEGER),
        (LARGEST_INTEGER + 1, None),
        (10**30, None),
        ('9' * 5000, None),
        (0, None),
        (-1, None),
        (True, None),
        (1.5, None),
        ('', None),
        ('１２', None),
        (None, None),
        ({}, None),
    ],
)
def test_an_id_is_one_of_ours_or_none(told: object, number: int | None) -> None:
    assert fields.known_id(told) == number


def test_a_moment_is_by_the_schools_clock() -> None:
    assert fields.moment('until', '2026-09-01T08:30') == datetime(2026, 9, 1, 0, 30, tzinfo=UTC)
    assert fields.moment('until', '') is None


@pytest.mark.parametrize('typed', ['0001-01-01T00:00', '1999-12-31T23:59', '9999-99-99T00:00', '明天', 7])
def test_a_moment_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        fields.moment('until', typed)


def test_a_day_is_read_as_it_stands() -> None:
    assert fields.day('on', ' 2026-09-01 ') == date(2026, 9, 1)
    assert fields.day('on', '') is None


@pytest.mark.parametrize('typed', ['0001-01-01', '1999-12-31', '2026-02-30', '明天', 7])
def test_a_day_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        fields.day('on', typed)
