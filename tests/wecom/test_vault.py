"""Two clients on one database stand for two processes: each has a memory of its own, and only the rows in common."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from console import crypto
from console.database import Database
from console.wecom.client import WeComClient
from console.wecom.refusals import RefusalKind
from console.wecom_secrets import DatabaseVault
from models import WeComSecret, utc_now
from tests.wecom.asking import Clock, refused, unreached
from tests.wecom.fake_api import SECRET, FakeApi, Raw

OK = {'errcode': 0, 'errmsg': 'ok'}
EXPIRED = {'errcode': 42001, 'errmsg': 'access_token expired'}
WRONG_SECRET = {'errcode': 40001, 'errmsg': 'invalid credential'}


@pytest.fixture
def processes(db: Database, api: FakeApi, clock: Clock) -> list[WeComClient]:
    return [another(api, clock) for _ in range(2)]


def another(api: FakeApi, clock: Clock, *, secret: str = SECRET) -> WeComClient:
    return WeComClient('ww1', 1000002, secret, api.base_url, clock=clock, vault=DatabaseVault())


def test_a_hundred_threads_of_two_processes_with_an_expired_token_fetch_one(
    api: FakeApi, processes: list[WeComClient]
) -> None:
    for process in processes:
        process.get('user/get')
    assert len(api.asked_for('gettoken')) == 1
    api.current_token = 'another'
    api.token_delay = 0.3
    together = threading.Barrier(100)

    def call(number: int) -> int:
        together.wait()
        return processes[number % 2].get('user/get')['errcode']

    with ThreadPoolExecutor(100) as threads:
        assert set(threads.map(call, range(100))) == {0}

    assert len(api.asked_for('gettoken')) == 1 + 1


def test_a_process_that_starts_finds_the_token_of_the_one_before(
    api: FakeApi, processes: list[WeComClient], clock: Clock
) -> None:
    processes[0].get('user/get')
    another(api, clock).get('user/get')
    assert len(api.asked_for('gettoken')) == 1


def test_both_tickets_are_shared_and_never_taken_for_one_another(api: FakeApi, processes: list[WeComClient]) -> None:
    api.answers('get_jsapi_ticket', {**OK, 'ticket': 'of the corp', 'expires_in': 7200})
    api.answers('ticket/get', {**OK, 'ticket': 'of the app', 'expires_in': 7200})
    for process in processes:
        assert [process.ticket('corp'), process.ticket('agent')] == ['of the corp', 'of the app']
    assert [len(api.asked_for(path)) for path in ('gettoken', 'get_jsapi_ticket', 'ticket/get')] == [1, 1, 1]


def test_a_token_found_bad_by_one_is_replaced_for_all(api: FakeApi, processes: list[WeComClient]) -> None:
    for process in processes:
        process.get('user/get')
    api.current_token = 'another'
    for process in processes:
        process.get('user/get')
    sent = [asked.query['access_token'] for asked in api.asked_for('user/get')]
    assert sent == ['token-1', 'token-1', 'token-1', 'token-2', 'token-1', 'token-2']
    assert len(api.asked_for('gettoken')) == 2


def test_a_token_that_stays_bad_costs_each_process_two_sends(api: FakeApi, processes: list[WeComClient]) -> None:
    api.answers('message/send', EXPIRED)
    for process in processes:
        assert refused(process.post, 'message/send', {}).kind is RefusalKind.TOKEN
    assert len(api.asked_for('message/send')) == 4


def test_a_wrong_secret_bars_every_process_also_after_a_restart(
    api: FakeApi, processes: list[WeComClient], clock: Clock
) -> None:
    api.answers('gettoken', WRONG_SECRET)
    for process in [*processes, another(api, clock)]:
        for _ in range(3):
            assert refused(process.get, 'user/get').kind is RefusalKind.CREDENTIAL
    assert len(api.asked_for('gettoken')) == 1
    assert not api.asked_for('user/get')


def test_the_bar_ends_after_ten_minutes(api: FakeApi, processes: list[WeComClient], clock: Clock, db: Database) -> None:
    api.answers('gettoken', WRONG_SECRET, {**OK, 'access_token': 'good', 'expires_in': 7200})
    refused(processes[0].get, 'user/get')
    later(db, timedelta(seconds=590))
    refused(processes[1].get, 'user/get')
    later(db, timedelta(seconds=11))
    assert processes[1].get('user/get')['errcode'] == 0
    assert len(api.asked_for('gettoken')) == 2


def test_another_secret_is_not_barred(api: FakeApi, processes: list[WeComClient], clock: Clock) -> None:
    api.answers('gettoken', WRONG_SECRET, {**OK, 'access_token': 'good', 'expires_in': 7200})
    refused(processes[0].get, 'user/get')
    assert another(api, clock, secret='the corrected one').get('user/get')['errcode'] == 0


def test_a_secret_refused_in_a_call_bars_the_others_too(api: FakeApi, processes: list[WeComClient]) -> None:
    api.answers('user/get', WRONG_SECRET)
    assert refused(processes[0].get, 'user/get').kind is RefusalKind.CREDENTIAL
    assert refused(processes[1].get, 'user/get').kind is RefusalKind.CREDENTIAL
    assert len(api.asked_for('user/get')) == 1
    assert len(api.asked_for('gettoken')) == 1


def test_who_fetched_in_vain_leaves_the_turn_to_the_next(api: FakeApi, processes: list[WeComClient]) -> None:
    api.answers('gettoken', Raw(status=502), {**OK, 'access_token': 'good', 'expires_in': 7200})
    assert not unreached(processes[0].get, 'user/get').sent_maybe
    assert processes[1].get('user/get')['errcode'] == 0


def test_a_process_that_died_while_asking_holds_nobody_up_beyond_its_lease(
    api: FakeApi, processes: list[WeComClient], db: Database
) -> None:
    processes[0].get('user/get')
    db.transact(
        lambda session: session.execute(
            update(WeComSecret).values(value_sealed=None, fetching_until=utc_now() + timedelta(seconds=0.5))
        )
    )
    assert processes[1].get('user/get')['errcode'] == 0
    assert len(api.asked_for('gettoken')) == 2


def test_a_token_is_shared_no_longer_than_it_is_good(api: FakeApi, processes: list[WeComClient], db: Database) -> None:
    processes[0].get('user/get')
    later(db, timedelta(seconds=6901))
    processes[1].get('user/get')
    assert len(api.asked_for('gettoken')) == 2


def test_no_row_tells_the_secret_or_the_token(api: FakeApi, processes: list[WeComClient], db: Database) -> None:
    processes[0].get('user/get')
    row = db.read(lambda session: session.scalars(select(WeComSecret)).one())
    assert not [word for word in (SECRET, 'token-1', 'ww1') if word in row.name]
    assert 'token-1' not in (row.value_sealed or '')
    assert row.fetching_until is None


def test_what_belonged_to_a_secret_before_is_forgotten(
    api: FakeApi, processes: list[WeComClient], db: Database, clock: Clock
) -> None:
    processes[0].get('user/get')
    db.transact(lambda session: session.execute(update(WeComSecret).values(fetched_at=utc_now() - timedelta(days=8))))
    another(api, clock, secret='the next one').get('user/get')
    assert len(db.read(lambda session: session.scalars(select(WeComSecret)).all())) == 1


def test_a_value_sealed_with_a_lost_key_is_fetched_anew(
    api: FakeApi, processes: list[WeComClient], db: Database
) -> None:
    processes[0].get('user/get')
    crypto.use_keys('another key that is long enough too')
    processes[1].get('user/get')
    assert len(api.asked_for('gettoken')) == 2


def test_without_the_database_each_process_keeps_its_own(
    api: FakeApi, processes: list[WeComClient], db: Database
) -> None:
    for engine in {db.engine, db.read_engine}:
        event.listen(engine, 'before_cursor_execute', gone)
    try:
        for _ in range(3):
            for process in processes:
                process.get('user/get')
    finally:
        for engine in {db.engine, db.read_engine}:
            event.remove(engine, 'before_cursor_execute', gone)
    assert len(api.asked_for('gettoken')) == 2


def gone(*_: object) -> None:
    raise OperationalError('SELECT', {}, Exception('the disk is gone'))


def later(db: Database, passed: timedelta) -> None:
    """As if so much time had passed since."""

    def age(session: Session) -> None:
        for row in session.scalars(select(WeComSecret)):
            for name in ('good_until', 'barred_until', 'fetching_until'):
                moment = getattr(row, name)
                setattr(row, name, moment and moment - passed)

    db.transact(age)
