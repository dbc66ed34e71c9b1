import asyncio
import itertools
import logging
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from console import (
    database,
    delivery_claims,
    draft_decisions,
    drafts,
    hearing,
    intake,
    live_words,
    media_fetching,
    media_shelf,
    signals,
    turns,
)
from console.channels import Channels, WeComApp
from console.database import Database
from console.doctor import storage
from console.sandbox import Sandbox
from console.wecom import media
from console.wecom.client import WeComClient
from console.wecom.crypto import CallbackCrypto
from console.workers import WRITERS, Workers, take_over
from console.writing.context import Context, OnWords, Proposal, Writer, WritingFailed
from models import (
    Channel,
    Delivery,
    DeliveryStatus,
    Draft,
    DraftStatus,
    EventStatus,
    MediaFile,
    MediaStatus,
    ReceivedEvent,
    Turn,
    TurnStatus,
    utc_now,
)
from tests import story


class ReadyWriter:
    async def write(self, _: Context, **_more: object) -> Proposal:
        return story.proposal('您好，周六上午有课。')

    async def close(self) -> None: ...


class FailingWriter(ReadyWriter):
    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    async def write(self, _: Context, **_more: object) -> Proposal:
        raise self._fault


class TalkingWriter(ReadyWriter):
    """Says a word every 20 ms for a second."""

    async def write(self, context: Context, *, on_words: OnWords | None = None) -> Proposal:
        assert on_words is not None
        for length in range(1, 51):
            on_words('好' * length)
            await asyncio.sleep(0.02)
        return await super().write(context)


class HangingWriter(ReadyWriter):
    async def write(self, _: Context, **_more: object) -> Proposal:
        await asyncio.Event().wait()
        raise AssertionError('unreachable')


def client_of(wecom: Sandbox) -> WeComClient:
    given = wecom.credentials
    return WeComClient(given.corp_id, given.agent_id, given.secret, wecom.api_base_url)


def workers(wecom: Sandbox, writer: Writer, **more: Any) -> Workers:
    given = wecom.credentials
    app = WeComApp(
        channel=Channel.APP,
        crypto=CallbackCrypto(given.token, given.encoding_aes_key, given.corp_id),
        client=client_of(wecom),
    )
    return Workers(channels=Channels([app]), writer=writer, pace=story.AT_ONCE, pause=0.02, **more)


async def eventually(db: Database, look: Callable[[], bool], *, seconds: float = 15) -> None:
    db.loop = asyncio.get_running_loop()
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(look):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def turn_statuses(db: Database) -> list[TurnStatus]:
    return list(db.read(lambda session: session.scalars(select(Turn.status).order_by(Turn.id)).all()))


def release(db: Database, who: str) -> Draft:
    by, draft = db.transact(story.member), db.transact(story.drafted, who=who)
    return db.transact(draft_decisions.approve, draft.id, version=1, by=by.id, undo=story.NOW)


def texts_on_the_phone_of(wecom: Sandbox, who: str) -> list[str]:
    return [entry.text for entry in wecom.phone(who) if entry.direction == 'in']


async def test_what_a_parent_said_becomes_a_draft_and_what_was_released_reaches_her_phone(
    db: Database, wecom: Sandbox
) -> None:
    who = f'worker_a_{db.sqlite}'
    wecom.ensure_member(who, '王妈妈')
    release(db, who)
    db.transact(story.said, '周日呢', who='liu_baba')

    async with workers(wecom, ReadyWriter()).running():
        await eventually(db, lambda: db.read(_statuses_of_drafts) == [DraftStatus.SENT, DraftStatus.PENDING])

    assert texts_on_the_phone_of(wecom, who) == ['您好，周六上午有课。']


