import asyncio
import json
import logging
from collections.abc import Iterator

import pytest

from console import alerts
from console.announcer import Announcer
from console.database import Database
from console.watch import Watch
from console.wecom import robot
from tests.wecom.fake_api import FakeApi, Raw, serving

KEY = 'c1c5b1b2-0f5e-4b7c-8d6a-robot-key'


@pytest.fixture
def group() -> Iterator[FakeApi]:
    """The robot's side: what it was told is in `asked`."""
    with serving() as api:
        yield api


@pytest.fixture
def announcer(group: FakeApi) -> Announcer:
    return Announcer(f'{group.base_url}webhook/send?key={KEY}')


def told(group: FakeApi) -> list[str]:
    return [json.loads(asked.body)['text']['content'] for asked in group.asked_for('webhook/send')]


async def test_an_alert_is_told_once_and_so_is_its_end(db: Database, group: FakeApi, announcer: Announcer) -> None:
    db.transact(alerts.raise_alert, 'disk', '磁盘快满了。')
    for _ in range(2):
        await announcer.announce()
    db.transact(alerts.clear, 'disk')
    for _ in range(2):
        await announcer.announce()

    assert told(group) == ['【EduDesk】磁盘快满了。', '【EduDesk】已解除：磁盘快满了。']


async def test_of_two_servers_one_tells(db: Database, group: FakeApi, announcer: Announcer) -> None:
    other = Announcer(f'{group.base_url}webhook/send?key={KEY}')
    group.answers('webhook/send', Raw(b'{"errcode":0,"errmsg":"ok"}', after=0.3))
    db.transact(alerts.raise_alert, 'disk', '磁盘快满了。')
    await asyncio.gather(announcer.announce(), other.announce())
    await other.announce()

    assert told(group) == ['【EduDesk】磁盘快满了。']


async def test_trouble_that_was_over_before_anyone_was_told_is_not_told(
    db: Database, group: FakeApi, announcer: Announcer
) -> None:
    db.transact(alerts.raise_alert, 'disk', '磁盘快满了。')
    db.transact(alerts.clear, 'disk')
    await announcer.announce()

    assert told(group) == []


async def test_more_alerts_than_fit_are_told_whole_in_the_next_message(
    db: Database, group: FakeApi, announcer: Announcer
) -> None:
    for number in range(8):
        db.transact(alerts.raise_alert, f'kind{number}', f'{number}' + '长' * 250)
    for _ in range(5):
        await announcer.announce()

    assert all(len(text.encode()) <= robot.LONGEST_TEXT for text in told(group))
    assert sum(text.count('【EduDesk】') for text in told(group)) == 8
    assert all(len(line) == 260 for text in told(group) for line in text.split('\n'))


@pytest.mark.parametrize('refusal', [(45009, '频繁'), (93000, '机器人')])
async def test_a_refusal_is_respected_and_its_key_never_logged(
    db: Database, group: FakeApi, announcer: Announcer, caplog: pytest.LogCaptureFixture, refusal: tuple[int, str]
) -> None:
    errcode, said = refusal
    caplog.set_level(logging.DEBUG)
    group.answers('webhook/send', {'errcode': errcode, 'errmsg': f'invalid key {KEY}'})
    db.transact(alerts.raise_alert, 'disk', '磁盘快满了。')
    for _ in range(3):
        await announcer.announce()

    assert len(told(group)) == 1
    assert said in announcer.trouble
    assert str(errcode) in announcer.trouble
    assert KEY not in caplog.text + announcer.trouble


async def test_a_robot_out_of_reach_is_told_later_and_its_key_never_logged(
    db: Database, group: FakeApi, announcer: Announcer, caplog: pytest.LogCaptureFixture
) -> None:
    away = Announcer(f'http://127.0.0.1:1/cgi-bin/webhook/send?key={KEY}')
    db.transact(alerts.raise_alert, 'disk', '磁盘快满了。')
    await away.announce()
    await announcer.announce()

    assert told(group) == ['【EduDesk】磁盘快满了。']
    assert '连不上' in away.trouble
    assert KEY not in caplog.text + away.trouble


async def test_what_is_watched_for_is_raised_once_and_cleared_when_it_is_over(db: Database) -> None:
    trouble: list[str | None] = [None]
    watch = Watch({'model': lambda: trouble[0]})
    db.transact(alerts.raise_alert, 'model', '上一次运行时的。')
    await watch.look()
    assert db.read(alerts.open_alerts) == []

    trouble[0] = '大模型没有应答。'
    for _ in range(3):
        await watch.look()
    [alert] = db.read(alerts.open_alerts)
    assert (alert.kind, alert.text, alert.count) == ('model', '大模型没有应答。', 1)

    trouble[0] = None
    await watch.look()
    assert db.read(alerts.open_alerts) == []
