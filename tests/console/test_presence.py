from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from console import conversations, presence, signals
from console.database import Database
from console.errors import NotFound
from models import Presence, Role, utc_now
from tests import story


def news(session: Session, work: object, *given: object, **named: object) -> bool:
    """Whether doing this is announced to colleagues."""
    session.info.pop('news', None)
    work(session, *given, **named)
    return any(signal is signals.presence_changed for signal, _ in session.info.get('news', {}))


def test_colleagues_hear_of_coming_typing_and_leaving_but_not_of_staying(db: Database) -> None:
    one, other = db.transact(story.member, name='李老师'), db.transact(story.member, name='林主管')
    number = db.transact(story.said, '在吗').id

    def told(work: object, **given: object) -> bool:
        return bool(db.transact(news, work, number, by=one.id, **given))

    def seen() -> list[str]:
        return [found.words for found in db.read(presence.others, [number], by=other.id).get(number, [])]

    assert told(presence.here)
    assert not told(presence.here)
    assert seen() == ['李老师 正在查看']
    assert told(presence.here, typing=True)
    assert not told(presence.here, typing=True)
    assert seen() == ['李老师 正在输入…']
    assert told(presence.left)
    assert not told(presence.left)
    assert seen() == []
    assert db.read(presence.others, [number], by=one.id) == {}


def test_who_is_gone_without_a_word_is_forgotten(db: Database) -> None:
    one, other = db.transact(story.member, name='李老师'), db.transact(story.member, name='林主管')
    number = db.transact(story.said, '在吗').id
    db.transact(presence.here, number, by=one.id)

    db.transact(lambda session: session.execute(update(Presence).values(here_until=utc_now() - timedelta(hours=2))))

    assert db.read(presence.others, [number], by=other.id) == {}
    db.transact(presence.forget)
    assert db.read(lambda session: session.query(Presence).count()) == 0


def test_nobody_is_present_where_she_may_not_look(db: Database) -> None:
    agent, lead = db.transact(story.member, Role.AGENT, '孙老师'), db.transact(story.member)
    number = db.transact(story.said, '在吗').id
    db.transact(conversations.assign, number, lead.id, by=lead.id)

    with pytest.raises(NotFound):
        db.transact(presence.here, number, by=agent.id)
