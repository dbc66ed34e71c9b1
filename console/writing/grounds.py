"""What a reply may rest on, clause by clause, and which course or campus each clause speaks of."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeVar

from console.writing.context import Context, CourseFacts
from console.writing.masking import given_names
from console.writing.plaintext import clean, word_pairs
from console.writing.prompt import record_lines

Origin = Literal['knowledge', 'record', 'staff', 'parent']
Read = TypeVar('Read')

_CLAUSE = re.compile(r'(?:[^;。!?\n,]|(?<=\d),(?=\d{3}(?!\d))|(?<=[日号]),(?=\s*(?:周|星期|礼拜)))+')
_FULL_STOP = re.compile('[。!?\n;]')
_OWN = '(?:孩子|宝贝|宝宝|小朋友|您家|她|他)的?|剩余|还剩'
_CAMPS = {'寒假营': '寒假营', '冬令营': '寒假营', '暑假营': '暑假营', '夏令营': '暑假营'}
_MEASURE = re.compile(
    r'(?:周|星期|礼拜)[一二三四五六日天]'
    r'|[\d一二两三四五六七八九十百千万零半]+个?(?:元|块钱?|节课?|课时|次课?|工作日|天|人|分钟|小时|岁|点|折|分|月|日|号|年)?'
    r'|免费|上午|下午|晚上|早上'
)
CAMPUS = re.compile('(?:[\u4e00-\u9fff]{2})校区')
DOUBTFUL = re.compile(
    '核实|核对|确认一下|查一下|查一查|问一下|问问|不清楚|不确定|不是|并非|并不|没有这|不属实|误会|弄错|记错|您说的|您提到的|您看到的|您听说的'
)
"""A sentence of this mood repeats what the parent said without making it the school's word."""


@dataclass(frozen=True, eq=False)
class Clause:
    """A piece of a text in NFKC. `courses` and `campuses` are what it speaks of, named in it or shortly before.

    `sentence` is what it stands in, `heading` the question it answers.
    """

    text: str
    sentence: str
    courses: frozenset[str]
    campuses: frozenset[str]
    origin: Origin | None = None
    heading: str = ''
    _read: dict[Any, Any] = field(default_factory=dict, repr=False)

    def read(self, reader: Callable[[str], Read]) -> Read:
        """What `reader` finds in the text; it is asked once."""
        if reader not in self._read:
            self._read[reader] = reader(self.text)
        found: Read = self._read[reader]
        return found

    @cached_property
    def topic(self) -> set[str]:
        """What it speaks of in word pairs, apart from its figures."""
        return _topic(self.text)

    @cached_property
    def wider_topic(self) -> set[str]:
        """What the whole sentence speaks of, and the question it answers."""
        return _topic(f'{self.sentence} {self.heading}')

    def allows(self, other: 'Clause') -> bool:
        """Whether `other` may be held against this one: neither speaks of another course or campus."""
        return not (
            (self.courses and other.courses and not self.courses & other.courses)
            or (self.campuses and other.campuses and not self.campuses & other.campuses)
        )

    def is_about(self, other: 'Clause') -> bool:
        """Whether a figure of `other` is a figure of this: of the same course, or of something both speak of.

        People speak of what is at hand, so their words always are.
        """
        if other.origin in {'staff', 'parent'} or self.courses & other.courses:
            return True
        if other.origin == 'record' and not self.courses:
            return True
        if self.topic:
            return bool(self.topic & (other.topic or other.wider_topic))
        return bool(self.wider_topic & other.wider_topic)


class Grounds:
    """The sources of one conversation, and its reply cut the same way."""

    def __init__(self, text: str, context: Context) -> None:
        self.context = context
        self.text = plain(text)
        self.names = known_names(context)
        self._found: dict[tuple[Any, ...], list[Clause]] = {}
        self.sources = [*self._of_school(), *self._of_people()]
        pupil = context.student
        enrolled = frozenset(course.course for course in pupil.courses) if pupil else frozenset[str]()
        asked = frozenset[str]().union(*(self.names.courses_in(plain(line.text)) for line in context.turn))
        called = [pupil.student_name, *given_names(pupil.student_name)] if pupil else []
        own = re.compile('|'.join([_OWN, *map(re.escape, called)]))
        self.claims = [
            clause
            if clause.courses or not own.search(clause.sentence)
            else Clause(clause.text, clause.sentence, _meant(clause, enrolled), clause.campuses)
            for clause in _clauses(self.text, self.names, courses=asked & enrolled or asked)
        ]

    def behind(self, claim: Clause, *origins: Origin) -> list[Clause]:
        """The clauses from these origins that `claim` may rest on."""
        return self._kept(('behind', claim, origins), lambda: filter(claim.allows, self._from(origins)))

    def holding(self, claim: Clause, *origins: Origin) -> list[Clause]:
        """Those of `behind` whose figures may be figures of `claim`."""
        return self._kept(('holding', claim, origins), lambda: filter(claim.is_about, self.behind(claim, *origins)))

    @cached_property
    def courses(self) -> frozenset[str]:
        """The courses that any source names."""
        return frozenset[str]().union(*(clause.courses for clause in self.sources))

    def _from(self, origins: tuple[Origin, ...]) -> Iterator[Clause]:
        return (clause for clause in self.sources if clause.origin in origins)

    def _kept(self, key: tuple[Any, ...], find: Callable[[], Iterable[Clause]]) -> list[Clause]:
        """Every check asks for the same clauses again."""
        if key not in self._found:
            self._found[key] = list(find())
        return self._found[key]

    def _of_school(self) -> Iterator[Clause]:
        for entry in self.context.knowledge:
            yield from _of_entry(entry.question, entry.answer, tuple(entry.facts.items()), self.names)
        if self.context.student:
            for line in record_lines(self.context.student):
                yield from _clauses(plain(line), self.names, 'record')
            for course in self.context.student.courses:
                yield from _clauses(plain(_lessons_line(course)), self.names, 'record')
        if self.context.instruction:
            yield from _clauses(plain(self.context.instruction), self.names, 'staff')

    def _of_people(self) -> Iterator[Clause]:
        for line in (*self.context.history, *self.context.turn):
            if line.who != 'ai':
                yield from _clauses(plain(line.text), self.names, line.who)


