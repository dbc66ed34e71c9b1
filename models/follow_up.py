"""What was talked about with a family, and when to come back to it."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class FollowUp(Table):
    """`next_on` is done when the next one is noted, or `done_at` says so."""

    __tablename__ = 'follow_up'
    __table_args__ = (Index(None, 'student_id', 'id'), Index(None, 'done_at', 'next_on'))

    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey('student.id', ondelete='CASCADE'))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    way: Mapped[str]  # 电话, 微信, 到访, 试听, 其他
    text: Mapped[str]
    next_on: Mapped[date | None]
    done_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
