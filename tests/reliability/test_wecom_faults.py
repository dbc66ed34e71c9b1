"""What becomes of an approved reply when WeCom refuses, lies or is not there: in the database, and on the phone."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console import alerts, conversations, deliveries, delivery_attempts, delivery_claims, draft_decisions
from console.calendar import SCHOOL_TIME
from console.channels import Channels, WeComApp
from console.database import Database
from console.rests import rest
from console.sandbox import Sandbox
from console.wecom.client import WeComClient
from console.wecom.crypto import CallbackCrypto
from models import Alert, Author, Channel, Delivery, DeliveryStatus, Direction, Draft, DraftStatus, utc_now
from tests import story
from tests.sandbox.receiver import CREDENTIALS
from tests.wecom.asking import Clock, client_of
from tests.wecom.fake_api import FakeApi, Raw, serving
from tests.wecom.test_reaching_wecom import self_signed

REPLY = '您好，周六上午有课。'
OK = {'errcode': 0, 'errmsg': 'ok', 'msgid': 'm1'}
EXPIRED = {'errcode': 42001, 'errmsg': 'access_token expired'}
BUSY = {'errcode': -1, 'errmsg': 'system busy'}
MINUTE = timedelta(minutes=1)


@dataclass(kw_only=True)
class Sender:
    """The console's sender without a server. `api` is its WeCom where a test writes the answers itself."""

    db: Database
    client: WeComClient
    clock: Clock = field(default_factory=Clock)

    def released(self, who: str = 'wang_mama', text: str = REPLY) -> Draft:
        by, draft = self.db.transact(story.member), self.db.transact(story.drafted, text, who=who)
        return self.db.transact(
            draft_decisions.approve, draft.id, version=1, by=by.id, undo=story.NOW, confirm_reason='已核对'
        )

    def sends(self) -> None:
        """Everything that is due, once each."""
        crypto = CallbackCrypto(CREDENTIALS.token, CREDENTIALS.encoding_aes_key, CREDENTIALS.corp_id)
        channels = Channels([WeComApp(channel=Channel.APP, crypto=crypto, client=self.client)])
        while claim := self.db.transact(delivery_claims.claim_next, channels.freeze):
            assert self.db.transact(delivery_attempts.record, claim, channels.attempt(claim))

    def sends_later(self) -> None:
        """The pauses are over."""
        self.db.transact(lambda session: session.execute(update(Delivery).values(due_at=utc_now())))
        self.sends()

    def parts(self) -> list[Delivery]:
        return list(self.db.read(lambda session: session.scalars(select(Delivery).order_by(Delivery.id)).all()))

    @property
    def part(self) -> Delivery:
        [only] = self.parts()
        return only

    @property
    def draft(self) -> Draft:
        return self.db.read(lambda session: session.scalars(select(Draft).order_by(Draft.id.desc()).limit(1)).one())

    @property
    def banners(self) -> list[str]:
        return [alert.text for alert in self.db.read(alerts.open_alerts)]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving() as api:
        yield api


@pytest.fixture
def sender(db: Database, api: FakeApi) -> Sender:
    clock = Clock()
    return Sender(db=db, client=client_of(api.base_url, clock), clock=clock)


@pytest.fixture
def wecom() -> Iterator[Sandbox]:
    sandbox = Sandbox(':memory:', **asdict(CREDENTIALS))
    sandbox.start()
    sandbox.ensure_member('wang_mama', '王妈妈')
    yield sandbox
    sandbox.stop()


@pytest.fixture
def to_sandbox(db: Database, wecom: Sandbox) -> Sender:
    given = CREDENTIALS
    return Sender(db=db, client=WeComClient(given.corp_id, given.agent_id, given.secret, wecom.api_base_url))


def phone(wecom: Sandbox) -> list[str]:
    return [entry.text for entry in wecom.phone('wang_mama') if entry.direction == 'in']


