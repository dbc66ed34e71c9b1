from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console import bulk_release, draft_decisions, drafts, turns
from console.database import Database
from console.writing.context import Check, Source
from models import Delivery, Draft, DraftStatus, Role
from tests import story

A_MINUTE = timedelta(minutes=1)
FROM_THE_RECORD = Source(sentence='您好，周六上午有课。', kind='record', title='学员档案')


def drafted(session: Session, *, who: str, source: Source = FROM_THE_RECORD, checks: tuple[Check, ...] = ()) -> Draft:
    story.said(session, '周六有课吗', who=who)
    claim = turns.claim_next(session)
    assert claim is not None
    draft = drafts.propose(session, claim, replace(story.proposal(), sources=(source,), checks=checks))
    assert draft is not None
    return draft


def pending(db: Database) -> list[int]:
    return db.read(lambda s: list(s.scalars(select(Draft.id).where(Draft.status == DraftStatus.PENDING))))


def test_only_what_rests_wholly_on_approved_answers_is_offered_and_released(db: Database) -> None:
    by = db.transact(story.member).id
    plain = db.transact(drafted, who='plain')
    thin = db.transact(drafted, who='thin', source=replace(FROM_THE_RECORD, kind='none'))
    told = db.transact(drafted, who='told', source=replace(FROM_THE_RECORD, kind='customer'))
    warned = db.transact(
        drafted, who='warned', checks=(Check(kind='figure', level='warn', text='数字没有依据', detail='3'),)
    )
    ids = [plain.id, thin.id, told.id, warned.id]

    [offered] = db.read(bulk_release.offered, ids, by=by)
    outcome = db.transact(bulk_release.approve, [(draft_id, 1) for draft_id in ids], by=by, undo=A_MINUTE)

    assert (offered.draft_id, offered.content, offered.version) == (plain.id, '您好，周六上午有课。', 1)
    assert outcome.taken == [plain.id]
    assert [one.draft_id for one in outcome.refused] == ids[1:]
    assert pending(db) == ids[1:]


def test_what_changed_meanwhile_is_refused_alone_and_all_are_taken_back_at_once(db: Database) -> None:
    by = db.transact(story.member).id
    first, edited, stale = (db.transact(drafted, who=who) for who in ('first', 'edited', 'stale'))
    chosen = [(draft.id, draft.version) for draft in (first, edited, stale)]
    db.transact(draft_decisions.edit, edited.id, version=1, by=by, content='您好！周六上午有课。')
    db.transact(story.said, '那周日呢', who='stale')

    outcome = db.transact(bulk_release.approve, chosen, by=by, undo=A_MINUTE)
    back = db.transact(bulk_release.take_back, outcome.taken, by=by)

    assert outcome.taken == back.taken == [first.id]
    assert ['修改' in one.why or '新消息' in one.why for one in outcome.refused] == [True, True]
    assert pending(db) == [first.id, edited.id]


def test_two_people_at_once_release_each_draft_once(db: Database) -> None:
    people = [db.transact(story.member).id, db.transact(story.member, Role.ADMIN, '陈管理员').id]
    waiting = [(db.transact(drafted, who=f'parent{number}').id, 1) for number in range(20)]

    def release(by: int) -> list[int]:
        chosen = waiting if by == people[0] else waiting[::-1]
        return db.transact(bulk_release.approve, chosen, by=by, undo=A_MINUTE).taken

    with ThreadPoolExecutor(2) as threads:
        taken = [draft_id for found in threads.map(release, people) for draft_id in found]

    assert sorted(taken) == [draft_id for draft_id, _ in waiting]
    assert db.read(lambda s: s.scalar(select(func.count()).select_from(Delivery))) == len(waiting)
