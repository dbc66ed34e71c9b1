"""A school of two days, small enough to count by hand."""

import io
from datetime import datetime, timedelta, timezone
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from console import conversations, reports, reports_sheets, today
from console.auto_answers import ACTION
from console.database import Database
from console.errors import Invalid, NotAllowed
from console.reports import Report
from console.reports_period import Period, Wanted
from console.reports_sheets import Column, Sheet, Unit
from models import (
    AuditEntry,
    Author,
    Channel,
    Conversation,
    Delivery,
    DeliveryStatus,
    Direction,
    Draft,
    DraftEvent,
    DraftStatus,
    Message,
    Role,
    Stage,
    Student,
    Turn,
    TurnStatus,
    UnknownQuestion,
)
from tests import story

CHINA = timezone(timedelta(hours=8))
TWO_DAYS = Period.chosen('2026-03-02', '2026-03-03')  # a Monday and a Tuesday


def at(day: int, clock: str) -> datetime:
    hour, minute = map(int, clock.split(':'))
    return datetime(2026, 3, day, hour, minute, tzinfo=CHINA)


def says(session: Session, talk: Conversation, author: Author, when: datetime, staff_id: int | None = None) -> Message:
    direction = Direction.IN if author is Author.PARENT else Direction.OUT
    message = conversations.add_message(
        session, talk, direction=direction, author=author, text='好', staff_id=staff_id, sent_at=when
    )
    message.created_at = when
    return message


def draft(session: Session, talk: Conversation, when: datetime, status: DraftStatus, **columns: Any) -> Draft:
    given = {
        'channel': talk.channel, 'basis_seq': 1, 'customer_message': '问', 'content': '周六上午有课。',
        'original_content': '周六上午有课。', 'writer': '本地知识库', 'created_at': when,
    }  # fmt: skip
    made = Draft(conversation_id=talk.id, status=DraftStatus.PENDING, **given | columns)
    session.add(made)
    session.flush()
    for step in {DraftStatus.SENT: ('approved', 'sending', 'sent')}.get(status, (status,)):
        made.status = DraftStatus(step)
    session.flush()
    return made


def school(session: Session) -> dict[str, int]:
    """Two colleagues at two campuses, three conversations, seven drafts."""
    lin, zhou = story.member(session, Role.SUPERVISOR, '林主管'), story.member(session, Role.AGENT, '=周顾问')
    lin.campus, zhou.campus = '朝阳', '海淀'
    first, second, simulated = (
        conversations.ensure(session, channel, who)
        for channel, who in ((Channel.APP, 'a'), (Channel.KF, 'b'), (Channel.SIMULATE, 'c'))
    )
    first.assignee_id, second.assignee_id = zhou.id, lin.id
    says(session, second, Author.PARENT, at(1, '23:59'))  # the Sunday before: the time before, never answered till …
    # Monday. A welcome is no answer; 2 minutes to the first, 10 from the second.
    says(session, first, Author.PARENT, at(2, '00:05'))
    says(session, first, Author.SYSTEM, at(2, '00:06'))
    says(session, first, Author.PARENT, at(2, '00:06'))
    says(session, first, Author.STAFF, at(2, '00:07'), zhou.id)
    says(session, first, Author.PARENT, at(2, '10:00'))
    says(session, first, Author.AI, at(2, '10:10'), lin.id)
    # … Tuesday, a day and 48 minutes later; and a new question after it that nobody answers.
    says(session, second, Author.PARENT, at(3, '00:30'))
    says(session, second, Author.AI, at(3, '00:47'), lin.id)
    says(session, second, Author.PARENT, at(3, '23:59'))
    says(session, simulated, Author.PARENT, at(3, '10:00'))
    says(session, first, Author.PARENT, at(4, '00:00'))  # just after the two days

    by = {'decided_by_id': lin.id}
    draft(session, first, at(2, '10:00'), DraftStatus.SENT, decided_at=at(2, '10:01'), **by)
    changed = {'content': '周日下午有课。', 'edit_size': 2, 'prompt_version': 'v1', 'writer': 'deepseek-chat'}
    tokens = {'tokens_in': 1000, 'tokens_out': 100, 'duration_ms': 4000}
    draft(session, first, at(2, '11:00'), DraftStatus.SENT, decided_at=at(2, '11:03'), **changed, **tokens, **by)
    refused = {'reason': '语气不合适', 'writer': 'deepseek-chat', 'prompt_version': 'v1'}
    draft(session, second, at(3, '00:30'), DraftStatus.REJECTED, decided_at=at(3, '00:35'), **refused, **by)
    draft(session, second, at(3, '00:40'), DraftStatus.REJECTED, decided_at=at(3, '00:41'), reason='不够热情', **by)
    draft(session, second, at(3, '00:45'), DraftStatus.SUPERSEDED)
    alone = draft(session, second, at(3, '00:46'), DraftStatus.SENT, decided_at=at(3, '00:46'))
    session.add(DraftEvent(draft_id=alone.id, action=ACTION, version=1))
    draft(session, first, at(2, '12:00'), DraftStatus.SENT, author_id=zhou.id, decided_at=at(2, '12:09'), **by)

    session.add_all(
        [
            Turn(
                conversation_id=first.id, status=TurnStatus.FAILED, first_seq=1, basis_seq=1, opened_at=at(2, '09:00')
            ),
            UnknownQuestion(conversation_id=first.id, text='有校车吗', asked_at=at(2, '09:00')),
            UnknownQuestion(
                conversation_id=first.id, text='几点关门', asked_at=at(3, '09:00'), closed_at=at(3, '10:00')
            ),
            Student(name='小明', stage=Stage.LEAD, owner_id=zhou.id, created_at=at(2, '08:00')),
            Student(name='小红', stage=Stage.ENROLLED, owner_id=lin.id, created_at=at(1, '08:00')),
            Student(name='小刚', stage=Stage.LOST, owner_id=lin.id, created_at=at(1, '08:00')),
        ]
    )
    sent = session.scalars(select(Message).where(Message.author == Author.AI)).first()
    assert sent is not None
    session.add(
        Delivery(
            conversation_id=first.id, message_id=sent.id, channel=Channel.APP, part=1, parts=1, client_id='x',
            status=DeliveryStatus.DEAD, text_sealed='', created_at=at(2, '10:10'),
        )
    )  # fmt: skip
    return {'lin': lin.id, 'zhou': zhou.id, 'admin': story.member(session, Role.ADMIN, '陈管理员').id}


