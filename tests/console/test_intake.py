import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from console import alerts, intake
from console.database import Database
from console.wecom.events import WeComEvent
from models import Channel, Contact, Conversation, EventStatus, Message, ReceivedEvent, Turn, utc_now
from tests import story

MOMENT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def arrival(
    text: str, *, who: str = 'wang', msg_id: str | None = None, sealing: int = 1, fresh: bool = True
) -> intake.Arrival:
    """A text message as it arrives; another `sealing` is the same message encrypted anew."""
    sealed = f'{who}|{text}'
    return intake.Arrival(
        corp_id='ww1',
        cipher_hash=hashlib.sha256(f'{sealed}|{sealing}'.encode()).hexdigest(),
        dedup_key=f'ww1:{msg_id or sealed}',
        gate=f'ww1:{who}',
        sealed=sealed,
        sent_at=MOMENT,
        fresh=fresh,
    )


def open_event(_: str, sealed: str) -> tuple[Channel, WeComEvent]:
    """The envelopes of these tests say 'poison' or 'broken disk', or hold a text."""
    who, text = sealed.split('|')
    if text == 'poison':
        raise ValueError('our keys do not open it')
    if text == 'broken disk':
        raise OperationalError('SELECT', {}, Exception('disk I/O error'))
    return Channel.APP, WeComEvent(
        kind='text',
        name='text',
        change=None,
        dedup_key=sealed,
        sender=who,
        agent_id='1',
        created_at=MOMENT,
        text=text,
        media_id=None,
        fields={'Content': text, 'MsgId': sealed},
    )


def store(db: Database, *arrivals: intake.Arrival) -> None:
    db.transact(intake.store, list(arrivals))


def understand(db: Database) -> int:
    return db.transact(intake.understand, open_event, story.AT_ONCE)


def statuses(db: Database) -> list[EventStatus]:
    return list(db.read(lambda session: session.scalars(select(ReceivedEvent.status).order_by(ReceivedEvent.id)).all()))


def sealed(db: Database) -> list[str]:
    return list(db.read(lambda session: session.scalars(select(ReceivedEvent.sealed).order_by(ReceivedEvent.id)).all()))


def came(db: Database, ago: timedelta) -> None:
    """All that is there came so long ago."""
    db.transact(lambda session: session.execute(update(ReceivedEvent).values(received_at=utc_now() - ago)))


def heard(db: Database, who: str = 'wang') -> list[str]:
    query = (
        select(Message.text)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(Contact.external_userid == who)
        .order_by(Message.seq)
    )
    return list(db.read(lambda session: session.scalars(query).all()))


def test_the_same_bytes_are_kept_once(db: Database) -> None:
    store(db, arrival('在吗'), arrival('在吗'))
    store(db, arrival('在吗'))

    assert statuses(db) == [EventStatus.NEW]


def test_the_same_message_sealed_anew_is_kept_once(db: Database) -> None:
    store(db, arrival('在吗', msg_id='7', sealing=1))
    store(db, arrival('在吗', msg_id='7', sealing=2), arrival('还在吗', msg_id='8'))

    while understand(db):
        pass

    assert heard(db) == ['在吗', '还在吗']


def test_what_one_parent_says_is_kept_in_the_order_it_came_and_asks_for_one_reply(db: Database) -> None:
    store(db, *(arrival(f'第{number}句', who=who) for number in range(30) for who in ('wang', 'liu')))

    while understand(db):
        pass

    assert heard(db) == heard(db, 'liu') == [f'第{number}句' for number in range(30)]
    assert set(statuses(db)) == {EventStatus.DONE}
    assert len(db.read(lambda session: session.scalars(select(Turn)).all())) == 2


def test_a_genuine_message_from_another_time_is_kept_aside_and_one_alert_says_so(db: Database) -> None:
    store(db, arrival('很久以前', fresh=False))
    store(db, arrival('很久以前', fresh=False), arrival('也是', fresh=False))

    understand(db)

    assert statuses(db) == [EventStatus.QUARANTINED, EventStatus.QUARANTINED]
    assert heard(db) == []
    [alert] = db.read(alerts.open_alerts)
    assert (alert.kind, alert.count) == ('quarantine', 2)


def test_a_person_lets_a_message_that_was_kept_aside_in(db: Database) -> None:
    store(db, arrival('很久以前', fresh=False))
    event_id = db.read(lambda session: session.scalars(select(ReceivedEvent.id)).one())

    db.transact(intake.release, event_id)
    understand(db)

    assert heard(db) == ['很久以前']


