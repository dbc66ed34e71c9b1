"""Teachers, campuses, courses and other pupils that a reply names."""

import re
from collections.abc import Iterator
from functools import lru_cache

from console.writing.context import Check
from console.writing.days import WEEKDAY
from console.writing.grounds import CAMPUS, Clause, Grounds
from console.writing.masking import EVERYDAY

_SURNAMES = (
    '王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田'
    '姜范石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎武乔贺赖龚'
)
_TEACHER = re.compile(
    rf'(?<![谢任如课编工流历也每一两本下上这其明阶滨三四五六初提])(?P<surname>[{_SURNAMES}])(?P<given>[\u4e00-\u9fff]{{0,2}}?)老师'
)
_NO_CAMPUS = re.compile(
    '[三各这哪那两多几每]个|其[他它]|别的|[我你咱]们|所在|附近|就近|任[何意]|所有|全部|新的|原来|同一|直营|方便|意向|不同|相关|您的|来到|前往'
)
_AT = re.compile('(?:^|[在到去的于和是、(])(?P<place>[\u4e00-\u9fff]{2})校区')
_DISCREET = re.compile('隐私|不便|不能|无法|保密|核实|您好|你好')
_CALLED = re.compile('(?P<given>[\u4e00-\u9fff]{2})(?:同学|小朋友|妈妈|爸爸|家长|奶奶|爷爷)')
_LONGEST_NAME = 4


def check_names(grounds: Grounds) -> Iterator[Check]:
    """Teachers, campuses and courses that no source names beside what the sentence speaks of."""
    seen: set[str] = set()
    for claim in grounds.claims:
        for words, what in (*_teachers(claim, grounds), *_campuses(claim, grounds), *_courses(claim, grounds)):
            if words not in seen:
                seen.add(words)
                yield Check(kind='name', level='block', text=f'{what}“{words}”在这里没有依据，请核实', detail=words)


def check_pupils(grounds: Grounds) -> Iterator[Check]:
    """Other pupils' names: never, but for one the parent named, and then nothing about that child."""
    pupils = grounds.context.roster.pupils
    if not pupils:
        return
    own = _own_names(grounds)
    spoken = '\n'.join(clause.text for clause in grounds.sources if clause.origin in {'parent', 'staff'})
    known = '\n'.join(clause.text for clause in grounds.sources if clause.origin in {'knowledge', 'record'})
    for name, sentence in _named(grounds, pupils):
        if name in own or name in known or name in EVERYDAY or any(name in other for other in own):
            continue
        if name in spoken and _DISCREET.search(sentence):
            yield Check(kind='pupil', level='warn', text=f'“{name}”是另一名学员，请确认可以提到', detail=name)
        else:
            yield Check(kind='pupil', level='block', text=f'“{name}”是另一名学员，不可对外透露', detail=name)


def _teachers(claim: Clause, grounds: Grounds) -> Iterator[tuple[str, str]]:
    roster = grounds.names
    named = {name for name in roster.teachers if name in claim.text}
    if not named and '老师' not in claim.text:
        return
    near = '\n'.join(clause.text for clause in grounds.behind(claim, 'knowledge', 'record', 'staff', 'parent'))
    for name in named - grounds.context.roster.colleagues:
        if name not in near:
            yield name, '老师'
    for found in _TEACHER.finditer(claim.text):
        name = found['surname'] + found['given']
        if any(name in full or full.endswith(name) for full in named):
            continue
        known = any(
            full.startswith(found['surname']) and found['given'] in full and full in near for full in roster.teachers
        ) or any(full.startswith(found['surname']) for full in grounds.context.roster.colleagues)
        if not known and f'{name}老师' not in near:
            yield f'{name}老师', '老师'


def _campuses(claim: Clause, grounds: Grounds) -> Iterator[tuple[str, str]]:
    if '校区' not in claim.text:
        return
    near = {
        name for c in grounds.behind(claim, 'knowledge', 'record', 'staff', 'parent') for name in CAMPUS.findall(c.text)
    }
    for name in grounds.names.campuses_in(claim.text) - near:
        yield name, '校区'
    for found in _AT.finditer(claim.text):
        name = f'{found["place"]}校区'
        if (
            not _NO_CAMPUS.match(found['place'])
            and not WEEKDAY.match(name)
            and name not in near
            and name not in grounds.names.campuses
        ):
            yield name, '校区'


def _courses(claim: Clause, grounds: Grounds) -> Iterator[tuple[str, str]]:
    for name in claim.courses - grounds.courses:
        yield name, '课程'


def _named(grounds: Grounds, pupils: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Pupils named in the reply, in full or as 梦瑶同学, each with the sentence."""
    given = _given_names(pupils)
    seen: set[str] = set()
    for claim in grounds.claims:
        for run in re.findall('[\u4e00-\u9fff·A-Za-z]+', claim.text):
            for length in range(2, _LONGEST_NAME + 1):
                for begin in range(len(run) - length + 1):
                    name = run[begin : begin + length]
                    if name in pupils and name not in seen:
                        seen.add(name)
                        yield name, claim.sentence
        for found in _CALLED.finditer(claim.text):
            name = found['given']
            if name in given and name not in seen and not any(name in full for full in seen):
                seen.add(name)
                yield name, claim.sentence


@lru_cache(maxsize=2)
def _given_names(pupils: frozenset[str]) -> frozenset[str]:
    return frozenset(name[-2:] for name in pupils if len(name) > 2) - EVERYDAY


def _own_names(grounds: Grounds) -> frozenset[str]:
    student = grounds.context.student
    people = [student.student_name, student.guardian_name or ''] if student else []
    return frozenset([*filter(None, people), *grounds.names.teachers, *grounds.context.roster.colleagues])
