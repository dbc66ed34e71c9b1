"""A model, a WeCom, a disk and an operator that misbehave."""

import os
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from models import DraftStatus, TurnStatus
from tests.conftest import ADMIN
from tests.desk import Desk, eventually
from tests.fakes.model import FakeModel
from tests.reliability.kills import Mouth
from tests.reliability.ledger import Approver, Place, agree, settled
from tests.server import ROOT
from tests.warm import WarmConsole

QUICK_ACK_MS = 1000
"""A callback is answered within this on a busy machine; WeCom waits five seconds."""


class Parent:
    """Somebody with a phone."""

    def __init__(self, place: Place, name: str) -> None:
        self.name = name
        self._wecom = place.wecom
        self._wecom.ensure_member(name, '家长')

    def says(self, text: str = '周六有课吗') -> None:
        """Acknowledged at the first try, and quickly."""
        push = self._wecom.say(self.name, text)
        assert [attempt.status for attempt in push.attempts] == [200]
        assert push.attempts[0].ms < QUICK_ACK_MS

    @property
    def phone(self) -> list[str]:
        return [entry.text for entry in self._wecom.phone(self.name) if entry.direction == 'in']


def approved(desk: Desk, parent: Parent, text: str) -> int:
    """Have a reply of this text released to this parent; the draft's id."""
    parent.says()
    draft = desk.draft_for(parent.name)
    desk.post(f'/drafts/{draft["id"]}/approve', version=draft['version'], content=text, confirm_reason='已核对')
    return int(draft['id'])


def arrives(parent: Parent, text: str, *, seconds: float = 20) -> None:
    eventually(lambda: parent.phone == [text], seconds=seconds)


def status_of(desk: Desk, draft_id: int) -> str:
    return str(desk.get(f'/drafts/{draft_id}')['status'])


@pytest.fixture(scope='module')
def channel(kind: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Place]:
    postgres = request.getfixturevalue('durable_postgres') if kind == 'postgresql' else None
    with Place(tmp_path_factory.mktemp('channel'), postgres) as place:
        yield place


@pytest.fixture(scope='module')
def sender(channel: Place) -> Iterator[WarmConsole]:
    """A console whose WeCom misbehaves in one test after the other."""
    with channel.console() as console:
        yield console


