"""The way of a parent's words, told from the rows."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from console import delivery_attempts, delivery_claims, draft_decisions, drafts, intake, journeys, replies, turns
from console.database import Database
from console.errors import NotAllowed, NotFound
from console.journeys import Journey
from console.wecom.events import WeComEvent, parse
from models import Channel, Draft, Role, Staff
from tests import story

NOW = timedelta(0)
GATE = 'corp1:wang_mama'


def message_xml(msg_id: str, text: str) -> str:
    return (
        '<xml><ToUserName><![CDATA[corp1]]></ToUserName><FromUserName><![CDATA[wang_mama]]></FromUserName>'
        f'<CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content>'
        f'<MsgId>{msg_id}</MsgId><AgentID>1000002</AgentID></xml>'
    )


def opened(_corp_id: str, sealed: str) -> tuple[Channel, WeComEvent]:
    """Nothing was sealed in these tests."""
    return Channel.SIMULATE, parse(sealed)


def arrive(db: Database, msg_id: str, text: str, *, fresh: bool = True, copy: int = 0) -> None:
    xml = message_xml(msg_id, text)
    arrival = intake.Arrival(
        corp_id='corp1',
        cipher_hash=f'{msg_id}-{copy}',
        dedup_key=f'corp1:{parse(xml).dedup_key}',
        gate=GATE,
        sealed=xml,
        sent_at=datetime.now(UTC),
        fresh=fresh,
    )
    db.transact(intake.store, [arrival])
    db.transact(intake.understand, opened, story.AT_ONCE)


def propose(db: Database) -> Draft:
    claim = db.transact(turns.claim_next)
    assert claim is not None
    draft = db.transact(drafts.propose, claim, story.proposal())
    assert draft is not None
    return draft


def way(db: Database, by: Staff, conversation_id: int = 1, turn_id: int | None = None) -> Journey:
    found = db.read(journeys.of_conversation, conversation_id, by=by.id, turn_id=turn_id)
    assert found.shown is not None
    return found.shown


def test_a_journey_names_the_events_that_its_lines_came_by(db: Database) -> None:
    tester = db.transact(story.member, Role.TESTER)
    arrive(db, '71', '在吗')
    arrive(db, '72', '周六有课吗')

    journey = way(db, tester)

    assert [(line.text, line.event_id) for line in journey.lines] == [('在吗', 1), ('周六有课吗', 2)]
    assert journey.station == 'write'


def test_a_journey_goes_from_writing_over_review_to_its_end(db: Database) -> None:
    tester, supervisor = db.transact(story.member, Role.TESTER), db.transact(story.member)
    arrive(db, '71', '周六有课吗')
    draft = propose(db)
    assert way(db, tester).station == 'review'

    db.transact(
        draft_decisions.approve, draft.id, version=1, by=supervisor.id, undo=NOW, content='您好！周六上午有课。'
    )
    approved = way(db, tester)
    claim = db.transact(delivery_claims.claim_next, lambda *_: b'{}')
    assert claim is not None
    accepted = delivery_attempts.Outcome(verdict=delivery_attempts.Verdict.ACCEPTED, wecom_msgid='m1', errcode=0)
    db.transact(delivery_attempts.record, claim, accepted)
    ended = way(db, tester)

    assert (approved.station, approved.total) == ('deliver', None)
    assert approved.decision is not None
    assert (approved.decision.who, approved.edited) == ('林主管', True)
    assert (ended.station, ended.delivered) == ('end', True)
    assert ended.total is not None
    assert ended.human is not None
    assert NOW < ended.human < ended.total


def test_a_rejection_is_told_with_its_reason(db: Database) -> None:
    tester, supervisor = db.transact(story.member, Role.TESTER), db.transact(story.member)
    arrive(db, '71', '周六有课吗')
    draft = propose(db)

    db.transact(draft_decisions.reject, draft.id, version=1, by=supervisor.id, reason='答非所问')

    decision = way(db, tester).decision
    assert decision is not None
    assert (decision.action, decision.who, decision.note) == ('rejected', '林主管', '答非所问')


def test_an_approval_taken_back_is_no_decision(db: Database) -> None:
    tester, supervisor = db.transact(story.member, Role.TESTER), db.transact(story.member)
    arrive(db, '71', '周六有课吗')
    draft = propose(db)
    db.transact(draft_decisions.approve, draft.id, version=1, by=supervisor.id, undo=timedelta(seconds=5))

    db.transact(draft_decisions.undo, draft.id, by=supervisor.id)

    journey = way(db, tester)
    assert (journey.station, journey.decision, journey.parts) == ('review', None, ())


def test_a_colleagues_own_words_are_what_was_delivered(db: Database) -> None:
    tester, supervisor = db.transact(story.member, Role.TESTER), db.transact(story.member)
    arrive(db, '71', '周六有课吗')
    propose(db)

    db.transact(replies.send, 1, '有的，十点见', by=supervisor.id)

    journey = way(db, tester)
    assert [part.draft_id for part in journey.parts] == [None]
    assert journey.decision is not None
    assert journey.decision.action == 'superseded'


def test_an_earlier_turn_can_be_asked_for(db: Database) -> None:
    tester, supervisor = db.transact(story.member, Role.TESTER), db.transact(story.member)
    arrive(db, '71', '周六有课吗')
    draft = propose(db)
    db.transact(draft_decisions.approve, draft.id, version=1, by=supervisor.id, undo=NOW)
    arrive(db, '72', '那周日呢')

    latest, first = way(db, tester), way(db, tester, turn_id=draft.turn_id)

    assert [line.text for line in latest.lines] == ['那周日呢']
    assert [line.text for line in first.lines] == ['周六有课吗']
    assert len(first.parts) == 1
    assert latest.parts == ()


def test_a_message_that_came_three_times_is_kept_once(db: Database) -> None:
    tester = db.transact(story.member, Role.TESTER)
    for copy in range(3):
        arrive(db, '71', '周六有课吗', copy=copy)

    kept = db.read(journeys.kept, '71', gate=GATE, userid='wang_mama', by=tester.id)

    assert kept == journeys.Kept(events=1, quarantined=0, messages=1)


def test_a_stale_message_is_kept_apart(db: Database) -> None:
    tester = db.transact(story.member, Role.TESTER)
    arrive(db, '71', '周六有课吗', fresh=False)

    kept = db.read(journeys.kept, '71', gate=GATE, userid='wang_mama', by=tester.id)

    assert kept == journeys.Kept(events=1, quarantined=1, messages=0)


def test_a_real_parents_conversation_is_nobodys_to_watch_here(db: Database) -> None:
    tester = db.transact(story.member, Role.TESTER)
    conversation = db.transact(story.said, '周六有课吗', channel=Channel.APP)

    with pytest.raises(NotFound):
        db.read(journeys.of_conversation, conversation.id, by=tester.id)


def test_who_may_not_simulate_sees_no_journey(session: Session) -> None:
    agent = story.member(session, Role.AGENT, '周顾问')
    conversation = story.said(session, '周六有课吗', channel=Channel.SIMULATE)

    with pytest.raises(NotAllowed):
        journeys.of_conversation(session, conversation.id, by=agent.id)