def figures(report: Report) -> dict[str, tuple[float | None, float | None]]:
    return {figure.word: (figure.value, figure.before) for figure in report.figures}


def rows(report: Report, key: str) -> list[tuple[Any, ...]]:
    return next(sheet.rows for sheet in report.sheets if sheet.key == key)


def test_a_report_agrees_with_what_was_counted_by_hand(db: Database) -> None:
    people = db.transact(school)
    report = db.read(reports.draw, Wanted(period=TWO_DAYS), by=people['lin'])
    minute = 60.0

    assert figures(report) == {
        '家长消息': (6, 1),
        '发出消息': (4, 0),  # the welcome is a message, too
        '会话': (3, 1),
        # Waits begun: 2 and 10 minutes; 23:59 on Tuesday and the simulated one have no answer yet.
        '首次响应': (
            2 * minute,
            24 * 3600 + 48 * minute,
        ),  # of the first on each day: the 2 minutes, and two without an answer
        '等待回复': (6 * minute, 24 * 3600 + 48 * minute),
        '审核用时': (2 * minute, None),  # 1, 3, 5 and 1 minutes
        '原样通过': (1 / 4, None),
        '修改后通过': (1 / 4, None),
        '退回': (2 / 4, None),
        '自动发出': (1, 0),
        '未知问题': (2, 0),
        '失败': (2, 0),
    }
    assert rows(report, 'messages') == [('03-02', 3, 1, 1, 1), ('03-03', 3, 1, 0, 0)]
    heat = {row[0]: {hour: number for hour, number in enumerate(row[1:]) if number} for row in rows(report, 'heat')}
    assert heat['周一'] == {0: 2, 10: 1}
    assert heat['周二'] == {0: 1, 10: 1, 23: 1}
    assert [row[1] for row in rows(report, 'waits')] == [0, 1, 1, 0, 0, 0, 2]
    assert [row[1] for row in rows(report, 'outcomes')] == [1, 1, 1, 2, 1, 0, 0]
    assert rows(report, 'edits')[:2] == [('不到一成', 0), ('一到三成', 1)]  # 2 of 7 signs
    assert [row for row in rows(report, 'reasons') if row[1]] == [('语气不合适', 1), ('其他', 1)]
    [model] = rows(report, 'models')
    assert model == ('deepseek-chat', 2, 1000, 100, 4.0, 4.0)
    writers = {row[0]: row[1:6] for row in rows(report, 'writers')}
    assert writers == {'deepseek-chat · v1': (2, 0, 0, 1 / 2, 1 / 2), '本地知识库': (4, 1, 1 / 2, 0, 1 / 2)}
    assert rows(report, 'unknown') == [('还没有处理', 1), ('已有答案', 0), ('不用收录', 1)]
    assert rows(report, 'failures')[:2] == [('没能写出草稿', 1), ('企业微信拒收', 1)]
    stages = {row[0]: row[1:] for row in rows(report, 'stages')}
    assert stages['新线索'] == (1, 2, 1.0, 1)
    assert stages['已报名'] == (1, 1, 0.5, 0)
    assert stages['流失'] == (1, None, None, 0)
    agents = {row[0]: row[1:] for row in rows(report, 'agents')}
    assert agents['=周顾问'] == ('海淀', 1, 1, 0, 2 * minute, 2 * minute, 0, 0, 0, None)
    assert agents['林主管'] == ('朝阳', 2, 0, 2, 10 * minute, 10 * minute, 1, 1, 2, 2 * minute)


