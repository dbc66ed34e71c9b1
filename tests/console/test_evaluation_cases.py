import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from console import evaluation_cases, students
from console.database import Database
from console.errors import Invalid, NotAllowed
from models import Contact, Role
from tests import story


def test_a_refused_draft_is_kept_without_names_and_numbers(db: Database) -> None:
    lin = db.transact(story.member).id
    draft = db.transact(story.drafted, question='我是王芳，王小明的课还剩几节？电话13812345678，和李小红同班')
    db.transact(_belongs_to, '王小明')
    db.transact(lambda session: students.create(session, students.StudentFields(name='李小红'), by=None))

    case = db.transact(
        evaluation_cases.keep,
        draft.id,
        by=lin,
        expected='王小明还剩12节，每周六9:30上课，电话⟦手机号1⟧。',
        reason='内容不准确',
    )

    assert '学生甲的课还剩几节' in case.question
    assert not any(word in f'{case.question}{case.expected}{case.record}' for word in ('小明', '李小红', '1381234'))
    assert (case.must_say, case.reason, case.record['student_name']) == (['12', '9:30'], '内容不准确', '学生甲')
    assert db.transact(evaluation_cases.keep, draft.id, by=lin, expected='别的').id == case.id


def test_only_reviewers_keep_cases_and_a_case_says_how_to_judge_it(db: Database) -> None:
    agent = db.transact(story.member, Role.AGENT, '周顾问').id
    lin = db.transact(story.member).id
    draft = db.transact(story.drafted)
    with pytest.raises(NotAllowed):
        db.transact(evaluation_cases.keep, draft.id, by=agent)
    with pytest.raises(Invalid, match='无法判断'):
        db.transact(evaluation_cases.add, '几点上课', by=lin)

    case = db.transact(evaluation_cases.add, '几点上课', by=lin, must_say=['9:30'])
    db.transact(evaluation_cases.put_aside, case.id, by=lin)

    assert [one.active for one in db.read(evaluation_cases.everything, by=lin)] == [False]


def test_so_many_cases_that_no_page_could_show_them_are_not_all_listed(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation_cases, 'MOST_LISTED', 2)
    lin = db.transact(story.member).id
    old, aside, new = (db.transact(evaluation_cases.add, '几点上课', by=lin, must_say=[word]) for word in '一二三')
    db.transact(evaluation_cases.put_aside, aside.id, by=lin)

    assert [case.id for case in db.read(evaluation_cases.everything, by=lin)] == [new.id, old.id]


def _belongs_to(session: Session, name: str) -> None:
    student = students.create(session, students.StudentFields(name=name), by=None)
    contact = session.scalars(select(Contact)).one()
    contact.student_id = student.id
