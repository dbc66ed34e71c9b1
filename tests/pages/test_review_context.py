"""Beside the draft stands what a page of the student says, and whole numbers are offered to whom they may be shown."""

import pytest

from console.guardians import GuardianView
from console.students import Record
from models import Enrolment, Role, Staff, Stage, Student
from pages import review_context
from pages.review_context import ContextColumn, Known
from tests.pages.test_late_answers import opened
from tests.pages.unhurried import Answers, blank_page, built, words


@pytest.mark.parametrize(('role', 'shown'), [(Role.AGENT, False), (Role.SUPERVISOR, True)])
async def test_a_whole_number_is_offered_to_who_may_see_it(
    monkeypatch: pytest.MonkeyPatch, role: Role, shown: bool
) -> None:
    answers = Answers()
    monkeypatch.setattr(review_context, 'read', answers)
    student = Student(id=1, name='王小虎', stage=Stage.ENROLLED, grade='三年级')
    about = {'wechat': None, 'consent_on': None, 'notes': None}
    guardian = GuardianView(id=1, name='王女士', kinship='妈妈', phone='139****5678', **about)
    course = Enrolment(course='英语小班', lessons_total=48, lessons_used=46)
    with blank_page(monkeypatch) as client:
        column = ContextColumn(Staff(id=1, role=role))
        showing = built(client, column.show, opened=opened(1))
        record = Record(student=student, guardians=[guardian], enrolments=[course])
        await answers.answer(0, Known(record, '约了试听', []))
        await showing

        assert {'王小虎', '三年级', '英语小班', '2', '王女士', '139****5678', '约了试听'} <= set(words(client))
        assert ('显示' in words(client)) is shown
