"""Long work a person started: it can be left and found again."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class JobStatus(StrEnum):
    RUNNING = 'running'
    DONE = 'done'
    FAILED = 'failed'


class Job(Table):
    """`report` says what came of it: counts, and the rows that could not be taken with the reason of each."""

    __tablename__ = 'job'
    __table_args__ = (Index(None, 'kind', 'id'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]  # knowledge_import, student_import …
    title: Mapped[str]
    status: Mapped[JobStatus] = mapped_column(default=JobStatus.RUNNING)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    alive_until: Mapped[datetime | None]  # not renewed: its server is gone
    staff_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]
