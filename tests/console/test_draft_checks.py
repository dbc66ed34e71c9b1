from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from console import draft_decisions, drafts, knowledge, rosters, staff, terms
from console.calendar import today
from console.database import Database
from console.knowledge import Entry
from models import KnowledgeEntry, Role, Student, TermKind
from tests import story


def test_a_price_whose_entry_has_run_out_since_blocks(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)
    entry = Entry(question='科学课多少钱', answer='科学课一期2640元，含材料费。')
    [known] = db.transact(knowledge.put, [entry], by=None)
    edited = db.transact(draft_decisions.edit, draft.id, version=1, by=by.id, content='科学课一期2640元，含材料费。')
    assert (edited.checks, edited.sources[0]['version']) == ([], 1)
    db.transact(_run_out, known.id)

    with pytest.raises(drafts.DraftBlocked, match='2640元'):
        db.transact(draft_decisions.approve, draft.id, version=2, by=by.id, undo=timedelta(0))


def test_another_pupils_name_blocks(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)
    db.transact(lambda session: session.add(Student(name='欧阳小满')))

    edited = db.transact(draft_decisions.edit, draft.id, version=1, by=by.id, content='和欧阳小满一个班。')

    assert [(check['kind'], check['level']) for check in edited.checks] == [('pupil', 'block')]


def test_a_colleague_is_known_by_the_name_she_has_now(db: Database) -> None:
    by, zhang = db.transact(story.member, Role.ADMIN), db.transact(story.member, Role.AGENT, '张莉')
    assert '张莉' in db.read(rosters.of_school).colleagues

    db.transact(staff.change, zhang.id, name='章丽', by=by.id)

    assert db.read(rosters.of_school).colleagues == {by.name, '章丽'}


def test_the_school_forbids_phrases_of_its_own(db: Database) -> None:
    by, draft = db.transact(story.member), db.transact(story.drafted)
    db.transact(terms.save, TermKind.PROMISE, '状元班', by=by.id)

    edited = db.transact(draft_decisions.edit, draft.id, version=1, by=by.id, content='欢迎来状元班。')

    assert [check['detail'] for check in edited.checks] == ['状元班']


def _run_out(session: Session, entry_id: int) -> None:
    session.get_one(KnowledgeEntry, entry_id).valid_until = today() - timedelta(days=1)
