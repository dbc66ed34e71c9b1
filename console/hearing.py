"""What parents said, added to their conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from console import media_files, personal_numbers, signals, urgency
from console.conversations import Person, count, with_people
from models import Author, Channel, Conversation, Direction, Message, utc_now

_IDS = ('UserName', 'Id', '_id', 'userid', 'appid')
"""How the names end under which WeCom keeps its own ids."""


_KNOWN_IDS = select(Message.conversation_id, Message.external_id).where(
    Message.conversation_id.in_(bindparam('talks', expanding=True)),
    Message.external_id.in_(bindparam('external_ids', expanding=True)),
)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One thing a parent said, in our words. `text` still holds what she typed."""

    channel: Channel
    external_userid: str
    external_id: str | None
    kind: str
    text: str
    sent_at: datetime
    media_id: str | None = None
    fields: dict[str, Any] | None = None
    account: str = ''  # which of our accounts the parent wrote to, where a channel has several
    corp_id: str = ''  # whose token opens `media_id`; empty: the file is not fetched

    @property
    def person(self) -> Person:
        return self.channel, self.account, self.external_userid


def hear(session: Session, heard: Sequence[Heard]) -> list[Conversation]:
    """Add parents' messages to their conversations, made when they are the first; those we have already are left out.

    Returns the conversations that have something new, locked. Plain statements for all of them together, not a
    mapped object for each message: a burst must not hold up the callbacks behind it.
    """
    talks = with_people(session, [one.person for one in heard])
    known = _known_ids(session, talks, heard)
    rows: list[dict[str, Any]] = []
    media: dict[tuple[int, int], str] = {}
    now = utc_now()
    for one in heard:
        conversation = talks[one.person]
        if (conversation.id, one.external_id) in known:
            continue
        if one.external_id is not None:
            known.add((conversation.id, one.external_id))
        text = personal_numbers.tokenise(session, conversation.id, one.text)
        count(conversation, Direction.IN, text, now)
        if one.media_id and one.corp_id:
            media[conversation.id, conversation.last_seq] = one.corp_id
        rows.append(
            {
                'conversation_id': conversation.id,
                'seq': conversation.last_seq,
                'direction': Direction.IN,
                'author': Author.PARENT,
                'kind': one.kind,
                'text': text,
                'media_id': one.media_id,
                'fields': tokenised(session, conversation.id, one.fields or {}),
                'external_id': one.external_id,
                'sent_at': one.sent_at,
                'created_at': now,
            }
        )
    if rows:
        session.flush()
        session.connection().execute(insert(Message.__table__), rows)  # type: ignore[arg-type]
    if media:
        media_files.want_at(session, media)
    changed = {row['conversation_id'] for row in rows}
    urgency.changed(session, *(talk.id for talk in talks.values() if talk.id in changed and talk.review_by))
    for conversation_id in changed:
        signals.announce(session, signals.conversation_changed, conversation_id)
    return [conversation for conversation in talks.values() if conversation.id in changed]


def tokenised(session: Session, conversation_id: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A link's title or a place may hold a personal number as well as the text; WeCom's own ids do not."""

    def kept(value: Any) -> Any:
        if isinstance(value, list):
            return [kept(one) for one in value]
        return personal_numbers.tokenise(session, conversation_id, value) if isinstance(value, str) else value

    return {name: value if name.endswith(_IDS) else kept(value) for name, value in fields.items()}


def _known_ids(session: Session, talks: Mapping[Person, Conversation], heard: Sequence[Heard]) -> set[tuple[int, str]]:
    rows = session.execute(
        _KNOWN_IDS,
        {
            'talks': [conversation.id for conversation in talks.values()],
            'external_ids': [one.external_id for one in heard if one.external_id is not None],
        },
    )
    return {(conversation_id, external_id) for conversation_id, external_id in rows if external_id is not None}
