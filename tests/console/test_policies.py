from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from console import draft_decisions, inbox, policies, reservations, review_desk, today
from console.database import Database
from console.errors import Conflict, Invalid, NotAllowed, NotFound
from console.policies import NotReleasable, Rules
from models import AuditEntry, Conversation, Draft, Role, Staff
from tests import story

NIGHT = Rules(quiet_from=time(21, 30), quiet_until=time(8, 0))


def test_the_defaults_hold_until_an_administrator_decides(db: Database) -> None:
    head = db.transact(story.member, Role.ADMIN, '校长').id
    assert db.read(policies.current) == Rules()

    rules = db.transact(
        policies.change, version=1, by=head, own_drafts=False, quiet_from=time(22), quiet_until=time(7), tone=' 亲切 '
    )

    assert (rules.version, rules.own_drafts, rules.tone) == (2, False, '亲切')
    assert db.read(policies.current) == rules
    [entry] = db.read(lambda session: session.scalars(select(AuditEntry).where(AuditEntry.subject == 'policy')).all())
    assert entry.detail['quiet_from'] == {'before': None, 'after': '22:00'}
    assert set(entry.detail) == {'own_drafts', 'quiet_from', 'quiet_until', 'tone'}


def test_rules_that_somebody_else_changed_are_not_overwritten(db: Database) -> None:
    head = db.transact(story.member, Role.ADMIN, '校长').id
    db.transact(policies.change, version=1, by=head, risky_by_admin=True)

    with pytest.raises(Conflict) as refusal:
        db.transact(policies.change, version=1, by=head, own_drafts=False)

    assert refusal.value.reason == 'version'
    assert db.read(policies.current) == Rules(version=2, risky_by_admin=True)


def test_supervisors_may_stop_the_automatic_replies_and_nothing_else(db: Database) -> None:
    lin = db.transact(story.member).id
    head = db.transact(story.member, Role.ADMIN, '校长').id
    on = {'auto_on': True, 'auto_channels': ['app'], 'auto_intents': ['schedule']}
    db.transact(policies.change, version=1, by=head, **on)
    with pytest.raises(NotAllowed):
        db.transact(policies.change, version=2, by=lin, own_drafts=False)

    assert not db.transact(policies.change, version=1, by=lin, auto_on=False).auto_on

    with pytest.raises(NotAllowed):
        db.transact(policies.change, version=3, by=lin, auto_on=True)


@pytest.mark.parametrize(
    ('field', 'wanted'),
    [
        ('auto_intents', {'auto_intents': ['refund']}),
        ('auto_channels', {'auto_channels': ['contact']}),
        ('auto_on', {'auto_on': True}),
        ('auto_daily_cap', {'auto_daily_cap': 0}),
        ('quiet_until', {'quiet_from': time(22)}),
        ('agents_approve', {'agents_approve': 'all'}),
        ('tone', {'tone': '亲' * 201}),
    ],
)
def test_what_cannot_be_a_rule_is_told_at_its_field(db: Database, field: str, wanted: dict[str, object]) -> None:
    head = db.transact(story.member, Role.ADMIN, '校长').id

    with pytest.raises(Invalid) as refusal:
        db.transact(policies.change, version=1, by=head, **wanted)

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ('hour', 'minute', 'quiet'), [(21, 29, False), (21, 30, True), (0, 0, True), (7, 59, True), (8, 0, False)]
)
def test_quiet_hours_go_over_midnight_in_school_time(hour: int, minute: int, quiet: bool) -> None:
    moment = datetime(2026, 9, 1, hour, minute, tzinfo=UTC) - timedelta(hours=8)

    assert NIGHT.quiet(moment) is quiet


def test_agents_release_plain_drafts_of_their_own_conversations_where_that_is_allowed(db: Database) -> None:
    agent = db.transact(story.member, Role.AGENT, '周顾问')
    head = db.transact(story.member, Role.ADMIN, '校长').id
    draft = db.transact(story.drafted)
    db.transact(_set, draft.id, risk='none')
    with pytest.raises(NotAllowed):
        _release(db, draft, agent)
    assert db.read(today.counts, by=agent.id).drafts == 0
    db.transact(policies.change, version=1, by=head, agents_approve='plain')
    assert db.read(today.counts, by=agent.id).drafts == 1
    assert db.read(today.look, by=agent.id).reviews

    db.transact(_set, draft.id, risk='money')
    with pytest.raises(NotReleasable, match='有风险'):
        _release(db, draft, agent)
    db.transact(_set, draft.id, risk='none')
    db.transact(_give_to, draft.conversation_id, head)
    assert db.read(today.counts, by=agent.id).drafts == 0
    with pytest.raises(NotReleasable, match='不是您负责'):
        _release(db, draft, agent)
    db.transact(reservations.hold, draft.id, by=agent.id)
    assert db.read(review_desk.opened, draft.id, by=head).held_by is None
    with pytest.raises(NotFound):
        db.transact(review_desk.redraft, draft.conversation_id, by=agent.id)
    db.transact(_give_to, draft.conversation_id, agent.id)

    assert _release(db, draft, agent).decided_by_id == agent.id


def test_words_of_ones_own_and_risky_ones_wait_for_another_where_the_school_wants_that(db: Database) -> None:
    lin = db.transact(story.member)
    head = db.transact(story.member, Role.ADMIN, '校长')
    db.transact(policies.change, version=1, by=head.id, own_drafts=False, risky_by_admin=True)
    draft = db.transact(story.drafted)

    db.transact(_set, draft.id, author_id=lin.id, risk='none')
    with pytest.raises(NotReleasable, match='自己写的'):
        _release(db, draft, lin)
    db.transact(_set, draft.id, author_id=None, risk='refund')
    with pytest.raises(NotReleasable, match='退费'):
        _release(db, draft, lin)

    assert _release(db, draft, head).decided_by_id == head.id


def _release(db: Database, draft: Draft, by: Staff) -> Draft:
    return db.transact(draft_decisions.approve, draft.id, version=draft.version, by=by.id, undo=timedelta(0))


def _set(session: Session, draft_id: int, **values: object) -> None:
    draft = session.get_one(Draft, draft_id)
    for name, value in values.items():
        setattr(draft, name, value)


def _give_to(session: Session, conversation_id: int, staff_id: int) -> None:
    session.get_one(Conversation, conversation_id).assignee_id = staff_id


def test_who_opens_a_conversation_is_told_why_the_draft_is_not_hers_to_release(db: Database) -> None:
    agent = db.transact(story.member, Role.AGENT, '周顾问').id
    head = db.transact(story.member, Role.ADMIN, '校长').id
    draft = db.transact(story.drafted)
    db.transact(_set, draft.id, risk='none')
    refused = db.read(inbox.opened, draft.conversation_id, by=agent).refusal

    db.transact(policies.change, version=1, by=head, agents_approve='plain')

    assert refused is not None
    assert db.read(inbox.opened, draft.conversation_id, by=agent).refusal is None
