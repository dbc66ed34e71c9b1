"""The list of conversations: which are wanted, in what order, page by page, and what a row of it shows."""

import json
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, cast, or_, select, tuple_
from sqlalchemy.orm import Session

from console import conversations, notes, personal_numbers, presence, search_hits, snoozing, staff, tags
from console.conversations import Listed
from console.errors import ConsoleError
from console.presence import Colleague
from models import Channel, ContactTag, Conversation, ConversationStatus, Student, Tag

NOBODY = 0
"""In place of an assignee's id."""

Key = tuple[datetime, int]
"""Where a row stands in its list."""


class Tab(StrEnum):
    """What a list holds; snoozed conversations stay out of the first two until their time comes."""

    WAITING = '待回复'
    OPEN = '进行中'
    LATER = '稍后'
    RESOLVED = '已解决'
    ALL = '全部'


_STATUS = {
    Tab.WAITING: ConversationStatus.WAITING,
    Tab.OPEN: ConversationStatus.OPEN,
    Tab.RESOLVED: ConversationStatus.RESOLVED,
}
TAB_OF = {status: tab for tab, status in _STATUS.items()}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Filters of the list. `assignee` is a member's id or `NOBODY`; `tag` a name, of WeCom's tags or a student's.

    `snoozed`: the first two tabs hold also what is out of sight now.
    """

    tab: Tab = Tab.ALL
    assignee: int | None = None
    channel: Channel | None = None
    tag: str = ''
    words: str = ''
    snoozed: bool = False

    @property
    def narrowed(self) -> bool:
        return self != Wanted(tab=self.tab)

    def kept(self) -> dict[str, Any]:
        """As a saved view keeps it."""
        return {
            name: value
            for name in ('tab', 'assignee', 'channel', 'tag', 'words')
            if (value := getattr(self, name)) not in (None, '')
        }


def from_kept(kept: dict[str, Any]) -> Wanted:
    """The reverse of `Wanted.kept`; what no longer makes sense is left out."""
    tab, channel, assignee = kept.get('tab'), kept.get('channel'), kept.get('assignee')
    return Wanted(
        tab=Tab(tab) if tab in list(Tab) else Tab.ALL,
        assignee=assignee if isinstance(assignee, int) else None,
        channel=Channel(channel) if channel in list(Channel) else None,
        tag=str(kept.get('tag') or ''),
        words=str(kept.get('words') or ''),
    )


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of the list. `text` is the last thing said, with numbers masked; `named`: a note there names the reader.

    `key` is where it stands in its list.
    """

    conversation_id: int
    key: Key
    title: str
    text: str
    at: datetime
    channel: Channel
    waiting_since: datetime | None
    unread: int
    assignee: str | None
    taken_over: bool
    snoozed_until: datetime | None
    named: bool
    colleagues: tuple[Colleague, ...]


def page(
    session: Session, *, by: int, wanted: Wanted = Wanted(), limit: int = 50, after: Key | None = None
) -> list[Listed]:  # fmt: skip
    """Up to `limit` conversations that `by` may know of, in the order of `key_of`.

    `after` is the key of the last row of the page before. Raises `NotAllowed`.
    """
    return _found(session, *_conditions(session, wanted, by=by), wanted=wanted, limit=limit, after=after)


def lines(
    session: Session,
    *,
    by: int,
    wanted: Wanted,
    limit: int = 50,
    after: Key | None = None,
) -> list[Line]:
    """Rows as they are shown. Raises `NotAllowed`."""
    conditions = _conditions(session, wanted, by=by)
    found = _found(session, *conditions, wanted=wanted, limit=limit, after=after)
    around = _around(session, [row.conversation.id for row in found], [by])
    return [_line(row, wanted.tab, around, by) for row in found]


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A page's question: which of these conversations are in my list, and as what?"""

    by: int
    wanted: Wanted
    only: frozenset[int]


def amended(session: Session, asked: Sequence[Changed]) -> list[list[Line] | ConsoleError]:
    """The rows for each page that asks, or why there are none: all hear the same news, and most may see the same."""
    members = staff.by_ids(session, {one.by for one in asked})
    groups: dict[Hashable, list[Changed]] = {}
    for one in asked:
        sees_all = staff.sees_all_conversations(members.get(one.by)) and not one.wanted.words
        groups.setdefault((None if sees_all else one.by, one.wanted), []).append(one)
    rows: dict[int, list[Listed] | ConsoleError] = {}
    for group in groups.values():
        found = _rows_of(session, group)
        rows |= {id(one): found for one in group}
    shown = {row.conversation.id for found in rows.values() if isinstance(found, list) for row in found}
    around = _around(session, shown, members)
    return [
        found
        if isinstance(found := rows[id(one)], ConsoleError)
        else [_line(row, one.wanted.tab, around, one.by) for row in found if row.conversation.id in one.only]
        for one in asked
    ]


def _rows_of(session: Session, group: Sequence[Changed]) -> list[Listed] | ConsoleError:
    only = frozenset[int]().union(*(one.only for one in group))
    try:
        conditions = _conditions(session, group[0].wanted, by=group[0].by)
    except ConsoleError as refusal:
        return refusal
    here = Conversation.id.in_(only)
    return _found(session, *conditions, here, wanted=group[0].wanted, limit=len(only), after=None)


