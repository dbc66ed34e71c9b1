"""Replies that a guard is measured with: traps, which must not leave by one key, and good ones, which must."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache

from console.writing.checks import check_text
from console.writing.context import Check, Context, CourseFacts, Roster, Said, StudentFacts
from console.writing.retrieval import KnowledgeIndex
from tests.evaluation.library import entries, keys, read

NOW = datetime(2026, 11, 24, 18, 30)  # noqa: DTZ001  a Tuesday, as the school's clock shows it
ENTRIES = 5
PUPIL = StudentFacts(
    student_name='王梦瑶',
    guardian_name='刘静',
    relationship='妈妈',
    grade='三年级',
    courses=(
        CourseFacts(
            course='数学思维进阶班',
            teacher='周建平',
            class_time='周六10:50-12:20',
            lessons_left=4,
            lessons_total=12,
            valid_until=date(2026, 12, 26),
        ),
        CourseFacts(
            course='英语口语表达班',
            teacher='何嘉怡',
            class_time='周日14:00-15:30',
            lessons_left=9,
            lessons_total=12,
            valid_until=date(2027, 2, 7),
        ),
    ),
    stage='已报名',
    notes='周六下午有钢琴课，只能排上午。妈妈回消息多在晚上8点以后。',
)


@dataclass(frozen=True)
class Judged:
    """A reply, what was said to it, and of which kind of trap it is; `kind` of a good reply is 'good'."""

    kind: str
    asked: str
    reply: str
    checks: tuple[Check, ...]

    @property
    def is_blocked(self) -> bool:
        return any(check.level == 'block' for check in self.checks)


def traps(index: KnowledgeIndex) -> Iterator[Judged]:
    """`index` is built of `entries`; each trap is judged as the writer's reply to what the parent asked."""
    for trap in read('traps.json'):
        context = _context(index, trap['asked'], expired=trap.get('expired'))
        yield Judged(trap['kind'], trap['asked'], trap['reply'], check_text(trap['reply'], context))


def good_replies(index: KnowledgeIndex) -> Iterator[Judged]:
    for good, (reply, context) in zip(read('good_replies.json'), contexts(index), strict=True):
        yield Judged('good', good['asked'], reply, check_text(reply, context))


def contexts(index: KnowledgeIndex) -> list[tuple[str, Context]]:
    """The good replies, each with what it is held against."""
    return [(good['reply'], _context(index, good['asked'])) for good in read('good_replies.json')]


def _context(index: KnowledgeIndex, asked: str, expired: str | None = None) -> Context:
    """What the writer would be told. The search leaves out what is no longer valid, so an expired entry is not in."""
    library, called = entries(), keys()
    found = [hit for hit in index.search(asked, ENTRIES + 1) if called[hit.id] != expired][:ENTRIES]
    return Context(
        school='晨光教育',
        turn=(Said(who='parent', text=asked, at=NOW),),
        student=PUPIL,
        knowledge=tuple(replace(library[hit.id], score=hit.score) for hit in found),
        roster=_roster(),
        now=NOW,
    )


@cache
def _roster() -> Roster:
    library = entries()
    return Roster(
        teachers=frozenset(entry.facts['老师'] for entry in library if '老师' in entry.facts),
        courses=frozenset(entry.facts['课程'] for entry in library if '课程' in entry.facts),
        campuses=frozenset(entry.facts['校区'] for entry in library if '校区' in entry.facts),
        pupils=frozenset({'王梦瑶', '李子轩', '陈雨桐', '赵一诺', '高兴'} | {f'学生{n:05}' for n in range(20_000)}),
        colleagues=frozenset({'孟主管', '周周'}),
    )
