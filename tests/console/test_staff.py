from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from sqlalchemy import select, update

from console import staff
from console.database import Database
from console.errors import ConsoleError
from models import Role, Staff
from tests import story


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
