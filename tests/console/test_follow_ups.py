"""跟进: kept with the student, come back to in time, known to whoever writes."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from console import follow_ups, sidebar, students
from console.calendar import today
from console.database import Database
from console.dossiers import for_question
from console.errors import Invalid, NotAllowed, NotFound
from console.students import StudentFields
from models import Contact, FollowUp, Role
from tests import story
from tests.console.test_sidebar import agent, customer

TODAY = timedelta(0)


def test_what_was_agreed_is_due_on_its_day_and_done_by_the_next_talk(db: Database) -> None:
    zhou = db.transact(agent, 'ZhouGuWen')
    student = db.transact(students.create, StudentFields(name='小宝'), by=zhou.id)
    contact_id = db.transact(customer, 'ZhouGuWen')
    db.transact(sidebar.link, contact_id, student.id, by=zhou.id)

    def note(text: str, days: int | None) -> FollowUp:
        next_on = None if days is None else today() + timedelta(days)
        return db.transact(follow_ups.note, student.id, text, way='电话', next_on=next_on, by=zhou.id)

    note('下周再说', 7)
    assert db.read(follow_ups.due, by=zhou.id, limit=5) == ([], 0)
    assert db.read(follow_ups.next_dates, [student.id, 99]) == {student.id: today() + timedelta(7)}
    first = note('今天回电', 0)
    [due], count = db.read(follow_ups.due, by=zhou.id, limit=5)
    assert (due.id, due.student_name, due.text, count) == (first.id, '小宝', '今天回电', 1)
    assert db.read(sidebar.pane, contact_id, by=zhou.id).next_step == f'{today():%m-%d} 该跟进：今天回电'
    db.transact(follow_ups.finish, first.id, by=zhou.id)
    assert db.read(follow_ups.due, by=zhou.id, limit=5) == ([], 0)
    note('已报名', None)
    listed = db.read(follow_ups.of_student, student.id, by=zhou.id)
    assert [one.text for one in listed] == ['已报名', '今天回电', '下周再说']
    assert all(one.done_at for one in listed)
    context = db.read(lambda session: for_question(session, '在吗', session.get(Contact, contact_id)))
    assert context.student is not None
    assert (context.student.notes or '').splitlines()[0].endswith('电话跟进：已报名')


def test_what_was_noted_early_in_the_morning_is_of_that_day(db: Database) -> None:
    by = db.transact(story.member).id
    student = db.transact(students.create, StudentFields(name='小宝'), by=by)
    db.transact(follow_ups.note, student.id, '来过', way='到访', by=by)
    half_past_seven = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    db.transact(lambda session: session.execute(update(FollowUp).values(created_at=half_past_seven)))

    assert db.read(follow_ups.last_lines, student.id) == ['2026-12-01 到访跟进：来过']


def test_a_follow_up_is_whole_and_only_for_who_may_know_the_student(db: Database) -> None:
    zhou, li = db.transact(agent, 'ZhouGuWen'), db.transact(agent, 'LiLaoShi')
    tester = db.transact(story.member, role=Role.TESTER)
    student = db.transact(students.create, StudentFields(name='小宝', owner_id=zhou.id), by=zhou.id)
    made = db.transact(follow_ups.note, student.id, '来过', way='到访', next_on=today(), by=zhou.id)

    for given, field in (
        ({'text': ' ', 'way': '电话'}, 'text'),
        ({'text': '来过', 'way': '飞鸽'}, 'way'),
        ({'text': '来过', 'way': '电话', 'next_on': today() - timedelta(1)}, 'next_on'),
    ):
        with pytest.raises(Invalid) as refusal:
            db.transact(follow_ups.note, student.id, by=zhou.id, **given)
        assert refusal.value.field == field
    for by, refusal_kind in ((li.id, NotFound), (tester.id, NotAllowed)):
        with pytest.raises(refusal_kind):
            db.transact(follow_ups.note, student.id, '在的', way='电话', by=by)
        with pytest.raises(refusal_kind):
            db.transact(follow_ups.finish, made.id, by=by)
        with pytest.raises(refusal_kind):
            db.read(follow_ups.of_student, student.id, by=by)
        assert db.read(follow_ups.due, by=by, limit=5) == ([], 0)


def test_follow_ups_go_with_the_student(db: Database) -> None:
    boss = db.transact(story.member)
    student = db.transact(students.create, StudentFields(name='小宝'), by=boss.id)
    db.transact(follow_ups.note, student.id, '来过', way='到访', by=boss.id)

    db.transact(students.erase, student.id, by=boss.id)

    assert db.read(lambda session: session.scalar(select(func.count(FollowUp.id)))) == 0
