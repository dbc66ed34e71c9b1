"""The writer that needs no model: answers from approved knowledge and the record, or says that a person must."""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from console.writing.checks import check_text
from console.writing.context import Context, CourseFacts, Knowledge, OnWords, Proposal, StudentFacts
from console.writing.evidence import trace
from console.writing.grades import grades
from console.writing.grounds import known_names, plain
from console.writing.plaintext import clean, sentences
from console.writing.segmentation import words

NAME = '本地知识库'
_HOLDING = '这个问题我需要请老师核实后回复您。'
_HOLDING_REST = '您问的其他问题，我需要请老师核实后回复您。'
_SENSITIVE = '您反映的情况我们很重视，我马上请负责的老师核实，并尽快与您联系。'
_ENOUGH = 0.5
_ENOUGH_FOR_ALL = 0.7
_LEAD = 1.2
"""How well an entry must fit a question, and how much better than the next; tried on the demo school's questions."""
_MOST_ANSWERS = 2

_SENSITIVE_WORDS = re.compile(
    '退费|退款|退钱|退课|退学|把钱退|不想上了|不想学了|投诉|举报|维权|差评|骗|消协|12315|律师|起诉|法院|曝光|赔偿|赔钱'
    '|不满意|太差|很差|失望|生气|态度.{0,4}(?:差|不好|恶劣)|受伤|打人|打架|欺负|霸凌|体罚'
)
_QUESTION = re.compile(
    '[?？]|吗|呢|多少|怎么|怎样|什么|啥|哪|几|谁|多久|多长|多大|如何|能不能|可不可以|是否|有没有|是不是|可以|想问|请问|咨询|了解|贵不贵'
)
_GREETING = re.compile(
    r'(?:您好|你好|老师好|老师|早上好|上午好|中午好|下午好|晚上好|哈喽|嗨|hi|hello|在吗|在么|有人吗|[\s，,。.!！?？~～])+',
    re.I,
)
_THANKS = re.compile(r'(?:好的|好|嗯|谢谢|感谢|多谢|老师|您|你|了|收到|知道|明白|辛苦|ok|[\s，,。.!！~～])+', re.I)

_LEFT = re.compile(
    '(?:还剩|还有|剩下?|剩余|余).{0,6}(?:课|节|次)|课时.{0,4}(?:剩|余|还有)|(?:几|多少)(?:节|次|课时)课?.{0,4}(?:没上|没用)'
)
_TIME = re.compile(
    '(?:几点|什么时候|啥时候|哪天|周几|星期几|什么时间).{0,8}(?:上课|有课|的课)|上课.{0,4}(?:几点|时间|什么时候)|(?:下次|下节)课'
)
_TEACHER = re.compile('老师.{0,3}(?:是谁|是哪|叫什么|姓什么|贵姓)|(?:哪位|哪个|谁|什么).{0,3}(?:老师|在?[教带上])')
_EXPIRY = re.compile('有效期|到期|过期|(?:什么时候|多久).{0,4}(?:用完|失效)')


