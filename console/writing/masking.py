"""Names and numbers out of a context before the model sees it, and back into its answer."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Self

from console.writing.context import Context, CourseFacts, Knowledge, Said, StudentFacts
from console.writing.plaintext import clean

_STEMS = '甲乙丙丁戊己庚辛壬癸'
_TOKEN = re.compile(r'⟦([^⟦⟧\d]+)(\d+)⟧')
_ANY_TOKEN = re.compile(r'⟦[^⟦⟧]*⟧')
_ROLE = re.compile(rf'(?:学生|家长)[{_STEMS}]\d*')
EVERYDAY = frozenset(
    re.findall(
        '..',
        '今天明天后天昨天天天早上晚上开心高兴快乐老师同学学习英语语文数学作业时间可以一一文化文学成功平安健康阳光'
        '春天夏天秋天冬天国庆元旦中秋建议安全安心放心优秀进步小学初中高中',
    )
)
"""Words a name may happen to end in; hiding them would garble what a parent says."""
_DIGIT = r'[0-9０-９]'
_GAP = r'[ \-－]?'
EMAIL = r'[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+'
"""At most 64 signs before its @; without the bound, each letter of a long word begins a search of it all."""

_NUMBERS = (
    ('邮箱', EMAIL),
    ('微信号', r'(?<![A-Za-z0-9_])wxid_[A-Za-z0-9_-]+'),
    (
        '微信号',
        r'(?i:(?:微信|v信|wechat|weixin)号?(?:是|为|[:：])?\s*|(?<![a-z0-9])(?:vx|wx|v)号?(?:是|为|[:：]|\s)\s*)'
        r'(?P<value>[A-Za-z][A-Za-z0-9_-]{5,19})',
    ),
    ('QQ号', r'(?i:qq)号?(?:是|为|[:：])?\s*(?P<value>[1-9]\d{4,10})(?!\d)'),
    ('身份证号', rf'(?<!\d){_DIGIT}{{17}}[0-9０-９XxＸ](?![0-9A-Za-z])'),
    ('银行卡号', rf'(?<!\d){_DIGIT}(?:{_GAP}{_DIGIT}){{14,18}}(?!\d)'),
    ('手机号', rf'(?<!\d)(?:(?:\+|00)?86{_GAP})?[1１][3-9３-９](?:{_GAP}{_DIGIT}){{9}}(?!\d)'),
    ('手机号', r'(?<![零〇一幺二两三四五六七八九])[一幺][三四五六七八九][零〇一幺二两三四五六七八九]{9}'),
    ('电话', rf'(?<!\d)[(（]?0\d{{2,3}}[)）]?{_GAP}[2-9]\d{{6,7}}(?!\d)'),
)
"""What counts as a personal number, in the order looked for; the group `value`, where there is one, is the number."""


@dataclass(frozen=True, kw_only=True)
class Mask:
    """`context` is what the model may see; `restore` puts the names and numbers back.

    Pupil and parent become 学生甲 and 家长甲, or the next free stem where somebody wrote 学生甲 herself.
    Numbers become `⟦手机号2⟧` and so on, counted on from the intake's tokens, which pass through unchanged.
    Teachers keep their names. A pupil's given name is hidden too, and comes back as the full name.
    """

    context: Context
    _names: dict[str, str]
    _tokens: dict[str, str]
    _foreign: frozenset[str]

    @classmethod
    def of(cls, context: Context) -> Self:
        context = _mapped(context, clean, clean)
        known = '\n'.join(_texts(context))
        student = context.student
        pupil = student.student_name if student else ''
        guardian = (student.guardian_name or '') if student else ''
        pupil_alias, guardian_alias = _free('学生', known), _free('家长', known)
        full = {name: alias for name, alias in ((guardian, guardian_alias), (pupil, pupil_alias)) if name}
        numbers = _Numbers(known)
        teachers = [course.teacher for course in student.courses if course.teacher] if student else []
        spoken = _hider(full, teachers, given=dict.fromkeys(given_names(pupil), pupil_alias))
        written = _hider(full, teachers, given={})
        masked = _mapped(context, lambda text: numbers.hide(spoken(text)), lambda text: numbers.hide(written(text)))
        if masked.student:
            # A name of one character is not looked for in running text, but its own field is hidden all the same.
            fields = replace(
                masked.student, student_name=pupil and pupil_alias, guardian_name=guardian and guardian_alias
            )
            masked = replace(masked, student=fields)
        return cls(
            context=masked,
            _names={alias: name for name, alias in full.items()},
            _tokens=numbers.tokens,
            _foreign=frozenset([*_ANY_TOKEN.findall(known), *_ROLE.findall(known)]),
        )

    def restore(self, text: str) -> str:
        """The text with names and numbers back. Tokens that were in the context to begin with stay as they are."""
        known = {**self._names, **self._tokens}
        if not known:
            return text
        longest_first = sorted(known, key=len, reverse=True)
        return re.sub('|'.join(map(re.escape, longest_first)), lambda match: known[match.group()], text)

    def glimpse(self, text: str) -> str:
        """Unfinished text, to be looked at: names are back, and a number is no more than the word for its kind."""
        for alias, name in self._names.items():
            text = text.replace(alias, name)
        return re.sub(r'⟦([^⟦⟧\d]*)\d*⟧', r'［\1］', text)

    def unresolved(self, text: str) -> list[str]:
        """Placeholders in the model's answer that stand for nothing we know, such as an invented 学生乙."""
        known = {*self._names, *self._tokens, *self._foreign}
        return [found for found in (*_ANY_TOKEN.findall(text), *_ROLE.findall(text)) if found not in known]