@dataclass(frozen=True, kw_only=True)
class _Around:
    """What belongs to rows besides themselves."""

    masks: dict[int, dict[str, str]]
    there: dict[int, list[Colleague]]
    named: set[tuple[int, int]]


def _around(session: Session, ids: Collection[int], readers: Collection[int]) -> _Around:
    if not ids:
        return _Around(masks={}, there={}, named=set())
    return _Around(
        masks=personal_numbers.masks_of(session, list(ids)),
        there=presence.everyone(session, ids),
        named=notes.named_where(session, readers),
    )


def _line(row: Listed, tab: Tab, around: _Around, by: int) -> Line:
    conversation = row.conversation
    return Line(
        conversation_id=conversation.id,
        key=key_of(conversation, tab),
        title=row.title,
        text=personal_numbers.show(conversation.last_message_text, around.masks.get(conversation.id, {})),
        at=conversation.last_message_at,
        channel=conversation.channel,
        waiting_since=conversation.waiting_since,
        unread=conversation.unread,
        assignee=row.assignee,
        taken_over=conversation.taken_over,
        snoozed_until=conversation.snoozed_until,
        named=(by, conversation.id) in around.named,
        colleagues=tuple(one for one in around.there.get(conversation.id, ()) if one.staff_id != by),
    )


def key_of(conversation: Conversation, tab: Tab) -> Key:
    """The waiting stand longest first, the snoozed by when they come back, all others newest first."""
    moment = {Tab.WAITING: conversation.waiting_since, Tab.LATER: conversation.snoozed_until}.get(tab)
    return moment or conversation.last_message_at, conversation.id


def comes_first(tab: Tab, one: Key, other: Key) -> bool:
    """Whether a row with the key `one` stands above one with the key `other`."""
    return one < other if tab in (Tab.WAITING, Tab.LATER) else one > other


def tags_in_use(session: Session, *, by: int) -> list[str]:
    """Names that conversations can be filtered by: WeCom's tags first, then those of students `by` may know of.

    Raises `NotAllowed`.
    """
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    of_contacts = [tag.name for tag in tags.everything(session)]
    together = cast(Student.tags, String)  # what many students bear alike comes once
    bearing = select(together).where(staff.sees_students(member), together != '[]').distinct()
    of_students = {str(tag) for found in session.scalars(bearing) for tag in json.loads(found)}
    return list(dict.fromkeys([*of_contacts, *sorted(of_students)]))


def tab_of(session: Session, conversation_id: int, *, by: int) -> Tab:
    """The first tab that shows this conversation. Raises `NotAllowed`."""
    for tab in (Tab.WAITING, Tab.OPEN, Tab.LATER, Tab.RESOLVED):
        conditions = [*_conditions(session, Wanted(tab=tab), by=by), Conversation.id == conversation_id]
        if session.scalar(select(Conversation.id).where(*conditions)) is not None:
            return tab
    return Tab.ALL


def _conditions(session: Session, wanted: Wanted, *, by: int) -> list[Any]:
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    conditions: list[Any] = [staff.sees_conversations(member)]
    if wanted.tab in _STATUS:
        conditions.append(Conversation.status == _STATUS[wanted.tab])
    if wanted.tab is Tab.LATER:
        conditions.append(Conversation.snoozed_until.is_not(None))
    if wanted.tab in (Tab.WAITING, Tab.OPEN) and not wanted.snoozed:
        conditions.append(snoozing.awake())
    if wanted.assignee is not None:
        conditions.append(Conversation.assignee_id == (wanted.assignee or None))
    if wanted.channel is not None:
        conditions.append(Conversation.channel == wanted.channel)
    if wanted.tag:
        conditions.append(_tagged(wanted.tag))
    if words := wanted.words.strip():
        conditions.append(Conversation.id.in_(search_hits.conversation_ids(session, words, by=by)))
    return conditions


def _tagged(tag: str) -> ColumnElement[bool]:
    on_contact = (
        select(ContactTag.contact_id).join(Tag, Tag.id == ContactTag.tag_id).where(Tag.name == tag, ~Tag.retired)
    )
    on_student = cast(Student.tags, String).contains(json.dumps(tag), autoescape=True)
    return or_(Conversation.contact_id.in_(on_contact), on_student)


def _found(session: Session, *conditions: Any, wanted: Wanted, limit: int, after: Key | None) -> list[Listed]:
    column = {Tab.WAITING: Conversation.waiting_since, Tab.LATER: Conversation.snoozed_until}.get(wanted.tab)
    given = list(conditions)
    if column is not None:
        order: tuple[Any, ...] = (column, Conversation.id)
        given += [tuple_(*order) > tuple_(*after)] if after is not None else []
        return conversations.listed(session, *given, limit=limit, order=order)
    order = (Conversation.last_message_at, Conversation.id)
    given += [tuple_(*order) < tuple_(*after)] if after is not None else []
    return conversations.listed(session, *given, limit=limit, order=tuple(one.desc() for one in order))
