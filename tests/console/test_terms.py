"""The school's own words, and what they change at once."""

from datetime import datetime
from functools import partial

import pytest
from sqlalchemy.orm import Session

from console import knowledge, rosters, terms
from console.database import Database
from console.errors import Conflict, Invalid, NotAllowed
from console.knowledge import Entry
from console.writing.checks import check_text
from console.writing.context import Context
from models import Role, Staff, TermKind
from tests.at_once import refused_at_once


@pytest.fixture
def lead(db: Database) -> int:
    return db.transact(_member, 'lead', Role.SUPERVISOR)


@pytest.mark.parametrize(('asked', 'own'), [('学币要几个', '学币'), ('课时费要几个', '课时费')])
def test_a_synonym_is_found_at_once_both_ways_and_no_more_once_it_is_gone(
    db: Database, lead: int, asked: str, own: str
) -> None:
    other = '学币' if own == '课时费' else '课时费'
    db.transact(knowledge.put, [Entry(question=f'{other}怎么算', answer='按节。')], by=lead)
    before = _score(db, asked)
    term = db.transact(terms.save, TermKind.SYNONYM, '学币', ['课时费'], by=lead)
    assert _score(db, asked) > before
    db.transact(terms.remove, term.id, by=lead)
    assert _score(db, asked) == before


def test_a_phrase_the_school_forbids_and_a_host_it_allows_are_known_to_the_checks(db: Database, lead: int) -> None:
    reply = '包您开心，请看 https://www.school.cn/join 。'
    assert _kinds(db, reply) == {'link'}

    db.transact(terms.save, TermKind.LINK, 'https://School.cn/', by=lead)
    db.transact(terms.save, TermKind.PROMISE, '包您开心', by=lead)

    assert _kinds(db, reply) == {'promise'}
    for elsewhere in ('http://school.cn@evil.com/x', 'http://evil-school.cn', 'http://school.cn.evil.com'):
        assert 'link' in _kinds(db, f'请看 {elsewhere}')


@pytest.mark.parametrize(
    ('listed', 'word', 'others'),
    [
        (TermKind.WORD, '一', []),
        (TermKind.WORD, '？？', []),
        (TermKind.SYNONYM, '学币', []),
        (TermKind.SYNONYM, '学币', ['学币']),
        (TermKind.SYNONYM, '学币', ['字' * 21]),
        (TermKind.LINK, 'school', []),
        (TermKind.LINK, 'school.cn/path', []),
    ],
)
def test_what_cannot_be_a_word_is_refused(
    db: Database, lead: int, listed: TermKind, word: str, others: list[str]
) -> None:
    with pytest.raises(Invalid):
        db.transact(terms.save, listed, word, others, by=lead)


def test_a_word_stands_in_one_group(db: Database, lead: int) -> None:
    term = db.transact(terms.save, TermKind.SYNONYM, '学币', ['课时费'], by=lead)
    with pytest.raises(Conflict, match='课时费'):
        db.transact(terms.save, TermKind.SYNONYM, '费用', ['课时费'], by=lead)
    db.transact(terms.save, TermKind.SYNONYM, '学币', ['课时费', '课币'], term_id=term.id, by=lead)


@pytest.mark.parametrize('kind', ['postgresql'], indirect=True)
@pytest.mark.parametrize('new', [True, False])
def test_of_two_who_save_a_word_at_once_the_second_is_told(db: Database, lead: int, new: bool) -> None:
    term_id = None if new else db.transact(terms.save, TermKind.WORD, '远航班', by=lead).id

    refusal = refused_at_once(
        db,
        partial(terms.save, kind=TermKind.WORD, word='启航班', by=lead),
        partial(terms.save, kind=TermKind.WORD, word='启航班', term_id=term_id, by=lead),
    )

    assert isinstance(refusal, Conflict)
    assert refusal.field == 'word'
    assert '启航班' in str(refusal)


def test_an_agent_changes_no_words(db: Database) -> None:
    with pytest.raises(NotAllowed):
        db.transact(terms.save, TermKind.WORD, '启航班', by=db.transact(_member, 'agent', Role.AGENT))


def _score(db: Database, asked: str) -> float:
    return max((hit.score for hit in db.read(knowledge.search, asked)), default=0.0)


def _kinds(db: Database, reply: str) -> set[str]:
    now = datetime(2026, 11, 24, 10, 0)  # noqa: DTZ001  as the school's clock shows it
    context = Context(school='晨星学校', turn=(), roster=db.read(rosters.of_school), now=now)
    return {check.kind for check in check_text(reply, context) if check.level == 'block'}


def _member(session: Session, name: str, role: Role) -> int:
    member = Staff(username=name, name=name, role=role)
    session.add(member)
    session.flush()
    return member.id
