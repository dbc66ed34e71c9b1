"""「联系我」: a code parents scan to add a member; its `state` tells where the lead came from (path/92228)."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Table, utc_now


class ContactWay(Table):
    __tablename__ = 'contact_way'

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]  # the lead source as staff call it
    state: Mapped[str] = mapped_column(unique=True)
    wecom_userid: Mapped[str]  # whom the code adds
    config_id: Mapped[str | None]
    qr_code_url: Mapped[str | None]
    welcome_text: Mapped[str | None]  # WeCom waits 20 seconds for it
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey('staff.id', ondelete='SET NULL'))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