def test_a_report_is_narrowed_to_a_channel_an_agent_or_a_campus(db: Database) -> None:
    people = db.transact(school)

    def heard(**wanted: Any) -> tuple[float | None, float | None]:
        return figures(db.read(reports.draw, Wanted(period=TWO_DAYS, **wanted), by=people['lin']))['家长消息']

    assert heard(channel=Channel.KF) == (2, 1)
    assert heard(simulated=False) == (5, 1)
    assert heard(channel=Channel.SIMULATE, simulated=False) == (1, 0)
    assert heard(agent=people['zhou']) == (3, 0)
    assert heard(campus='朝阳') == (2, 1)
    assert heard(campus='朝阳', agent=people['zhou']) == (0, 0)
    hours = db.read(reports.draw, Wanted(period=Period.chosen('2026-03-02', '2026-03-02')), by=people['lin'])
    assert [row[:2] for row in rows(hours, 'messages') if row[1]] == [('00 时', 2), ('10 时', 1)]


def test_a_school_where_nothing_happened_has_a_report_that_says_so(db: Database) -> None:
    by = db.transact(story.member).id
    report = db.read(reports.draw, Wanted(), by=by)
    assert report.empty
    assert all(sheet.empty for sheet in report.sheets if sheet.key != 'stages')
    agent = db.transact(story.member, Role.AGENT).id
    for look in (reports.draw, reports.taken_away):
        with pytest.raises(NotAllowed):
            db.transact(look, *([Wanted()] if look is reports.draw else [report, []]), by=agent)


@pytest.mark.parametrize(
    ('first', 'last'),
    [('', ''), ('2026-03-03', '2026-03-02'), ('2026-01-01', '2026-12-31'), ('2999-01-01', '2999-01-02'), ('x', 'y')],
)
def test_a_period_that_makes_no_sense_is_refused(first: str, last: str) -> None:
    with pytest.raises(Invalid):
        Period.chosen(first, last)


def test_what_is_taken_away_is_logged_masked_by_role_and_no_formula(db: Database) -> None:
    people = db.transact(school)
    report = db.read(reports.draw, Wanted(period=TWO_DAYS), by=people['lin'])
    [theirs] = db.transact(reports.taken_away, report, ['agents'], by=people['lin'])
    assert [row[0] for row in theirs.rows] == ['=***', '林**']
    [whole] = db.transact(reports.taken_away, report, ['agents'], by=people['admin'])
    text = reports_sheets.as_csv(whole).decode('utf-8-sig')
    assert text.splitlines()[1] == "'=周顾问,海淀,1,1,0,120.0,120.0,0,0,0,"

    book = openpyxl.load_workbook(io.BytesIO(reports_sheets.as_workbook([whole], [('@时间', '2026')])))
    assert book['员工']['A2'].value == "'=周顾问"
    assert book['员工']['E2'].value == 0
    assert book['说明']['A1'].value == "'@时间"

    def logged(session: Session) -> list[AuditEntry]:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.action == 'export').order_by(AuditEntry.id)))

    first, second = db.read(logged)
    assert (first.staff_id, second.staff_id) == (people['lin'], people['admin'])
    assert first.detail['sheets'] == ['agents']


@pytest.mark.parametrize('words', ['=1+1', '+1', '-1', '@x', '\tx', '\rx'])
def test_words_that_a_spreadsheet_would_reckon_with_stay_words(words: str) -> None:
    sheet = Sheet(key='x', title='x', columns=(Column('x', Unit.WORDS), Column('n')), rows=[(words, -1)])
    assert reports_sheets.as_csv(sheet).decode('utf-8-sig').split('\n', 1)[1].startswith(("'", '"\''))


@pytest.mark.parametrize(
    ('seconds', 'words'),
    [(4.25, '4.2 秒'), (59.6, '1 分'), (200, '3 分 20 秒'), (3900, '1 小时 5 分'), (183600, '2 天 3 小时')],
)
def test_a_time_is_said_in_two_words_at_most(seconds: float, words: str) -> None:
    assert reports_sheets.said(seconds, Unit.SECONDS) == words


def test_today_is_told_by_the_hours_of_the_school(db: Database) -> None:
    def one_message(session: Session) -> tuple[int, int]:
        member = story.member(session)
        talk = story.said(session, '周六有课吗')
        return member.id, talk.id

    by, _ = db.transact(one_message)
    now = datetime.now(CHINA).hour
    hours = db.read(today.look, by=by).figures.hours
    assert len(hours) == 24
    assert {hour: numbers for hour, numbers in enumerate(hours) if any(numbers)} in ({now: (1, 0)}, {now - 1: (1, 0)})
