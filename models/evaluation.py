"""Cases the writer is held against, and what came of it each time."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class EvaluationCase(Table):
    """A question with what is known at the time. Personal numbers are tokens or masked; no child is named."""

    __tablename__ = 'evaluation_case'

    id: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str]
    record: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the student's facts that mattered
    expected: Mapped[str | None]  # an answer a person approved
    must_say: Mapped[list[Any]] = mapped_column(default=list)
    must_not_say: Mapped[list[Any]] = mapped_column(default=list)
    reason: Mapped[str | None]  # why the draft it was learnt from was refused
    draft_id: Mapped[int | None] = mapped_column(ForeignKey('draft.id', ondelete='SET NULL'))
    active: Mapped[bool] = mapped_column(default=True)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class EvaluationRun(Table):
    __tablename__ = 'evaluation_run'
    __table_args__ = (Index(None, 'prompt_version', 'id'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    prompt_version: Mapped[str]
    writer: Mapped[str]
    cases: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    passed: Mapped[int] = mapped_column(default=0)
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]
    last_error: Mapped[str | None]


class EvaluationResult(Table):
    __tablename__ = 'evaluation_result'
    __table_args__ = (UniqueConstraint('run_id', 'case_id'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey('evaluation_run.id', ondelete='CASCADE'))
    case_id: Mapped[int] = mapped_column(ForeignKey('evaluation_case.id', ondelete='CASCADE'), index=True)
    passed: Mapped[bool]
    answer: Mapped[str]
    faults: Mapped[list[Any]] = mapped_column(default=list)  # in words: what was missing or must not be there
    likeness: Mapped[float | None]  # to the expected answer, 0 to 1
    duration_ms: Mapped[int]
    tokens_in: Mapped[int | None]
    tokens_out: Mapped[int | None]
