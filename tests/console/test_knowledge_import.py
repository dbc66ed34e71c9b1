"""Knowledge from a file: read, tried, brought in, and taken out so that it can be brought in again."""

import io
import zipfile
from collections import Counter

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from console import database, jobs, knowledge, knowledge_import, tables
from console.database import Database
from console.errors import Invalid, NotAllowed
from console.knowledge import Entry
from console.staff import Action
from models import EntryStatus, Job, JobStatus, KnowledgeEntry, Role, Staff

HEADS = '编号,问题,其他问法,答案,要点,失效日期,状态\n'
GOOD = HEADS + 'k1,停车场在哪里,怎么停车；停哪里,右边。,地点: 校门右边,2027年1月31日,已启用\n,有食堂吗,,有。,,,\n'


@pytest.fixture
def lead(db: Database) -> int:
    return db.transact(_member, Role.SUPERVISOR)


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'gb18030'])
def test_a_file_is_read_in_what_excel_writes(encoding: str) -> None:
    sheet = tables.read('知识.CSV', GOOD.encode(encoding))

    assert sheet.columns[:2] == ('编号', '问题')
    assert sheet.rows[1][1] == '有食堂吗'
    assert knowledge_import.guessed(sheet.columns)['valid_until'] == 5


def test_a_column_is_known_by_the_first_word_above_it() -> None:
    assert knowledge_import.guessed(['答案（必填）\n一句话', '问题*']) == {'answer': 0, 'question': 1}


def test_headings_of_markdown_are_questions() -> None:
    sheet = tables.read('a.md', '# 停车\n右边。\n\n两小时免费。\n## 空的\n## 食堂\n有。'.encode())

    assert sheet.rows == (('停车', '右边。\n\n两小时免费。'), ('食堂', '有。'))


@pytest.mark.parametrize('name', ['a.exe', 'a.xlsx', 'a.csv', 'a.md'])
def test_what_is_no_table_is_refused_in_words(name: str) -> None:
    with pytest.raises(Invalid):
        tables.read(name, b'\xff\xfe\x00\x81')


def test_a_file_that_swells_is_refused_before_it_is_unpacked() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('xl/worksheets/sheet1.xml', b'0' * 50_000_000)

    with pytest.raises(Invalid, match='过大'):
        tables.read('a.xlsx', packed.getvalue())


@pytest.mark.parametrize('write', [tables.as_csv, tables.as_excel])
def test_no_cell_is_a_formula_and_all_come_back_as_they_were(write) -> None:
    row = ('=1+1', '@x', '-3', "'=已有", '好,"的"\n换行', '')
    content = write(('a', '=2+2', *'cdef'), [row])

    found = tables.read('a.csv' if write is tables.as_csv else 'a.xlsx', content)
    assert (found.columns, found.rows) == (('a', '=2+2', *'cdef'), (row,))
    if write is tables.as_excel:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read('xl/worksheets/sheet1.xml')
    assert all(sign not in content for sign in (b'\n=1', b',=2', b',@x', b',-3', b'<f>'))


def test_faults_are_told_by_row_and_field_and_nothing_is_stored(db: Database, lead: int) -> None:
    text = HEADS + 'k1,,,无题,,,\nk2,停车,,右边。,没有冒号,明天,随便\nk3,食堂,,有。,,,\nk3,食堂,,没有。,,,\n'

    plan = _plan(db, text, lead)

    assert [(item.number, item.state) for item in plan.items] == [
        (2, 'faulty'), (3, 'faulty'), (4, 'new'), (5, 'faulty')
    ]  # fmt: skip
    assert set(plan.items[1].errors) == {'facts', 'valid_until', 'status'}
    assert plan.items[3].errors[''] == '与第 4 行重复'
    assert db.read(lambda session: session.scalars(select(KnowledgeEntry)).all()) == []


async def test_a_file_brought_in_twice_changes_nothing(own: Database, lead_here: int) -> None:
    plan = _plan(own, GOOD + 'k9,坏行,,,,,\n', lead_here)
    job_id = own.transact(knowledge_import.begin, plan, by=lead_here)
    await knowledge_import.carry_out(plan, job_id, by=lead_here)

    job = own.read(jobs.seen, job_id, knowledge_import.KIND, by=lead_here, action=Action.EDIT_KNOWLEDGE)
    assert (job.status, job.done) == (JobStatus.DONE, 3)
    assert job.report['counts'] == {'new': 2, 'changed': 0, 'same': 0, 'faulty': 1}
    assert '坏行' in own.read(knowledge_import.report_file, job_id, by=lead_here).decode('utf-8-sig')
    [parking, _] = own.read(knowledge.page, by=lead_here)
    assert (parking.variants, parking.facts) == (['怎么停车', '停哪里'], {'地点': '校门右边'})
    assert Counter(item.state for item in _plan(own, GOOD, lead_here).items) == {'same': 2}


@pytest.mark.parametrize('ending', ['csv', 'xlsx'])
def test_what_was_taken_out_and_brought_in_again_changes_nothing(db: Database, lead: int, ending: str) -> None:
    odd = Entry(
        question='=停车',
        variants=['a;b'],
        answer='右\n边；',
        facts={'价': '1；2'},
        status=EntryStatus.RETIRED,
        owner='组长',
    )
    db.transact(knowledge.put, [odd, Entry(question='食堂', answer='有。')], by=lead)
    write = tables.as_csv if ending == 'csv' else tables.as_excel
    content = write(tuple(knowledge_import.COLUMNS.values()), db.transact(knowledge_import.exported, by=lead))

    sheet = tables.read(f'a.{ending}', content)
    plan = db.read(knowledge_import.plan, 'a', sheet, knowledge_import.guessed(sheet.columns), by=lead)

    assert [item.state for item in plan.items] == ['same', 'same']


def test_a_job_nobody_runs_any_more_says_so(db: Database, lead: int) -> None:
    job = db.transact(jobs.begin, 'knowledge_import', 'a.csv', total=3, by=lead)
    assert not jobs.broken_off(job)

    def let_go(session: Session) -> Job:
        found = session.get_one(Job, job.id)
        found.alive_until = found.created_at
        return found

    assert jobs.broken_off(db.transact(let_go))


def test_an_agent_brings_nothing_in(db: Database) -> None:
    with pytest.raises(NotAllowed):
        _plan(db, GOOD, db.transact(_member, Role.AGENT))


@pytest.fixture
def own(db: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """As the one of this process, for what runs in the background."""
    monkeypatch.setattr(database, '_current', db)
    return db


@pytest.fixture
def lead_here(own: Database) -> int:
    return own.transact(_member, Role.SUPERVISOR)


def _plan(db: Database, text: str, by: int) -> knowledge_import.Plan:
    sheet = tables.read('a.csv', text.encode())
    return db.read(knowledge_import.plan, 'a.csv', sheet, knowledge_import.guessed(sheet.columns), by=by)


def _member(session: Session, role: Role) -> int:
    member = Staff(username='u', name='组长', role=role)
    session.add(member)
    session.flush()
    return member.id