class _Numbers:
    """Personal numbers met so far; the same number always gets the same token."""

    def __init__(self, known: str) -> None:
        self.tokens: dict[str, str] = {}
        self._by_value: dict[str, str] = {}
        self._count: dict[str, int] = {}
        for label, count in _TOKEN.findall(known):
            self._count[label] = max(self._count.get(label, 0), int(count))

    def hide(self, text: str) -> str:
        for label, pattern in _NUMBERS:
            text = re.sub(pattern, lambda match, label=label: self._replaced(label, match), text)  # type: ignore[misc]
        return text

    def _replaced(self, label: str, match: re.Match[str]) -> str:
        value = match.groupdict().get('value') or match.group()
        if value not in self._by_value:
            self._count[label] = self._count.get(label, 0) + 1
            self._by_value[value] = f'⟦{label}{self._count[label]}⟧'
            self.tokens[self._by_value[value]] = value
        return match.group().replace(value, self._by_value[value])


def _hider(full: dict[str, str], teachers: list[str], *, given: dict[str, str]) -> Callable[[str], str]:
    """Replaces names of two characters and more, longest first; a teacher's name that holds one is left alone."""
    kept = {name: name for teacher in teachers for name in (teacher, teacher.removesuffix('老师'))}
    known = {**given, **kept, **full}
    searched = sorted((name for name in known if len(name) > 1), key=len, reverse=True)
    if not searched:
        return lambda text: text
    pattern = re.compile(
        '|'.join(_bounded(name) + ('(?!老师)' if name in given else '') for name in searched), re.IGNORECASE
    )
    folded = {name.lower(): placeholder for name, placeholder in known.items()}
    return lambda text: pattern.sub(lambda match: folded[match.group().lower()], text)


def _bounded(name: str) -> str:
    """A name in Latin letters counts only as a word of its own."""
    return rf'(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])' if name.isascii() else re.escape(name)


def given_names(name: str) -> Iterator[str]:
    """How a family calls the pupil: 李小明 is also 小明 and 明明, 王芳 also 芳芳 and 小芳."""
    if not re.fullmatch('[\u4e00-\u9fff]{2,4}', name):
        return
    last = name[-1]
    yield from ({name[-2:] if len(name) > 2 else name, last * 2, f'小{last}', f'阿{last}'} - EVERYDAY)


def _free(role: str, known: str) -> str:
    for count in ('', *map(str, range(1, 1000))):
        for stem in _STEMS:
            if f'{role}{stem}{count}' not in known:
                return f'{role}{stem}{count}'
    raise AssertionError('a context cannot hold ten thousand placeholders')


def _texts(context: Context) -> Iterator[str]:
    """Every text in the context."""
    collected: list[str] = []

    def collect(text: str) -> str:
        collected.append(text)
        return text

    _mapped(context, collect, collect)
    yield from collected


def _mapped(context: Context, spoken: Callable[[str], str], written: Callable[[str], str]) -> Context:
    """The context with `spoken` applied to what people say of this pupil and `written` to the school's knowledge."""

    def optional(text: str | None) -> str | None:
        return None if text is None else spoken(text)

    def said(line: Said) -> Said:
        return replace(line, text=spoken(line.text))

    def course(facts: CourseFacts) -> CourseFacts:
        return replace(facts, course=spoken(facts.course), class_time=optional(facts.class_time))

    def student(facts: StudentFacts) -> StudentFacts:
        return replace(
            facts,
            student_name=spoken(facts.student_name),
            guardian_name=optional(facts.guardian_name),
            relationship=optional(facts.relationship),
            grade=optional(facts.grade),
            courses=tuple(map(course, facts.courses)),
            stage=optional(facts.stage),
            notes=optional(facts.notes),
        )

    def knowledge(entry: Knowledge) -> Knowledge:
        return replace(
            entry,
            question=written(entry.question),
            variants=tuple(map(written, entry.variants)),
            answer=written(entry.answer),
            facts={written(name): written(value) for name, value in entry.facts.items()},
        )

    return replace(
        context,
        turn=tuple(map(said, context.turn)),
        history=tuple(map(said, context.history)),
        student=context.student and student(context.student),
        knowledge=tuple(map(knowledge, context.knowledge)),
        instruction=optional(context.instruction),
    )
