from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console import alerts, deliveries, delivery_claims, failed_work, intake, jobs, turns
from console.database import Database
from console.errors import Conflict, NotAllowed
from console.failed_work import Failed, Kind
from models import (
    AuditEntry,
    Delivery,
    DeliveryStatus,
    EventStatus,
    JobStatus,
    MediaFile,
    MediaStatus,
    Message,
    Role,
    Staff,
    TurnStatus,
    utc_now,
)
from tests import story
from tests.console.test_deliveries import REFUSED, claimed, end, freeze, released
from tests.console.test_intake import arrival, heard, statuses, store, understand

PHONE = '13800138000'


@pytest.fixture
def head(db: Database) -> Staff:
    return db.transact(story.member, Role.ADMIN, '王校长')


def listed(db: Database, kind: Kind, by: Staff, **how: int) -> list[Failed]:
    return db.read(failed_work.page, kind, by=by.id, **how)


def kept_apart(db: Database, text: str = '迟到的话', **how: str) -> None:
    store(db, arrival(text, fresh=False, **how))


def parked(db: Database) -> None:
    store(db, arrival('poison'))
    for _ in range(intake.MOST_ATTEMPTS):
        understand(db)


def test_a_message_kept_apart_is_understood_when_somebody_says_so_and_the_alert_is_over(
    db: Database, head: Staff
) -> None:
    kept_apart(db)
    [one] = listed(db, Kind.EVENT, head)
    assert (one.title, one.retry, one.may_drop) == ('wang', '仍然处理', True)
    assert '服务器时钟' in one.reason

    db.transact(failed_work.retry, Kind.EVENT, one.id, by=head.id)
    understand(db)

    assert heard(db) == ['迟到的话']
    assert listed(db, Kind.EVENT, head) == []
    assert db.read(alerts.open_since, 'quarantine') is None
    assert db.read(lambda session: session.scalars(select(AuditEntry.action)).all())[-1:] == ['retry']


def test_what_cannot_be_read_is_dropped_once_and_the_other_alert_stays(db: Database, head: Staff) -> None:
    parked(db)
    kept_apart(db)
    one = next(one for one in listed(db, Kind.EVENT, head) if one.retry == '重试')
    assert 'ValueError' in one.reason

    db.transact(failed_work.drop, Kind.EVENT, one.id, by=head.id)

    assert statuses(db) == [EventStatus.DROPPED, EventStatus.QUARANTINED]
    assert db.read(alerts.open_since, 'parked_event') is None
    assert db.read(alerts.open_since, 'quarantine') is not None
    for again in (failed_work.drop, failed_work.retry):
        with pytest.raises(Conflict):
            db.transact(again, Kind.EVENT, one.id, by=head.id)


def test_who_may_look_retry_and_drop(db: Database) -> None:
    kept_apart(db)
    agent, lead = db.transact(story.member, Role.AGENT, '小陈'), db.transact(story.member)
    [one] = listed(db, Kind.EVENT, lead)
    assert not one.may_drop
    with pytest.raises(NotAllowed):
        listed(db, Kind.EVENT, agent)
    with pytest.raises(NotAllowed):
        db.transact(failed_work.retry, Kind.EVENT, one.id, by=agent.id)
    with pytest.raises(NotAllowed):
        db.transact(failed_work.drop, Kind.EVENT, one.id, by=lead.id)

    db.transact(failed_work.retry, Kind.EVENT, one.id, by=lead.id)


def test_the_list_goes_back_page_by_page(db: Database, head: Staff) -> None:
    for number in range(5):
        kept_apart(db, f'第 {number} 句', who=f'parent{number}')

    first = listed(db, Kind.EVENT, head, limit=2)
    second = listed(db, Kind.EVENT, head, limit=2, before=first[-1].id)

    assert [one.title for one in (*first, *second)] == ['parent4', 'parent3', 'parent2', 'parent1']