def test_what_was_understood_long_ago_cannot_be_opened_any_more_and_does_not_come_twice(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, 'MOST_FORGOTTEN', 2)
    store(db, *(arrival(f'第{number}句', msg_id=str(number)) for number in range(3)), arrival('poison', who='liu'))
    store(db, arrival('不要了', who='zhao', fresh=False), arrival('很久以前', who='sun', fresh=False))
    while EventStatus.NEW in statuses(db):
        understand(db)
    db.transact(intake.drop, 5)
    came(db, intake.REMEMBERED + timedelta(minutes=1))
    store(db, arrival('刚说的'))
    understand(db)

    assert [db.transact(intake.forget) for _ in range(3)] == [3, 1, 0]  # two, and the one that was dropped

    done, gone = EventStatus.DONE, EventStatus.FORGOTTEN
    assert statuses(db) == [gone, gone, gone, EventStatus.PARKED, gone, EventStatus.QUARANTINED, done]
    assert [bool(one) for one in sealed(db)] == [False, False, False, True, False, True, True]
    store(db, *(arrival(f'第{number}句', msg_id=str(number), sealing=number) for number in range(3)))
    assert len(statuses(db)) == 7


def test_what_was_understood_lately_can_be_opened_again(db: Database) -> None:
    store(db, arrival('在吗'))
    understand(db)
    came(db, intake.REMEMBERED - timedelta(minutes=1))

    assert db.transact(intake.forget) == 0
    assert sealed(db) == ['wang|在吗']


def test_what_cannot_be_understood_is_parked_after_three_tries_and_holds_up_only_its_sender(db: Database) -> None:
    store(db, arrival('poison'), arrival('在吗'), arrival('您好', who='liu'))

    understand(db)
    assert (heard(db), heard(db, 'liu')) == ([], ['您好'])
    understand(db)
    assert heard(db) == []
    understand(db)
    understand(db)

    assert heard(db) == ['在吗']
    assert statuses(db) == [EventStatus.PARKED, EventStatus.DONE, EventStatus.DONE]
    [alert] = db.read(alerts.open_alerts)
    assert alert.kind == 'parked_event'
    assert db.read(lambda session: session.get_one(ReceivedEvent, 1).last_error) == 'ValueError'


def test_trouble_with_the_database_is_not_held_against_the_message(db: Database) -> None:
    store(db, arrival('broken disk'))

    for _ in range(4):
        with pytest.raises(OperationalError):
            understand(db)

    assert statuses(db) == [EventStatus.NEW]


def test_several_servers_understand_each_message_once_and_in_order(db: Database) -> None:
    store(db, *(arrival(f'第{number}句', who=f'parent{who}') for number in range(12) for who in range(6)))

    def understand_all(_: int) -> None:
        while EventStatus.NEW in statuses(db):
            understand(db)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(understand_all, range(4)))

    for who in range(6):
        assert heard(db, f'parent{who}') == [f'第{number}句' for number in range(12)]


async def test_200_messages_that_arrive_together_are_kept_or_their_senders_told(db: Database) -> None:
    arrivals = [arrival(f'第{number}句', who=f'parent{number % 7}') for number in range(200)]

    await asyncio.gather(*(db.together(intake.store, one) for one in arrivals))

    assert len(statuses(db)) == 200


async def test_when_keeping_fails_every_waiting_sender_is_told_and_nothing_is_kept(db: Database) -> None:
    told = await asyncio.gather(
        *(db.together(_refuse_to_keep, arrival(f'第{number}句')) for number in range(200)), return_exceptions=True
    )

    assert {type(fault) for fault in told} == {ValueError}
    assert statuses(db) == []
    await db.together(intake.store, arrival('第200句'))
    assert len(statuses(db)) == 1


def _refuse_to_keep(session: Session, arrivals: list[intake.Arrival]) -> None:
    intake.store(session, arrivals)
    session.flush()
    raise ValueError('the disk is full')


def test_a_message_is_dated_by_its_sender_and_not_by_its_arrival(db: Database) -> None:
    store(db, arrival('在吗'))
    understand(db)

    sent_at = db.read(lambda session: session.scalars(select(Message.sent_at)).one())

    assert sent_at == MOMENT
