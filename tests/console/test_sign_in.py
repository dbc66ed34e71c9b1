import asyncio

import pytest
from sqlalchemy import func, select

from console import sign_in, staff
from console.database import Database
from console.errors import ConsoleError, TooMany
from models import Role, SignInAttempt, Staff
from tests import story

PASSWORD = 'a long enough password'
HERE = '192.0.2.7'


@pytest.fixture
def head(db: Database) -> Staff:
    member = db.transact(story.member, Role.ADMIN, '陈管理员')
    db.transact(staff.set_password, member.id, sign_in.hash_password_now(PASSWORD), by=None)
    return member


async def tried(password: str, head: Staff) -> type[ConsoleError] | None:
    try:
        await sign_in.with_password(head.username, password, address=HERE)
    except ConsoleError as refusal:
        return type(refusal)
    return None


async def test_many_guesses_at_once_are_throttled_like_those_one_after_another(db: Database, head: Staff) -> None:
    answers = await asyncio.gather(*(tried(f'guess number {number}', head) for number in range(60)))

    let_through = answers.count(sign_in.WrongPassword)
    # Several threads of PostgreSQL may look at the count at the same moment.
    assert let_through <= sign_in.THROTTLE['account'][0] + (0 if db.sqlite else 8)
    assert answers.count(TooMany) == 60 - let_through
    assert await tried(PASSWORD, head) is TooMany


async def test_signing_in_often_is_not_guessing(db: Database, head: Staff) -> None:
    for _ in range(15):
        assert await tried(PASSWORD, head) is None

    assert db.read(lambda session: session.scalar(select(func.count()).select_from(SignInAttempt))) == 0


async def test_a_success_does_not_wipe_out_the_failures_before_it(db: Database, head: Staff) -> None:
    for _ in range(5):
        assert await tried('a wrong password', head) is sign_in.WrongPassword
        assert await tried(PASSWORD, head) is None
    for _ in range(5):
        assert await tried('a wrong password', head) is sign_in.WrongPassword

    assert await tried(PASSWORD, head) is TooMany
