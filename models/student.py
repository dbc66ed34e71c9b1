"""Students, their guardians, and the courses they are enrolled in."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Table, utc_now


class Stage(StrEnum):
    LEAD = '新线索'
    CONTACTED = '已联系'
    TRIAL_BOOKED = '预约试听'
    TRIED = '已试听'
    ENROLLED = '已报名'
    RENEWING = '续费'
    LOST = '流失'


class Student(Table):
    __tablename__ = 'student'
    __table_args__ = (Index(None, 'name', 'id'), Index(None, 'owner_id', 'id'))

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    gender: Mapped[str | None]
    birth_month: Mapped[str | None]  # 'YYYY-MM'
    grade: Mapped[str | None]
    school: Mapped[str | None]
    stage: Mapped[Stage] = mapped_column(default=Stage.LEAD, index=True)
    source: Mapped[str | None]
    tags: Mapped[list[Any]] = mapped_column(default=list)
    notes: Mapped[str | None]
    enrolled_on: Mapped[date | None]
    attendance_rate: Mapped[int | None]  # percent
    performance: Mapped[str | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)

    guardians: Mapped[list['StudentGuardian']] = relationship(
        lazy='raise', order_by='StudentGuardian.position', cascade='all, delete-orphan', passive_deletes=True
    )
    enrolments: Mapped[list['Enrolment']] = relationship(
        lazy='raise', order_by='Enrolment.id', cascade='all, delete-orphan', passive_deletes=True
    )


class Guardian(Table):
    """A parent or other guardian. Phone and WeChat id are sealed, with a blind index for exact search."""

    __tablename__ = 'guardian'

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    phone_sealed: Mapped[str | None]
    phone_index: Mapped[str | None] = mapped_column(index=True)
    wechat_sealed: Mapped[str | None]
    wechat_index: Mapped[str | None] = mapped_column(index=True)
    consent_on: Mapped[date | None]  # when the guardian agreed to the processing of the child's data
    notes: Mapped[str | None]


class StudentGuardian(Table):
    __tablename__ = 'student_guardian'

    student_id: Mapped[int] = mapped_column(ForeignKey('student.id', ondelete='CASCADE'), primary_key=True)
    guardian_id: Mapped[int] = mapped_column(
        ForeignKey('guardian.id', ondelete='CASCADE'), primary_key=True, index=True
    )
    kinship: Mapped[str | None]  # 妈妈, 爸爸, 奶奶 …
    position: Mapped[int] = mapped_column(default=0)  # 0 is the one we talk to

    guardian: Mapped[Guardian] = relationship(lazy='raise')


class Enrolment(Table):
    __tablename__ = 'enrolment'

    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey('student.id', ondelete='CASCADE'), index=True)
    course: Mapped[str]
    teacher: Mapped[str | None]
    class_time: Mapped[str | None]
    lessons_total: Mapped[int] = mapped_column(default=0)
    lessons_used: Mapped[int] = mapped_column(default=0)
    valid_until: Mapped[date | None]

    @property
    def lessons_left(self) -> int:
        return max(0, self.lessons_total - self.lessons_used)
