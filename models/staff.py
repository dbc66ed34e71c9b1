"""People who may use the console, and the browsers and programs they are signed in with."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class Role(StrEnum):
    AGENT = 'agent'  # 客服/顾问: answers parents; what she writes may need a release
    SUPERVISOR = 'supervisor'  # 主管: releases drafts, sees everything
    TESTER = 'tester'  # 测试: plays a parent in the simulate panel
    ADMIN = 'admin'  # 管理员: set-up, staff, and all a supervisor may


class Staff(Table):
    __tablename__ = 'staff'

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)  # folded to lower case
    name: Mapped[str]
    role: Mapped[Role]
    password_hash: Mapped[str | None]  # argon2id; None: signs in through WeCom only
    wecom_userid: Mapped[str | None] = mapped_column(unique=True)
    campus: Mapped[str | None]
    approves_on_phone: Mapped[bool] = mapped_column(default=False)  # drafts come as WeCom cards, too
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)  # made with the demo data; production refuses to start with one
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class StaffSession(Table):
    """One sign-in. The secret itself is not kept, only its SHA-256."""

    __tablename__ = 'staff_session'

    id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey('staff.id', ondelete='CASCADE'), index=True)
    kind: Mapped[str]  # 'browser' or 'api'
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str | None]  # where from, for the person's own list of sign-ins


class SignInAttempt(Table):
    """A failed sign-in, kept for the throttle."""

    __tablename__ = 'sign_in_attempt'
    __table_args__ = (Index(None, 'key', 'at'),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]  # 'account:<username>' or 'address:<ip>'
    at: Mapped[datetime] = mapped_column(default=utc_now)
