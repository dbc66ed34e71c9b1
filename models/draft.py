"""A reply that is proposed and that a person must release."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from models.base import Table, utc_now
from models.contact import Channel
from models.conversation import Conversation


class DraftStatus(StrEnum):
    PENDING = 'pending'  # waits for a person
    APPROVED = 'approved'  # released; can be taken back until the sender has it
    SENDING = 'sending'  # handed to the channel; not all parts are accepted yet
    SENT = 'sent'  # the channel accepted every part
    FAILED = 'failed'  # a part was refused for good, or we never learned
    REJECTED = 'rejected'
    SUPERSEDED = 'superseded'  # the parent wrote again, or someone answered another way
    EXPIRED = 'expired'  # nobody decided in time


MOVES: dict[DraftStatus | None, set[DraftStatus]] = {
    None: {DraftStatus.PENDING},
    DraftStatus.PENDING: {
        DraftStatus.APPROVED,
        DraftStatus.REJECTED,
        DraftStatus.SUPERSEDED,
        DraftStatus.EXPIRED,
    },
    DraftStatus.APPROVED: {DraftStatus.PENDING, DraftStatus.SENDING, DraftStatus.SUPERSEDED, DraftStatus.FAILED},
    DraftStatus.SENDING: {DraftStatus.SENT, DraftStatus.FAILED},
    DraftStatus.SENT: {DraftStatus.FAILED},  # WeCom could not deliver what it had accepted
    DraftStatus.FAILED: {DraftStatus.APPROVED},  # a person tries again
    DraftStatus.REJECTED: {DraftStatus.PENDING},  # undone
    DraftStatus.SUPERSEDED: {DraftStatus.PENDING},  # the conversation was resolved, and is opened again
}
"""Every move a draft may make. What is not listed here cannot happen."""


class Draft(Table):
    __tablename__ = 'draft'
    __table_args__ = (
        Index(
            'uq_draft_pending',
            'conversation_id',
            unique=True,
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index(None, 'status', 'id'),
        Index(None, 'conversation_id', 'id'),
        Index(None, 'created_at', 'id'),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey('conversation.id', ondelete='CASCADE'))
    turn_id: Mapped[int | None] = mapped_column(ForeignKey('turn.id', ondelete='SET NULL'))
    channel: Mapped[Channel]
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[DraftStatus]
    basis_seq: Mapped[int]  # the parent's last line when it was written
    customer_message: Mapped[str]  # all her lines of the turn
    content: Mapped[str]
    original_content: Mapped[str]  # as the writer proposed it
    writer: Mapped[str]  # 本地知识库, a model's name, or 人工
    author_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))  # of a manual reply
    prompt_version: Mapped[str | None]
    needs_human: Mapped[bool] = mapped_column(default=False)  # the writer could not answer and says so
    sources: Mapped[list[Any]] = mapped_column(default=list)
    checks: Mapped[list[Any]] = mapped_column(default=list)
    intent: Mapped[str | None]  # what the parent wants, in a word of ours
    risk: Mapped[str] = mapped_column(default='none')  # the gravest found: complaint, refund, money … or none
    edit_size: Mapped[int | None]  # characters a person changed before the release
    tokens_in: Mapped[int | None]
    tokens_out: Mapped[int | None]
    duration_ms: Mapped[int | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]  # of a rejection, a confirmed check, a failure
    held_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    held_until: Mapped[datetime | None]  # whoever opened it holds it a few minutes; others see it, nobody is locked out
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    conversation: Mapped[Conversation] = relationship(lazy='raise')

    def can_become(self, status: DraftStatus) -> bool:
        return status in MOVES.get(self.status, ())

    @validates('status')
    def _refuse_illegal_moves(self, _key: str, status: DraftStatus) -> DraftStatus:
        assert self.can_become(status), f'a {self.status} draft cannot become {status}'  # noqa: S101  a bug, not a refusal
        return status


class DraftEvent(Table):
    """What happened to a draft: who, what, and the text as it was then."""

    __tablename__ = 'draft_event'

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey('draft.id', ondelete='CASCADE'), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    action: Mapped[str]  # proposed, edited, approved, rejected, undone, superseded, sending, sent, failed, retried
    version: Mapped[int]
    content: Mapped[str | None]
    note: Mapped[str | None]
