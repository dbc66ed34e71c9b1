"""Who has a conversation open now, and who types in it, so that two colleagues do not answer the same parent.

In the database, since colleagues may be connected to different servers. Rows run out by themselves: a page that is
gone without a word is forgotten.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from console import conversations, signals
from console.database import insert_many_once
from models import Presence, Staff, utc_now

RENEWED_EVERY = 20
"""Seconds after which whoever stays says so again."""
HERE = timedelta(seconds=45)
TYPING = timedelta(seconds=6)
"""The browser says so again every three seconds while somebody types."""


@dataclass(frozen=True, kw_only=True)
class Colleague:
    staff_id: int
    name: str
    typing: bool

    @property
    def words(self) -> str:
        return f'{self.name} {"正在输入…" if self.typing else "正在查看"}'


def here(session: Session, conversation_id: int, *, by: int, typing: bool = False) -> None:
    """`by` looks at the conversation, and perhaps types. Colleagues hear of it only when it is news.

    Raises `NotAllowed`, `NotFound`.
    """
    conversations.seen(session, conversation_id, by=by)
    now = utc_now()
    row = session.get(Presence, (by, conversation_id), with_for_update=True)
    was = row is not None and row.here_until > now, row is not None and _types(row)
    if row is None:
        fresh = {'staff_id': by, 'conversation_id': conversation_id, 'here_until': now, 'typing_until': None}
        insert_many_once(session, Presence, [fresh])
        row = session.get_one(Presence, (by, conversation_id), with_for_update=True)
    row.here_until = now + HERE
    row.typing_until = now + TYPING if typing else None
    if was != (True, typing):
        signals.announce(session, signals.presence_changed, conversation_id)


def left(session: Session, conversation_id: int, *, by: int) -> None:
    gone = delete(Presence).where(Presence.conversation_id == conversation_id, Presence.staff_id == by)
    if session.execute(gone).rowcount:  # type: ignore[attr-defined]
        signals.announce(session, signals.presence_changed, conversation_id)


def others(session: Session, conversation_ids: Collection[int], *, by: int) -> dict[int, list[Colleague]]:
    """Who else is in each of these, who types first; one without anybody is missing."""
    return but(everyone(session, conversation_ids), by)


def but(there: Mapping[int, Sequence['Colleague']], member_id: int) -> dict[int, list[Colleague]]:
    """The same without this member."""
    found = {number: [one for one in those if one.staff_id != member_id] for number, those in there.items()}
    return {number: those for number, those in found.items() if those}


def everyone(session: Session, conversation_ids: Collection[int]) -> dict[int, list[Colleague]]:
    """Who is in each of these, who types first; one without anybody is missing."""
    rows = session.execute(
        select(Presence, Staff.name)
        .join(Staff, Staff.id == Presence.staff_id)
        .where(Presence.conversation_id.in_(conversation_ids), Presence.here_until > utc_now())
        .order_by(Staff.name)
    )
    found: dict[int, list[Colleague]] = {}
    for row, name in rows:
        one = Colleague(staff_id=row.staff_id, name=name, typing=_types(row))
        found.setdefault(row.conversation_id, []).append(one)
    return {number: sorted(those, key=lambda one: not one.typing) for number, those in found.items()}


def forget(session: Session) -> None:
    """Drop the rows of pages that went without a word."""
    session.execute(delete(Presence).where(Presence.here_until < utc_now() - timedelta(hours=1)))


def _types(row: Presence) -> bool:
    return row.typing_until is not None and row.typing_until > utc_now()
