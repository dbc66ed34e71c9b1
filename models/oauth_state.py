"""A sign-in through WeCom that has begun and not ended."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class OAuthState(Table):
    """Good once, for ten minutes, and only in the browser that began it. Neither secret is kept, only its SHA-256."""

    __tablename__ = 'oauth_state'

    id: Mapped[int] = mapped_column(primary_key=True)
    state_hash: Mapped[str] = mapped_column(unique=True)
    browser_hash: Mapped[str]
    next_path: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