def test_a_token_that_stays_bad_costs_two_requests_and_then_patience(sender: Sender, api: FakeApi) -> None:
    api.answers('message/send', EXPIRED)
    sender.released()
    sender.sends()

    assert len(api.asked_for('message/send')) == len(api.asked_for('gettoken')) == 2
    assert (sender.part.status, sender.part.attempts) == (DeliveryStatus.READY, 1)
    assert sender.part.due_at > utc_now()

    api.answers('message/send', EXPIRED, OK)
    sender.sends_later()
    assert (sender.part.status, sender.part.attempts) == (DeliveryStatus.ACCEPTED, 2)
    assert len({asked.body for asked in api.asked_for('message/send')}) == 1


def test_a_wrong_secret_is_asked_with_once_said_aloud_and_costs_nothing_once_mended(
    sender: Sender, api: FakeApi
) -> None:
    api.answers('gettoken', {'errcode': 40001, 'errmsg': 'invalid credential'})
    for number in range(3):
        sender.released(f'parent{number}')
    sender.sends()
    sender.sends_later()

    assert len(api.asked_for('gettoken')) == 1
    assert {(part.status, part.attempts) for part in sender.parts()} == {(DeliveryStatus.READY, 0)}
    assert ['40001' in banner for banner in sender.banners] == [True]

    api.answers('gettoken', {'errcode': 0, 'access_token': 'good', 'expires_in': 7200})
    sender.clock.now += 601
    sender.sends_later()
    assert {part.status for part in sender.parts()} == {DeliveryStatus.ACCEPTED}
    assert sender.banners == []


def test_too_many_calls_are_answered_with_longer_and_longer_rests_and_nothing_is_lost(
    sender: Sender, api: FakeApi
) -> None:
    api.answers('message/send', {'errcode': 45009, 'errmsg': 'api freq out of limit'})
    sender.released()
    rests = []
    for lasting in (0, 2, 10):
        sender.db.transact(
            lambda session, lasting=lasting: session.execute(
                update(Alert).values(raised_at=utc_now() - lasting * MINUTE)
            )
        )
        sender.sends_later()
        rests.append(round((sender.part.due_at - utc_now()) / MINUTE))
    assert rests == [1, 5, 60]

    sender.db.transact(
        lambda session: session.execute(update(Delivery).values(first_attempt_at=utc_now() - timedelta(hours=9)))
    )
    sender.sends_later()
    assert (sender.part.status, sender.part.attempts) == (DeliveryStatus.READY, 0)
    api.answers('message/send', OK)
    sender.sends_later()
    assert sender.draft.status is DraftStatus.SENT
    assert sender.banners == []


@pytest.mark.parametrize('hour', [0, 12, 23])
def test_a_day_that_is_used_up_is_over_five_minutes_after_midnight_in_china(hour: int) -> None:
    there = datetime.fromisoformat(f'2026-11-24T{hour:02}:30:00+00:00')
    now = there - SCHOOL_TIME

    over = now + rest(now, now - timedelta(hours=2)) + SCHOOL_TIME

    assert over.isoformat() == '2026-11-25T00:05:00+00:00'


def test_an_address_wecom_does_not_trust_is_named_and_all_goes_on_once_it_does(
    to_sandbox: Sender, wecom: Sandbox
) -> None:
    wecom.admin.trust_ips(['203.0.113.9'])
    to_sandbox.released()
    to_sandbox.sends()

    assert (to_sandbox.part.status, to_sandbox.part.attempts) == (DeliveryStatus.READY, 0)
    assert ['127.0.0.1' in banner for banner in to_sandbox.banners] == [True]
    assert 0 < (to_sandbox.part.due_at - utc_now()).total_seconds() <= 300

    wecom.admin.trust_ips(None)
    to_sandbox.sends_later()
    assert phone(wecom) == [REPLY]
    assert to_sandbox.banners == []