@pytest.fixture
def desk(sender: WarmConsole, channel: Place) -> Iterator[Desk]:
    desk = Desk.signed_in(sender.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
    yield desk
    channel.wecom.clear_faults()
    desk.close()


def test_an_expired_token_is_replaced_on_the_way(channel: Place, desk: Desk) -> None:
    parent = Parent(channel, 'token')
    channel.wecom.expire_tokens()
    before = len(channel.wecom.calls('gettoken'))

    draft_id = approved(desk, parent, '令牌过期也能收到。')

    arrives(parent, '令牌过期也能收到。')
    eventually(lambda: status_of(desk, draft_id) == 'sent')
    assert len(channel.wecom.calls('gettoken')) <= before + 1


def test_an_answer_that_is_lost_makes_no_second_message(channel: Place, desk: Desk) -> None:
    parent = Parent(channel, 'lost_answer')
    channel.wecom.accept_then_drop_answer(times=2)

    draft_id = approved(desk, parent, '只有一条。')

    eventually(lambda: status_of(desk, draft_id) == 'sent', seconds=30)
    assert parent.phone == ['只有一条。']
    bodies = [call.body for call in channel.wecom.calls('message/send') if b'"lost_answer"' in call.body]
    assert len(bodies) == 3
    assert len(set(bodies)) == 1


def test_a_gateway_page_instead_of_an_answer_is_tried_again(channel: Place, desk: Desk) -> None:
    parent = Parent(channel, 'gateway')
    channel.wecom.fail_next(0, http_status=502)

    approved(desk, parent, '过一会儿就好了。')

    arrives(parent, '过一会儿就好了。')


@pytest.mark.parametrize('gone', ['refused', 'left'])
def test_a_member_wecom_cannot_reach_is_a_failure_with_its_reason_in_chinese(
    channel: Place, desk: Desk, gone: str
) -> None:
    parent = Parent(channel, f'gone_{gone}')
    parent.says()
    draft = desk.draft_for(parent.name)
    if gone == 'refused':
        channel.wecom.fail_next(81013)
    else:
        channel.wecom.ensure_member(parent.name, '家长', outsider=True)

    desk.post(f'/drafts/{draft["id"]}/approve', version=draft['version'], content='在吗。', confirm_reason='已核对')

    eventually(lambda: status_of(desk, draft['id']) == 'failed')
    reason = desk.get(f'/drafts/{draft["id"]}')['reason']
    assert any('\u4e00' <= character <= '\u9fff' for character in reason)
    assert '81013' in reason


@pytest.mark.parametrize(('errcode', 'word'), [(45009, '频繁'), (60020, 'IP')])
def test_what_is_not_the_messages_fault_only_delays_it_and_says_why(
    channel: Place, desk: Desk, sender: WarmConsole, errcode: int, word: str
) -> None:
    parent, other = Parent(channel, f'paused_{errcode}'), Parent(channel, f'beside_{errcode}')
    channel.wecom.fail_next(errcode)

    draft_id = approved(desk, parent, '晚一点。')
    part = eventually(lambda: channel.records(sender).waiting_part(draft_id, errcode))

    assert part.attempts == 0
    assert word in part.last_error
    assert status_of(desk, draft_id) == 'sending'
    assert parent.phone == []
    assert any(word in text for text in channel.records(sender).open_alerts())
    approved(desk, other, '您的没有耽误。')
    arrives(other, '您的没有耽误。')


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with FakeModel() as model:
        yield model


@contextmanager
def answered_by(model: FakeModel, place: Place) -> Iterator[tuple[WarmConsole, Desk]]:
    settings = {'DEEPSEEK_API_URL': model.url, 'DEEPSEEK_API_KEY': 'a-key-of-the-tests', 'DEEPSEEK_MODEL': 'fake'}
    with place.console(settings) as console:
        desk = Desk.signed_in(console.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
        try:
            yield console, desk
        finally:
            desk.close()
            model.closing.set()  # a hanging model would hold up the end


def test_what_the_model_says_badly_is_never_a_draft_and_the_conversation_says_so(
    place: Place, model: FakeModel
) -> None:
    bad = ['empty', 'broken_json', 'length', 'content_filter', 'html', 'nonsense']
    with answered_by(model, place) as (console, desk):
        records = place.records(console)
        for number, mode in enumerate(bad, 1):
            model.mode = mode
            Parent(place, f'bad_{mode}').says()
            eventually(lambda number=number: records.turns(TurnStatus.FAILED) == number, seconds=30)
        assert desk.get('/drafts')['items'] == []
        assert all('\u4e00' <= reason[0] <= '\u9fff' or reason.startswith('AI') for reason in records.failures())

        model.mode = 'ok'
        Parent(place, 'good').says()
        draft = desk.draft_for('good')
        assert (draft['content'], draft['writer']) == (model.reply, 'AI 模型')


def test_a_refused_key_is_not_tried_again_and_people_are_asked(place: Place, model: FakeModel) -> None:
    model.mode, model.status = 'error', 401
    with answered_by(model, place) as (console, desk):
        records = place.records(console)
        for number in range(3):
            Parent(place, f'key_{number}').says()
            eventually(lambda number=number: records.turns(TurnStatus.FAILED) == number + 1)

        assert model.count == 1
        assert desk.get('/drafts')['items'] == []
        assert any('DEEPSEEK_API_KEY' in reason for reason in records.failures())


def test_a_model_that_hangs_breaks_off_or_errs_holds_nobody_up(place: Place, model: FakeModel) -> None:
    trouble = ['hang', 'keepalive', 'cut', 'error']
    model.script.extend(trouble)
    with answered_by(model, place) as (console, desk):
        for number, _ in enumerate(trouble):
            Parent(place, f'stuck_{number}').says()
        eventually(lambda: model.count >= len(trouble), seconds=30)

        started = time.monotonic()
        Parent(place, 'free').says()
        assert desk.draft_for('free')['content'] == model.reply
        assert time.monotonic() - started < 10
        records = place.records(console)
        eventually(lambda: not records.unfinished_turns(), seconds=75)
        pending = desk.get('/drafts', {'status': 'pending', 'limit': 100})['items']
        assert {draft['content'] for draft in pending} == {model.reply}
        assert len(pending) + records.turns(TurnStatus.FAILED) == len(trouble) + 1


def test_a_stop_while_the_model_hangs_is_quick_and_the_next_start_writes(place: Place, model: FakeModel) -> None:
    model.mode = 'hang'
    with answered_by(model, place) as (console, desk):
        for number in range(12):
            Parent(place, f'patient_{number}').says()
        eventually(lambda: model.at_once >= 8, seconds=20)

        started = time.monotonic()
        assert console.terminate() == 0
        assert time.monotonic() - started < 10

        model.mode = 'ok'
        console.start()
        eventually(lambda: len(desk.get('/drafts', {'status': 'pending', 'limit': 100})['items']) == 12, seconds=30)


def test_a_stop_under_load_ends_well_and_loses_nothing(place: Place) -> None:
    with place.console() as console:
        approver = Approver.at(console)
        mouths = [Mouth(place, number) for number in range(2)]
        stop = threading.Event()
        approving = threading.Thread(target=_approve_until, args=(approver, stop))
        for thread in (*mouths, approving):
            thread.start()
        try:
            for _ in range(5):
                time.sleep(1.5)
                started = time.monotonic()
                assert console.terminate() == 0
                assert time.monotonic() - started < 25
                console.start()
            for mouth in mouths:
                mouth.silent.set()
                mouth.join()
            settled(console, place.records(console))
        finally:
            for mouth in mouths:
                mouth.silent.set()
                mouth.join()
            stop.set()
            approving.join()
            approver.desk.close()
        acknowledged = {parent: lines for mouth in mouths for parent, lines in mouth.acknowledged.items()}
        agree(place.wecom, place.records(console), approver, acknowledged)
        assert 'are done again' not in console.log()


def test_a_second_signal_ends_it_at_once(place: Place) -> None:
    with place.console() as console:
        parent = Parent(place, 'slow')
        desk = Desk.signed_in(console.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
        place.wecom.delay_next(5)
        approved(desk, parent, '慢慢来。')
        desk.close()
        eventually(lambda: place.wecom.calls('gettoken'))
        time.sleep(0.3)
        process = console.process
        assert process is not None

        process.terminate()
        time.sleep(0.5)
        process.terminate()

        assert console.wait_for_death(2) == 128 + 15
        console.start()
        arrives(parent, '慢慢来。')


@pytest.mark.parametrize('kind', ['sqlite'], indirect=True)
def test_a_second_console_on_the_same_file_is_refused_and_the_first_goes_on(place: Place) -> None:
    with place.console() as console:
        environment = {'PATH': os.defpath, 'HOME': str(console.directory), 'DATA_DIR': str(console.data), 'PORT': '1'}

        second = subprocess.run(
            [sys.executable, ROOT / 'run.py'], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

        assert second.returncode == 3
        assert '正被另一个进程使用' in second.stderr
        Parent(place, 'first').says()
        assert console.ready()


@contextmanager
def locked(console: WarmConsole, place: Place) -> Iterator[None]:
    """Somebody else writes to the database and does not come to an end."""
    if place.url:
        other = psycopg2.connect(place.url)
        other.cursor().execute('LOCK TABLE received_event IN EXCLUSIVE MODE')
    else:
        other = sqlite3.connect(console.data / 'edudesk.sqlite3', isolation_level=None, check_same_thread=False)
        other.execute('BEGIN IMMEDIATE')
    try:
        yield
    finally:
        other.rollback()
        other.close()


def test_while_somebody_else_holds_the_database_messages_wait_and_none_is_lost(place: Place) -> None:
    with place.console() as console:
        parents = [f'waiting_{number}' for number in range(10)]
        for parent in parents:
            place.wecom.ensure_member(parent, '家长')
        pushes = {}

        def say(parent: str) -> None:
            pushes[parent] = place.wecom.say(parent, '周六有课吗')

        threads = [threading.Thread(target=say, args=(parent,)) for parent in parents]
        with locked(console, place):
            for thread in threads:
                thread.start()
            time.sleep(3)
            assert pushes == {}
        for thread in threads:
            thread.join()

        assert [[attempt.status for attempt in pushes[parent].attempts] for parent in parents] == [[200]] * 10
        records = place.records(console)
        eventually(lambda: records.heard() == {parent: ['周六有课吗'] for parent in parents})


@pytest.mark.parametrize('kind', ['sqlite'], indirect=True)
def test_on_a_full_disk_nothing_acknowledged_is_lost_and_all_goes_on_when_there_is_room(place: Place) -> None:
    with place.console(allowed_errors=['']) as console:
        approver = Approver.at(console)
        mouths = [Mouth(place, number) for number in range(2)]
        assert console.process is not None
        size = (console.data / 'edudesk.sqlite3-wal').stat().st_size
        resource.prlimit(console.process.pid, resource.RLIMIT_FSIZE, (size + 300_000, resource.RLIM_INFINITY))
        for mouth in mouths:
            mouth.start()
        eventually(lambda: 'disk' in console.log(), seconds=60)
        time.sleep(1)
        assert console.process.poll() is None

        resource.prlimit(console.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        for mouth in mouths:
            mouth.silent.set()
            mouth.join()
        records = place.records(console)
        stop = threading.Event()
        approving = threading.Thread(target=_approve_until, args=(approver, stop))
        approving.start()
        try:
            settled(console, records)
        finally:
            stop.set()
            approving.join()
            approver.desk.close()
        approver.refusals.clear()
        acknowledged = {parent: lines for mouth in mouths for parent, lines in mouth.acknowledged.items()}
        agree(place.wecom, records, approver, acknowledged)
        assert _integrity(console.data / 'edudesk.sqlite3') == 'ok'
        assert DraftStatus.SENT in {draft.status for draft in records.released()}


def _integrity(path: Path) -> str:
    with sqlite3.connect(path) as file:
        return str(file.execute('PRAGMA integrity_check').fetchone()[0])


def _approve_until(approver: Approver, stop: threading.Event) -> None:
    while not stop.wait(0.1):
        approver.go_round()