async def test_no_file_is_fetched_while_the_disk_runs_full_and_what_waited_is_once_there_is_room(
    db: Database, wecom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = b'\xff\xd8\xff\xe0' + bytes(200)
    sent = hearing.Heard(
        channel=Channel.APP,
        external_userid='wang_mama',
        external_id='picture',
        kind='image',
        text='[图片]',
        sent_at=utc_now(),
        media_id=await asyncio.to_thread(media.upload, client_of(wecom), 'image', '报名表.jpg', picture),
        corp_id=wecom.credentials.corp_id,
    )
    db.transact(hearing.hear, [sent])
    disk = SimpleNamespace(total=1000, free=99)
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: disk)

    def file() -> MediaFile:
        return db.read(lambda session: session.scalars(select(MediaFile)).one())

    async with workers(wecom, ReadyWriter(), scarce=partial(storage.scarce, media_shelf.folder())).running():
        await eventually(db, lambda: file().last_error is not None)
        assert (file().status, file().attempts, file().last_error) == (MediaStatus.WAITING, 0, media_fetching.NO_ROOM)

        disk.free = 100
        await eventually(db, lambda: file().status is MediaStatus.KEPT)

    assert file().last_error is None


@pytest.mark.parametrize(
    ('fault', 'reason'),
    [
        (WritingFailed('timeout'), 'AI 没有在规定时间内答复，请人工回复或稍后重试。'),
        (RuntimeError('a bug'), '起草时程序出错，已记录。请人工回复。'),
    ],
)
async def test_a_writer_that_fails_leaves_the_turn_to_a_person(
    db: Database, wecom: Sandbox, fault: Exception, reason: str
) -> None:
    db.transact(story.said, '周六有课吗')

    async with workers(wecom, FailingWriter(fault)).running():
        await eventually(db, lambda: turn_statuses(db) == [TurnStatus.FAILED])

    assert db.read(lambda session: session.scalars(select(Turn.last_error)).all()) == [reason]
    assert db.read(_statuses_of_drafts) == []


async def test_who_writes_too_often_in_a_day_is_left_to_a_person(
    db: Database, wecom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, 'MOST_A_DAY', 1)
    db.transact(story.drafted)
    db.transact(story.said, '在吗')

    async with workers(wecom, ReadyWriter()).running():
        await eventually(db, lambda: turn_statuses(db) == [TurnStatus.DONE, TurnStatus.FAILED])

    assert db.read(_statuses_of_drafts) == [DraftStatus.SUPERSEDED]
    assert '请人工回复' in str(db.read(lambda session: session.scalars(select(Turn.last_error)).all()))


async def test_words_are_told_while_they_are_written_at_a_pace_for_the_eye_and_end_with_the_draft(
    db: Database, wecom: Sandbox
) -> None:
    conversation_id = db.transact(story.said, '周六有课吗').id
    told: list[tuple[float, str]] = []

    def hear(changed: int) -> None:
        told.append((time.monotonic(), live_words.so_far(changed)))

    signals.words_came.subscribe(hear)
    try:
        async with workers(wecom, TalkingWriter()).running():
            await eventually(db, lambda: db.read(_statuses_of_drafts) == [DraftStatus.PENDING])
    finally:
        signals.words_came.unsubscribe(hear)

    pauses = [later[0] - earlier[0] for earlier, later in itertools.pairwise(told)]
    assert len(told) >= 5
    assert min(pauses) >= 0.1
    assert [words for _, words in told] == sorted((words for _, words in told), key=len)
    assert live_words.so_far(conversation_id) == ''


async def test_a_stop_returns_what_is_being_written_at_once_however_many_writers_hang(
    db: Database, wecom: Sandbox
) -> None:
    for number in range(WRITERS + 4):
        db.transact(story.said, '周六有课吗', who=f'parent{number}')

    async with workers(wecom, HangingWriter()).running():
        await eventually(db, lambda: turn_statuses(db).count(TurnStatus.WRITING) == WRITERS)
        started = time.monotonic()

    assert time.monotonic() - started < 5
    found = db.read(lambda session: session.scalars(select(Turn)).all())
    assert {(turn.status, turn.attempts, turn.lost_leases) for turn in found} == {(TurnStatus.WAITING, 0, 0)}


