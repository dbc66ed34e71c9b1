"""The demo school is one story: its files agree with each other, and nobody in it is real."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).parents[2] / 'console' / 'demo'
STAGES = {'新线索', '已联系', '预约试听', '已试听', '已报名', '续费', '流失'}
FICTIONAL_PHONE = re.compile(r'1[3-9]\d0000\d{4}')
PROMISES = re.compile('包过|保证提分|百分百')


def load(name: str) -> Any:
    return json.loads((DEMO / f'{name}.json').read_text(encoding='utf-8'))


SCHOOL = load('school')
STUDENTS = load('students')
KNOWLEDGE = load('knowledge')
CONVERSATIONS = load('conversations')
QUESTIONS = load('questions')
SCRIPTS = load('scripts')
COURSES = {course['name']: course for course in SCHOOL['courses']}
GUARDIANS = [guardian for student in STUDENTS for guardian in student['guardians']]
ENROLMENTS = [(student, enrolment) for student in STUDENTS for enrolment in student['enrolments']]


def test_the_demo_has_the_promised_size() -> None:
    counts = [len(part) for part in (SCHOOL['campuses'], STUDENTS, KNOWLEDGE, CONVERSATIONS, QUESTIONS)]
    assert counts == [3, 30, 60, 14, 60]


def test_every_phone_is_of_the_pattern_that_cannot_be_real() -> None:
    numbers = re.findall(r'(?<!\d)1[3-9]\d{9}(?!\d)', ''.join(path.read_text('utf-8') for path in DEMO.glob('*.json')))
    assert {guardian['phone'] for guardian in GUARDIANS} < set(numbers)
    assert [number for number in numbers if not FICTIONAL_PHONE.fullmatch(number)] == []


def test_no_two_people_share_a_phone() -> None:
    phones = [guardian['phone'] for guardian in GUARDIANS] + [campus['phone'] for campus in SCHOOL['campuses']]
    assert [phone for phone, times in Counter(phones).items() if times > 1] == []


def test_no_phone_is_written_in_a_conversation() -> None:
    assert not re.search(r'\d{11}', json.dumps(CONVERSATIONS, ensure_ascii=False))


def test_names_and_keys_are_unique() -> None:
    for values in (
        [student['name'] for student in STUDENTS],
        [entry['external_key'] for entry in KNOWLEDGE],
        [entry['question'] for entry in KNOWLEDGE],
        [variant for entry in KNOWLEDGE for variant in entry['variants']],
        [conversation['external_userid'] for conversation in CONVERSATIONS],
    ):
        assert len(values) == len(set(values))


def test_every_stage_occurs_and_every_student_has_one_primary_guardian() -> None:
    assert {student['stage'] for student in STUDENTS} == STAGES
    for student in STUDENTS:
        assert sum(guardian['primary'] for guardian in student['guardians']) == 1, student['name']


def test_leads_have_no_enrolment_and_learners_have_one() -> None:
    for student in STUDENTS:
        learns_or_learned = student['stage'] in {'已报名', '续费', '流失'}
        assert bool(student['enrolments']) == learns_or_learned, student['name']
        assert (student['enrolled_days_ago'] is not None) == learns_or_learned, student['name']


@pytest.mark.parametrize(('student', 'enrolment'), ENROLMENTS, ids=lambda part: part.get('name') or part['course'])
def test_an_enrolment_is_in_a_course_of_the_school(student: dict[str, Any], enrolment: dict[str, Any]) -> None:
    course = COURSES[enrolment['course']]
    assert (enrolment['teacher'], enrolment['class_time']) == (course['teacher'], course['class_time'])
    assert 0 <= enrolment['lessons_used'] <= enrolment['lessons_total'] == course['lessons']
    first, last = course['grades'].removesuffix('年级').split('至')
    grades = '一二三四五六七八'
    assert grades.index(first) <= grades.index(student['grade'][0]) <= grades.index(last)


def test_some_enrolments_are_nearly_used_up_and_some_expire_soon() -> None:
    current = [enrolment for _, enrolment in ENROLMENTS if enrolment['valid_in_days'] > 0]
    assert sum(enrolment['lessons_total'] - enrolment['lessons_used'] <= 3 for enrolment in current) >= 4
    assert sum(enrolment['valid_in_days'] <= 14 for enrolment in current) >= 3


def test_every_teacher_of_a_course_is_a_teacher_of_the_school() -> None:
    campuses_of = {teacher['name']: teacher['campuses'] for teacher in SCHOOL['teachers']}
    for course in COURSES.values():
        assert course['campus'] in campuses_of[course['teacher']]


def test_every_course_has_an_entry_that_says_its_price_as_the_school_does() -> None:
    priced = {entry['facts']['课程']: entry for entry in KNOWLEDGE if '课程' in entry['facts']}
    assert priced.keys() == COURSES.keys()
    for name, entry in priced.items():
        course, facts = COURSES[name], entry['facts']
        price, lessons = f'{course["price"]}元', f'{course["lessons"]}次'
        assert (facts['价格'], facts['课次']) == (price, lessons)
        assert facts['单次价格'] == f'{course["price"] // course["lessons"]}元'
        assert (facts['老师'], facts['上课时间'], facts['校区']) == (
            course['teacher'],
            course['class_time'],
            course['campus'],
        )
        assert re.findall(r'\d+元', entry['answer']) == [price, facts['单次价格']]


def test_a_class_time_in_an_answer_is_the_time_of_that_course() -> None:
    for entry in KNOWLEDGE:
        for course in COURSES.values():
            if (rest := entry['answer'].partition(course['name'])[2]).startswith('周'):
                assert rest.startswith(course['class_time']), (entry['external_key'], course['name'])


def test_a_campus_in_the_answers_is_where_the_school_says() -> None:
    answers = [entry['answer'] for entry in KNOWLEDGE]
    for campus in SCHOOL['campuses']:
        assert any(campus['name'] in answer and campus['address'] in answer for answer in answers)
        assert any(campus['name'] + campus['phone'] in answer for answer in answers)


def test_an_answer_is_short_plain_text_and_has_other_ways_to_be_asked() -> None:
    for entry in KNOWLEDGE:
        assert 10 < len(entry['answer']) <= 160, entry['external_key']
        assert not re.search(r'[*#`\[\]<>]|https?:', entry['answer']), entry['external_key']
        assert 3 <= len(entry['variants']) <= 6, entry['external_key']
        assert entry['facts'], entry['external_key']


def test_a_number_among_the_facts_is_said_in_the_answer() -> None:
    for entry in KNOWLEDGE:
        for fact in entry['facts'].values():
            assert all(number in entry['answer'] for number in re.findall(r'\d+', fact)), fact


def test_the_school_promises_no_results() -> None:
    said = [entry['answer'] for entry in KNOWLEDGE] + [str(entry['facts']) for entry in KNOWLEDGE]
    said += [line['text'] for talk in CONVERSATIONS for line in talk['lines'] if line['who'] != 'parent']
    said += [json.dumps(part, ensure_ascii=False) for part in (SCHOOL, STUDENTS, SCRIPTS)]
    assert [text for text in said if PROMISES.search(text)] == []


def test_every_conversation_is_with_a_guardian_of_a_student() -> None:
    relationships = {student['name']: {g['relationship'] for g in student['guardians']} for student in STUDENTS}
    for talk in CONVERSATIONS:
        assert talk['guardian'] in relationships[talk['student']]
        assert re.fullmatch('[a-z]+_[a-z]+_(mama|baba|nainai|yeye|waipo)', talk['external_userid'])


def test_lines_run_towards_now_and_the_parent_speaks_first() -> None:
    for talk in CONVERSATIONS:
        minutes = [line['minutes'] for line in talk['lines']]
        assert 3 <= len(minutes) <= 10, talk['student']
        assert minutes == sorted(minutes, reverse=True), talk['student']
        assert {line['who'] for line in talk['lines']} <= {'parent', 'staff', 'ai'}
        assert talk['lines'][0]['who'] == 'parent'


def test_only_five_parents_and_those_of_today_still_wait_for_an_answer() -> None:
    waiting = [talk for talk in CONVERSATIONS if talk['lines'][-1]['who'] == 'parent']
    assert len(waiting) == 5
    for talk in waiting:
        assert talk['days_ago'] == 0
        assert talk['lines'][-1]['minutes'] <= 30


def test_each_question_expects_another_entry_and_is_worded_afresh() -> None:
    assert {question['expect'] for question in QUESTIONS} == {entry['external_key'] for entry in KNOWLEDGE}
    known = {text for entry in KNOWLEDGE for text in (entry['question'], *entry['variants'])}
    assert not known & {question['question'] for question in QUESTIONS}


def test_a_script_can_go_to_every_family_and_names_no_price() -> None:
    for script in SCRIPTS:
        assert set(re.findall(r'\{.*?\}', script['text'])) <= {'{学员}', '{家长}', '{老师}'}, script['title']
        assert not re.search(r'\d元|周建平|陈思雨|林婉清', script['text']), script['title']