@pytest.mark.parametrize(
    ('refusals', 'status', 'asked'), [(3, DeliveryStatus.ACCEPTED, 4), (99, DeliveryStatus.DEAD, 4)]
)
def test_a_busy_wecom_is_asked_again_three_times(
    sender: Sender, api: FakeApi, refusals: int, status: DeliveryStatus, asked: int
) -> None:
    api.answers('message/send', *[BUSY] * refusals, OK)
    sender.released()
    for _ in range(9):
        sender.sends_later()

    assert sender.part.status is status
    assert len(api.asked_for('message/send')) == asked
    if status is DeliveryStatus.DEAD:
        assert '企业微信繁忙' in (sender.draft.reason or '')


@pytest.mark.parametrize('trouble', ['name', 'port', 'certificate', 'gateway'])
def test_a_wecom_out_of_reach_is_tried_again_and_never_trusted_blindly(
    sender: Sender, api: FakeApi, trouble: str, tmp_path: Path
) -> None:
    good = sender.client
    with serving(self_signed(tmp_path) if trouble == 'certificate' else None) as other:
        other.answers('message/send', Raw(b'<html>Bad Gateway</html>', status=502))
        there = {'name': 'http://wecom.invalid/cgi-bin/', 'port': 'http://127.0.0.1:9/cgi-bin/'}
        sender.client = client_of(there.get(trouble, other.base_url), Clock())
        sender.released()
        sender.sends()

    assert bool(other.asked) is (trouble == 'gateway')
    assert (sender.part.status, sender.part.attempts) == (DeliveryStatus.READY, 1)
    assert sender.part.maybe_sent is (trouble == 'gateway')

    sender.client = good
    sender.sends_later()
    assert sender.draft.status is DraftStatus.SENT
    assert len(api.asked_for('message/send')) == 1


@pytest.mark.parametrize(
    ('answer', 'status'),
    [
        (Raw(b'<html>login</html>'), DeliveryStatus.UNCERTAIN),
        ({}, DeliveryStatus.DEAD),
        ({'errmsg': 'ok', 'msgid': 'm1'}, DeliveryStatus.DEAD),
        ({'errcode': 'x'}, DeliveryStatus.DEAD),
        ({'errcode': '81013', 'errmsg': 'no'}, DeliveryStatus.DEAD),
        ({'errcode': '0', 'errmsg': 'ok'}, DeliveryStatus.ACCEPTED),
    ],
    ids=['html', 'empty', 'no errcode', 'no number', 'number as text', 'nought as text'],
)
def test_only_what_says_success_is_one_and_a_person_hears_of_the_rest(
    sender: Sender, api: FakeApi, answer: dict[str, Any] | Raw, status: DeliveryStatus
) -> None:
    api.answers('message/send', answer)
    sender.released()
    for _ in range(10):
        sender.sends_later()

    assert sender.part.status is status
    if status is not DeliveryStatus.ACCEPTED:
        assert sender.draft.status is DraftStatus.FAILED
        assert sender.draft.reason
        assert sender.banners


def a_hundred_released(session: Session) -> list[str]:
    """So many short messages to one member, released together."""
    conversation = story.said(session, '周六有课吗')
    texts = [f'第{number}条。' for number in range(100)]
    message = conversations.add_message(
        session, conversation, direction=Direction.OUT, author=Author.STAFF, staff_id=None, text=''.join(texts)
    )
    deliveries.queue(session, conversation, message, texts, draft=None, due_in=story.NOW)
    return texts


def a_minute_passes(session: Session) -> None:
    for part in session.scalars(select(Delivery)):
        if part.finished_at is not None:
            part.finished_at -= timedelta(seconds=61)


def test_a_hundred_messages_to_one_member_all_reach_the_phone(to_sandbox: Sender, wecom: Sandbox) -> None:
    texts = to_sandbox.db.transact(a_hundred_released)
    for _ in range(4):
        to_sandbox.sends_later()
        wecom.advance_clock(61)
        to_sandbox.db.transact(a_minute_passes)

    assert phone(wecom) == texts
    assert {part.attempts for part in to_sandbox.parts()} == {1}