@dataclass(frozen=True)
class Names:
    """The school's names; a course is also found by the end of its name that no other has."""

    courses: frozenset[str]
    campuses: frozenset[str]
    teachers: frozenset[str]

    def courses_in(self, text: str) -> frozenset[str]:
        pattern, whole = _course_pattern(self.courses)
        return frozenset(whole[found] for found in pattern.findall(text))

    def campuses_in(self, text: str) -> frozenset[str]:
        return frozenset(CAMPUS.findall(text)) & self.campuses


def _meant(claim: Clause, enrolled: frozenset[str]) -> frozenset[str]:
    """Of the pupil's courses those whose name begins to be told, as 数学课 does of 数学思维班; else all."""
    return frozenset(course for course in enrolled if word_pairs(course) & word_pairs(claim.sentence)) or enrolled


def _lessons_line(course: CourseFacts) -> str:
    """The lessons with their unit, which the record leaves to the column's name."""
    left, total = course.lessons_left, course.lessons_total
    told = [f'剩{left}节课'] if left is not None else []
    told += [f'共{total}节课'] if total is not None else []
    told += [f'已上{total - left}节课'] if left is not None and total is not None else []
    return f'{course.course},{",".join(told)}'


def known_names(context: Context) -> Names:
    """Those on the rosters, in the record and in the entries that were found, in NFKC."""
    courses, campuses, teachers = (
        set(known) for known in (context.roster.courses, context.roster.campuses, context.roster.teachers)
    )
    if context.student:
        courses.update(course.course for course in context.student.courses)
        teachers.update(course.teacher for course in context.student.courses if course.teacher)
    for entry in context.knowledge:
        courses.update(filter(None, [entry.facts.get('课程')]))
        teachers.update(filter(None, [entry.facts.get('老师')]))
        campuses.update(filter(None, [entry.facts.get('校区')]))
    courses, campuses, teachers = (set(map(plain, names)) for names in (courses, campuses, teachers))
    return Names(frozenset(courses), frozenset(campuses), frozenset(name.removesuffix('老师') for name in teachers))


@lru_cache(maxsize=2048)
def _of_entry(question: str, answer: str, facts: tuple[tuple[str, str], ...], names: Names) -> tuple[Clause, ...]:
    """Kept, because the same entries answer most questions."""
    question, answer = plain(question), plain(answer)
    course = names.courses_in(plain(dict(facts).get('课程', ''))) or names.courses_in(question)
    return (
        *_clauses(question, names, 'knowledge'),
        *_clauses(answer, names, 'knowledge', courses=course, heading=question),
        *(
            clause
            for name, fact in facts
            for clause in _clauses(plain(f'{name}:{fact}'), names, 'knowledge', courses=course, heading=question)
        ),
    )


@lru_cache(maxsize=64)
def _course_pattern(courses: frozenset[str]) -> tuple[re.Pattern[str], dict[str, str]]:
    endings: dict[str, set[str]] = {}
    for course in courses:
        for begin in range(max(1, len(course) - 2)):
            endings.setdefault(course[begin:], set()).add(course)
    whole = {ending: next(iter(of)) for ending, of in endings.items() if len(of) == 1}
    whole |= {course: course for course in courses} | _CAMPS
    return re.compile('|'.join(map(re.escape, sorted(whole, key=len, reverse=True)))), whole


def _clauses(
    text: str, names: Names, origin: Origin | None = None, *, courses: Iterable[str] = (), heading: str = ''
) -> Iterator[Clause]:
    """`text` at its commas and stops. A course stays the subject until another is named, a campus until the stop."""
    about = frozenset(courses)
    for sentence in filter(str.strip, _FULL_STOP.split(text)):
        place = frozenset[str]()
        for found in _CLAUSE.findall(sentence):
            about = names.courses_in(found) or about
            place = names.campuses_in(found) or place
            yield Clause(found.strip(), sentence, about, place, origin, heading)


def _topic(text: str) -> set[str]:
    return word_pairs(_MEASURE.sub(' ', text))


def plain(text: str) -> str:
    """In NFKC, as all that is compared here."""
    return unicodedata.normalize('NFKC', clean(text))
