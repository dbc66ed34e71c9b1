"""A 微信客服 account: the door at which parents with ordinary WeChat knock."""

from datetime import datetime
from enum import IntEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class SessionState(IntEnum):
    """Who answers a 微信客服 session; ours to send in are only the first two (path/94669)."""

    UNHANDLED = 0  # 未处理
    ASSISTANT = 1  # 智能助手接待: the API answers
    POOL = 2  # 待接入池
    SERVICER = 3  # 人工接待, in the WeCom client
    ENDED = 4  # 已结束或未开始


class KfAccount(Table):
    """How far its messages are read. `cursor` moves in the same transaction as the messages it stands for."""

    __tablename__ = 'kf_account'
    __table_args__ = (UniqueConstraint('corp_id', 'open_kfid'), Index(None, 'active', 'pull_at'))

    id: Mapped[int] = mapped_column(primary_key=True)
    corp_id: Mapped[str]
    open_kfid: Mapped[str]
    name: Mapped[str | None]
    avatar_url: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)  # False: deleted, or no longer granted to our app
    cursor: Mapped[str | None]
    history_skipped: Mapped[bool] = mapped_column(default=False)  # what is older than us is stored and not answered
    token_sealed: Mapped[str | None]  # of the last doorbell
    token_until: Mapped[datetime | None]  # ten minutes after it
    pull_at: Mapped[datetime] = mapped_column(default=utc_now)  # when to look next; a doorbell makes it now
    pulled_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]  # one puller at a time
    lease_token: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    welcome_text: Mapped[str | None]  # approved beforehand: WeCom waits 20 seconds for it
    closing_text: Mapped[str | None]
    texts_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    texts_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
