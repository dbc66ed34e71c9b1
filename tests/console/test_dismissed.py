"""A page outlives the dismissal of who opened it: what it asks is refused, and no model is called for it."""

from collections.abc import Callable
from typing import Any

import pytest

from console import alerts, dossiers, knowledge, staff
from console.database import Database
from console.errors import NotAllowed
from models import Role
from tests import story

ASKED: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    'alerts': (alerts.seen, ()),
    'knowledge': (knowledge.tried, ('几点上课',)),
    'trial': (dossiers.for_trial, ('几点上课',)),
}


@pytest.mark.parametrize('what', ASKED)
def test_who_left_is_told_nothing_more(db: Database, what: str) -> None:
    service, question = ASKED[what]
    head, member = db.transact(story.member, Role.ADMIN), db.transact(story.member, Role.SUPERVISOR)
    db.read(service, *question, by=member.id)

    db.transact(staff.change, member.id, active=False, by=head.id)
    with pytest.raises(NotAllowed):
        db.read(service, *question, by=member.id)


def test_alerts_are_for_those_who_lead(db: Database) -> None:
    agent = db.transact(story.member, Role.AGENT)
    with pytest.raises(NotAllowed):
        db.read(alerts.seen, by=agent.id)
