from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest
from sqlalchemy import select, update

from console import staff
from console.database import Database
from console.errors import Conflict, ConsoleError, Invalid
from models import Role, Staff
from tests import story
from tests.at_once import refused_at_once


def test_two_administrators_who_remove_each_other_at_once_leave_one(db: Database) -> None:
    def remove(by: int, whom: int) -> None:
        with suppress(ConsoleError):
            db.transact(staff.change, whom, by=by, role=Role.AGENT)

    with ThreadPoolExecutor(2) as threads:
        for _ in range(10):
            first, second = (db.transact(story.member, Role.ADMIN, name).id for name in ('陈管理员', '赵管理员'))
            list(threads.map(remove, (first, second), (second, first)))

            left = db.read(lambda session: session.scalars(select(Staff.id).where(Staff.role == Role.ADMIN)).all())
            assert len(left) == 1
            db.transact(lambda session: session.execute(update(Staff).values(role=Role.AGENT)))


def test_a_wecom_account_belongs_to_one_colleague_in_whatever_case(db: Database) -> None:
    boss = db.transact(story.member, Role.ADMIN, '陈管理员').id
    first, second = (db.transact(story.member, Role.AGENT, name).id for name in ('周顾问', '吴顾问'))
    db.transact(staff.change, first, by=boss, wecom_userid=' LiMing ')

    with pytest.raises(Conflict, match='周顾问') as refused:
        db.transact(staff.change, second, by=boss, wecom_userid='liming')

    assert (refused.value.field, refused.value.reason) == ('wecom_userid', 'taken')
    found = db.read(staff.by_wecom_userid, 'LIMING')
    assert found is not None
    assert (found.id, found.wecom_userid) == (first, 'LiMing')
    db.transact(staff.change, first, by=boss, wecom_userid='liming')
    db.transact(staff.change, first, by=boss, wecom_userid='')
    assert db.read(staff.by_wecom_userid, 'liming') is None


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
@pytest.mark.parametrize('more', [{}, {'role': Role.SUPERVISOR}, {'active': False}], ids=['alone', 'role', 'closed'])
def test_of_two_colleagues_given_a_wecom_account_at_once_the_second_is_refused(
    db: Database, more: dict[str, object]
) -> None:
    boss = db.transact(story.member, Role.ADMIN, '陈管理员').id
    first, second = (db.transact(story.member, Role.AGENT, name).id for name in ('周顾问', '吴顾问'))

    refusal = refused_at_once(
        db,
        partial(staff.change, staff_id=first, by=boss, wecom_userid='LiMing'),
        partial(staff.change, staff_id=second, by=boss, wecom_userid='LiMing', **more),
    )

    assert isinstance(refusal, Conflict)
    assert (refusal.field, refusal.reason) == ('wecom_userid', 'taken')
    unchanged = db.read(lambda session: session.get_one(Staff, second))
    assert (unchanged.wecom_userid, unchanged.role, unchanged.active) == (None, Role.AGENT, True)


@pytest.mark.parametrize('userid', ['李明', 'li ming', '_li', 'ww2/LiMing', 'x' * 65, 'li|ming'])
def test_what_no_member_can_be_called_is_refused(db: Database, userid: str) -> None:
    boss = db.transact(story.member, Role.ADMIN, '陈管理员').id
    with pytest.raises(Invalid) as refused:
        db.transact(staff.change, boss, by=boss, wecom_userid=userid)
    assert refused.value.field == 'wecom_userid'