def test_a_reply_that_was_refused_is_sent_again_or_let_be(db: Database, head: Staff) -> None:
    draft = db.transact(released, '您好，周六有课。')
    end(db, claimed(db), REFUSED)
    [one] = listed(db, Kind.DELIVERY, head)
    assert one.conversation_id == draft.conversation_id
    assert '接收人无效' in one.reason

    db.transact(failed_work.retry, Kind.DELIVERY, one.id, by=head.id)
    assert listed(db, Kind.DELIVERY, head) == []
    end(db, claimed(db), REFUSED)
    db.transact(failed_work.drop, Kind.DELIVERY, one.id, by=head.id)

    assert listed(db, Kind.DELIVERY, head) == []
    assert db.transact(delivery_claims.claim_next, freeze) is None
    with pytest.raises(Conflict):
        db.transact(failed_work.drop, Kind.DELIVERY, one.id, by=head.id)


def test_a_part_that_bounced_after_a_repetition_can_be_sent_again(db: Database, head: Staff) -> None:
    db.transact(released)
    first = claimed(db)

    def bounces(session: Session) -> int:
        part = session.get_one(Delivery, first.delivery_id)
        part.maybe_sent, part.status, part.lease_until = True, DeliveryStatus.BOUNCED, None
        return part.message_id

    db.transact(deliveries.retry, db.transact(bounces), by=head.id)
    again = claimed(db)

    assert again.client_id != first.client_id
    assert not again.repeat


def test_a_turn_without_a_draft_is_written_once_more(db: Database, head: Staff) -> None:
    talk = db.transact(story.said, f'我的电话{PHONE}，周六有课吗')
    claim = db.transact(turns.claim_next)
    assert claim is not None
    assert listed(db, Kind.TURN, head) == []
    db.transact(turns.fail, claim, 'AI 没有在规定时间内答复。')
    [one] = listed(db, Kind.TURN, head)
    assert (one.conversation_id, PHONE in one.what) == (talk.id, False)
    assert '规定时间' in one.reason

    db.transact(failed_work.retry, Kind.TURN, one.id, by=head.id)

    assert db.read(story.turn_of, talk.id).status is TurnStatus.WAITING
    assert listed(db, Kind.TURN, head) == []


def test_a_file_is_fetched_once_more_as_long_as_wecom_has_it(db: Database, head: Staff) -> None:
    talk = db.transact(story.said, '[图片]')

    def refused(session: Session) -> int:
        message_id = session.scalars(select(Message.id).where(Message.conversation_id == talk.id)).one()
        file = MediaFile(
            message_id=message_id,
            corp_id='ww1',
            media_id='m1',
            kind='image',
            status=MediaStatus.REFUSED,
            last_error='下载中断。',
        )
        session.add(file)
        session.flush()
        return file.id

    file_id = db.transact(refused)
    [one] = listed(db, Kind.FILE, head)
    assert (one.what, one.reason) == ('家长发来的图片', '下载中断。')

    db.transact(failed_work.retry, Kind.FILE, one.id, by=head.id)

    assert db.read(lambda session: session.get_one(MediaFile, file_id).status) is MediaStatus.WAITING
    with pytest.raises(Conflict):
        db.transact(failed_work.retry, Kind.FILE, one.id, by=head.id)
    old = utc_now() - timedelta(days=4)
    db.transact(lambda s: s.execute(update(MediaFile).values(status=MediaStatus.REFUSED, created_at=old)))
    assert listed(db, Kind.FILE, head) == []


def test_a_job_that_failed_or_broke_off_says_how_far_it_came(db: Database, head: Staff) -> None:
    job = db.transact(jobs.begin, 'knowledge_import', '导入 价目表.csv', total=9, by=head.id)
    assert listed(db, Kind.JOB, head) == []

    db.transact(jobs.advance, job.id, 4)
    db.transact(jobs.finish, job.id, {}, status=JobStatus.FAILED)

    [one] = listed(db, Kind.JOB, head)
    assert '4/9' in one.reason
    with pytest.raises(Conflict):
        db.transact(failed_work.retry, Kind.JOB, one.id, by=head.id)
