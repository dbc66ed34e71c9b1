"""A parent of a small school who asks something, and what the school knows."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from console.writing.context import Context, CourseFacts, Knowledge, Said, StudentFacts
from console.writing.retrieval import KnowledgeIndex

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
DICTIONARY = Path(__file__).parents[2] / 'data' / 'cache'
"""Where the word cache of the tests lies; it takes a second to make, so runs share it."""

PUPIL = StudentFacts(
    student_name='李小明',
    guardian_name='王丽华',
    relationship='妈妈',
    grade='三年级',
    courses=(
        CourseFacts(
            course='数学思维班',
            teacher='陈思雨',
            class_time='周六09:00-10:30',
            lessons_left=7,
            lessons_total=12,
            valid_until=date(2027, 1, 31),
        ),
    ),
)

SCHOOL_KNOWS = tuple(
    Knowledge(id=number, question=question, variants=variants, answer=answer, facts=facts)
    for number, question, variants, answer, facts in (
        (11, '数学思维班多少钱？', ('数学课怎么收费',), '数学思维班每期12次课，学费2160元。', {'价格': '2160元'}),
        (12, '校区在哪里？', ('地址是什么',), '我们在学院路126号晨光大厦3层。', {'地址': '学院路126号晨光大厦3层'}),
        (13, '可以试听吗？', (), '每门课可免费试听1次，请发来孩子的年级。', {}),
        (14, '怎么请假？', ('请假要提前多久',), '请在上课前至少4小时发消息告诉我们，每期最多请假3次。', {}),
        (15, '校区电话是多少？', (), '校区电话是0755-26001234，线上报名请看 https://school.example.cn/join 。', {}),
    )
)


def asked(*lines: str, student: StudentFacts | None = PUPIL, knowledge: tuple[Knowledge, ...] | None = None) -> Context:
    """A turn of these lines; knowledge is retrieved from the school's unless given."""
    return Context(
        school='晨星学校',
        turn=tuple(said(line) for line in lines),
        student=student,
        knowledge=found('\n'.join(lines)) if knowledge is None else knowledge,
        now=NOW,
    )


def said(text: str, who: str = 'parent') -> Said:
    return Said(who=who, text=text, at=NOW)


def found(query: str) -> tuple[Knowledge, ...]:
    index = KnowledgeIndex(DICTIONARY)
    index.build(SCHOOL_KNOWS)
    by_id = {entry.id: entry for entry in SCHOOL_KNOWS}
    return tuple(replace(by_id[hit.id], score=hit.score) for hit in index.search(query))
