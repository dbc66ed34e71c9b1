"""Long work a person started: how far it is, and what came of it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import signals, staff
from console.errors import NotFound
from models import Job, JobStatus, utc_now

LIVES = timedelta(minutes=2)
"""So long after its last step it counts as broken off: its server is gone."""


def begin(session: Session, kind: str, title: str, *, total: int, by: int) -> Job:
    """`total` counts what is to be done, in any unit."""
    job = Job(kind=kind, title=title, total=total, staff_id=by, alive_until=utc_now() + LIVES)
    session.add(job)
    session.flush()
    signals.announce(session, signals.job_changed, job.id)
    return job


def advance(session: Session, job_id: int, done: int) -> None:
    """So much of the total is done."""
    job = session.get_one(Job, job_id)
    job.done, job.alive_until = done, utc_now() + LIVES
    signals.announce(session, signals.job_changed, job_id)


def finish(session: Session, job_id: int, report: dict[str, Any], *, status: JobStatus = JobStatus.DONE) -> None:
    """`report` is JSON."""
    job = session.get_one(Job, job_id)
    job.status, job.report, job.finished_at, job.alive_until = status, report, utc_now(), None
    if status is JobStatus.DONE:
        job.done = job.total
    signals.announce(session, signals.job_changed, job_id)


def newest(session: Session, kind: str, *, by: int, action: staff.Action, limit: int = 5) -> list[Job]:
    """Of everybody, for who may do such work. Raises `NotAllowed`."""
    staff.require(session, by, action)
    return list(session.scalars(select(Job).where(Job.kind == kind).order_by(Job.id.desc()).limit(limit)))


def seen(session: Session, job_id: int, kind: str, *, by: int, action: staff.Action) -> Job:
    """Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, action)
    job = session.get(Job, job_id)
    if job is None or job.kind != kind:
        raise NotFound('这项任务')
    return job


def broken_off(job: Job) -> bool:
    """It says it runs, and nobody runs it."""
    return job.status is JobStatus.RUNNING and (job.alive_until is None or job.alive_until < utc_now())