class LocalWriter:
    """Quotes knowledge and record as they are and never guesses: what they do not say waits for a person."""

    def __init__(self, cache_dir: Path) -> None:
        self._words = words(cache_dir)

    async def write(self, context: Context, *, on_words: OnWords | None = None) -> Proposal:
        """Its words are there all at once, so nobody is told of some before."""
        started = time.monotonic()
        # The first call reads the dictionary, which takes a second.
        reply = await asyncio.to_thread(self._reply, context)
        return Proposal(
            text=reply.text,
            writer=NAME,
            model=None,
            prompt_version=None,
            sources=trace(reply.text, context),
            checks=check_text(reply.text, context),
            tokens_in=0,
            tokens_out=0,
            duration_ms=round((time.monotonic() - started) * 1000),
            needs_human=reply.needs_human,
        )

    async def close(self) -> None:
        """Nothing to close."""

    def _reply(self, context: Context) -> '_Reply':
        turn = clean('\n'.join(line.text for line in context.turn)).strip()
        if _SENSITIVE_WORDS.search(turn):
            return _Reply(f'您好！{_SENSITIVE}', needs_human=True)
        if _GREETING.fullmatch(turn):
            return _Reply(f'您好！这里是{context.school}，请问有什么可以帮您？')
        if _THANKS.fullmatch(turn):
            return _Reply('不客气，有问题随时联系我们。')
        found = [answer for question in _questions(sentences(turn)) for answer in self._answers(question, context)]
        answers = list(dict.fromkeys(answer for answer in found if answer))
        if not answers:
            return _Reply(f'您好！{_HOLDING}', needs_human=True)
        incomplete = None in found or len(answers) > _MOST_ANSWERS
        lines = answers[:_MOST_ANSWERS] + [_HOLDING_REST] * incomplete
        return _Reply('您好！' + '\n'.join(lines), needs_human=incomplete)

    def _answers(self, question: str, context: Context) -> list[str | None]:
        """One answer where one entry speaks of it all, else one for each thing asked; None where there is none."""
        parts = list(_questions(re.split('[，,、]', question)))
        if len(parts) > 1 and (entry := self._clear_best(question, context, enough=_ENOUGH_FOR_ALL)):
            return [entry.answer]
        return [self._answer(part, context) for part in parts]

    def _answer(self, question: str, context: Context) -> str | None:
        if context.student and (told := _from_record(question, context.student, _courses_in(question, context))):
            return told
        entry = self._clear_best(question, context, enough=_ENOUGH)
        return entry.answer if entry else None

    def _clear_best(self, question: str, context: Context, *, enough: float) -> Knowledge | None:
        """The entry that speaks of what is asked, and does so more clearly than any other; None rather than a guess."""
        knowledge = context.knowledge
        top = max((entry.score for entry in knowledge), default=0.0) or 1.0
        fits = [self._fit(question, entry, context) * (1 + entry.score / top) / 2 for entry in knowledge]
        best = max(fits, default=0.0)
        if best < enough:
            return None
        rivals = [entry for entry, fit in zip(knowledge, fits, strict=True) if best < _LEAD * fit]
        if len(rivals) > 1 and not grades(question) and context.student:
            # Nobody said which: the child's own grade may tell.
            own = grades(context.student.grade or '')
            rivals = [entry for entry in rivals if own & _meant(entry)] or rivals
        return rivals[0] if len(rivals) == 1 else None

    def _fit(self, question: str, entry: Knowledge, context: Context) -> float:
        """From 0 to 1: how much of the question the entry speaks of, and how little else its own question asks.

        What stands only in the answer counts half. An entry for other grades than the one asked of does not fit.
        """
        school = context.vocabulary
        everything = _everything_in(entry)
        named = grades(question)
        if named and not named & _meant(entry):
            return 0.0
        asked = {word for word in self._words(question, school) if not grades(word)}
        wanted = {word for word in self._words.subjects(question, school) if not grades(word)}
        if not asked or not wanted <= self._words.subjects(everything, school):
            return 0.0
        whole = set(self._words(everything, school))
        titles = [found for title in (entry.question, *entry.variants) if (found := set(self._words(title, school)))]
        return max(
            (len(asked & title) + len(asked & whole)) / (2 * len(asked)) * (3 + len(asked & title) / len(title)) / 4
            for title in titles or [whole]
        )


def _meant(entry: Knowledge) -> frozenset[int]:
    """The grades an entry is for."""
    return grades('\n'.join([entry.question, *entry.variants, *entry.facts.values()])) or grades(entry.answer)


def _everything_in(entry: Knowledge) -> str:
    return '\n'.join([entry.question, *entry.variants, entry.answer, *entry.facts.values()])


@dataclass(frozen=True)
class _Reply:
    text: str
    needs_human: bool = False


def _questions(parts: Iterable[str]) -> Iterator[str]:
    """Each question with what was said before it; all of it as one where nothing is asked outright."""
    said: list[str] = []
    asked = False
    for part in filter(str.strip, parts):
        said.append(part)
        if _QUESTION.search(part):
            asked = True
            yield ' '.join(said)
            said = []
    if not asked:
        yield ' '.join(said)


def _courses_in(question: str, context: Context) -> frozenset[str]:
    return known_names(context).courses_in(plain(question))


def _from_record(question: str, student: StudentFacts, asked: frozenset[str]) -> str | None:
    """The answer the pupil's own record gives. None where the question is not about it or the record is silent.

    `asked` are the school's courses it names: of one the pupil does not take the record knows nothing, and the time of
    her own would be a wrong answer that rests on a source.
    """
    own = {course: plain(course.course) for course in student.courses}
    if any(not any(name in other for other in own.values()) for name in asked):
        return None
    named = [course for course, name in own.items() if name in plain(question) or name in asked]
    courses = named or student.courses
    if _LEFT.search(question):
        return _told(courses, student, _lessons_left)
    if _EXPIRY.search(question):
        return _told(courses, student, _valid_until)
    if _TEACHER.search(question):
        return _told(courses, student, lambda c: c.teacher and f'的任课老师是{c.teacher}')
    if _TIME.search(question):
        return _told(courses, student, lambda c: c.class_time and f'的上课时间是{c.class_time}')
    return None


def _lessons_left(course: CourseFacts) -> str | None:
    if course.lessons_left is None:
        return None
    total = f'（共{course.lessons_total}节）' if course.lessons_total is not None else ''
    return f'还剩{course.lessons_left}节课{total}'


def _valid_until(course: CourseFacts) -> str | None:
    day = course.valid_until
    return f'有效期至{day.year}年{day.month}月{day.day}日' if day else None


def _told(
    courses: tuple[CourseFacts, ...] | list[CourseFacts],
    student: StudentFacts,
    fact: Callable[[CourseFacts], str | None],
) -> str | None:
    told = [f'{course.course}{words}' for course in courses if (words := fact(course))]
    return f'{student.student_name}的{"，".join(told)}。' if told else None