@pytest.mark.parametrize('turns_of_the_loop', range(4))
async def test_a_stop_returns_what_was_claimed_just_as_it_came(
    db: Database, wecom: Sandbox, monkeypatch: pytest.MonkeyPatch, turns_of_the_loop: int
) -> None:
    db.transact(story.said, '周六有课吗', who='parent')
    claimed, claim_of_a_turn = asyncio.Event(), database.transact

    async def claim(work: Callable[..., object], /, *args: object, **named: object) -> object:
        found = await claim_of_a_turn(work, *args, **named)
        if work is turns.claim_next and found is not None:
            claimed.set()
            for _ in range(turns_of_the_loop):
                await asyncio.sleep(0)
        return found

    monkeypatch.setattr('console.workers.transact', claim)

    async with workers(wecom, HangingWriter()).running():
        await asyncio.wait_for(claimed.wait(), 20)

    assert turn_statuses(db) == [TurnStatus.WAITING]


async def test_who_waits_for_work_that_takes_long_is_not_stuck(
    db: Database, wecom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('console.workers.STALE', 0.8)
    for number in range(WRITERS + 1):
        db.transact(story.said, '周六有课吗', who=f'parent{number}')

    async with workers(wecom, HangingWriter()).running() as running:
        await eventually(db, lambda: turn_statuses(db).count(TurnStatus.WRITING) == WRITERS)
        await asyncio.sleep(1.2)
        assert 'write' not in running.stuck()


async def test_a_stop_waits_for_what_is_being_sent(db: Database, wecom: Sandbox) -> None:
    who = f'worker_b_{db.sqlite}'
    wecom.ensure_member(who, '王妈妈')
    release(db, who)
    wecom.delay_next(1.0)

    async with workers(wecom, ReadyWriter()).running():
        await eventually(db, lambda: db.read(_statuses_of_deliveries) == [DeliveryStatus.SENDING])

    assert db.read(_statuses_of_deliveries) == [DeliveryStatus.ACCEPTED]
    assert texts_on_the_phone_of(wecom, who) == ['您好，周六上午有课。']


async def test_what_wecom_said_long_ago_is_emptied(db: Database, wecom: Sandbox) -> None:
    long_ago = utc_now() - intake.REMEMBERED - timedelta(minutes=1)
    told = {'cipher_hash': 'a', 'dedup_key': 'a', 'corp_id': 'ww1', 'gate': 'ww1:wang', 'sealed': '在吗'}
    when = {'sent_at': long_ago, 'received_at': long_ago}
    db.transact(lambda session: session.add(ReceivedEvent(status=EventStatus.DONE, **told, **when)))

    async with workers(wecom, ReadyWriter()).running():
        await eventually(db, lambda: db.read(lambda session: session.scalars(select(ReceivedEvent.sealed)).one()) == '')


async def test_a_loop_whose_step_fails_goes_on(
    db: Database, wecom: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    who = f'worker_c_{db.sqlite}'
    wecom.ensure_member(who, '王妈妈')
    release(db, who)
    claim_next, failures = delivery_claims.claim_next, []

    def fail_twice(*given: object, **named: object) -> object:
        if len(failures) < 2:
            failures.append('failed')
            raise RuntimeError('a bug')
        return claim_next(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(delivery_claims, 'claim_next', fail_twice)
    with caplog.at_level(logging.ERROR):
        async with workers(wecom, ReadyWriter()).running():
            await eventually(db, lambda: db.read(_statuses_of_deliveries) == [DeliveryStatus.ACCEPTED])

    assert [record.message for record in caplog.records] == ['send failed; going on'] * 2


async def test_what_a_dead_process_held_is_taken_up_at_once(db: Database, wecom: Sandbox) -> None:
    db.transact(story.said, '周六有课吗')
    claim = db.transact(turns.claim_next)
    assert claim is not None

    db.if_alone(take_over)
    async with workers(wecom, ReadyWriter()).running():
        await eventually(db, lambda: db.read(_statuses_of_drafts) == [DraftStatus.PENDING])

    assert db.transact(drafts.propose, claim, story.proposal()) is None


def _statuses_of_drafts(session: Session) -> list[DraftStatus]:
    return list(session.scalars(select(Draft.status).order_by(Draft.id)))


def _statuses_of_deliveries(session: Session) -> list[DeliveryStatus]:
    return list(session.scalars(select(Delivery.status).order_by(Delivery.id)))
