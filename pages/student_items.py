"""A record's guardians and courses as items to be changed in place, on the student's page and in the sidebar."""

from functools import partial

from console.students import Record
from pages import student_fields
from pages.in_place import Item
from pages.student_card import number


def guardian_items(record: Record, *, by: int, reveals: bool) -> list[Item]:
    """The record's guardians, to be changed in place; `reveals`: whole numbers may be asked for."""
    return [
        Item(
            id=one.id,
            title=f'{one.name} · {one.kinship}' if one.kinship else one.name,
            values=student_fields.of_guardian(one),
            special={what: partial(number, one, what, by=by, reveals=reveals) for what in ('phone', 'wechat')},
        )
        for one in record.guardians
    ]


def enrolment_items(record: Record) -> list[Item]:
    """The record's courses, to be changed in place."""
    return [
        Item(id=one.id, title=f'{one.course} · 剩 {one.lessons_left} 节', values=student_fields.of_enrolment(one))
        for one in record.enrolments
    ]
