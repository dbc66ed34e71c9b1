"""Pictures, recordings and files: wanted with their message, fetched once, kept sealed, shown to who may see them."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from console import file_types, media_shelf, signals, staff
from console.crypto import CannotOpen, cipher
from console.errors import Invalid, NotFound
from models import Conversation, Draft, Material, MediaFile, MediaStatus, Message, utc_now

log = logging.getLogger(__name__)

KINDS = ('image', 'voice', 'video', 'file')
LARGEST = 20 * 1024 * 1024
"""Bytes; WeCom itself delivers nothing larger (path/90254)."""

LIFETIME = timedelta(days=3)
"""How long WeCom keeps what a media id names (path/90254)."""

KEPT_UNSENT = timedelta(days=7)
"""How long a file stays that was given and never sent: longer than a draft may wait."""

MOST_SWEPT = 100
MOST_AT_ONCE = 1000

MOST_UNSENT = 50

NAMES = {'image': '图片', 'voice': '语音', 'video': '视频', 'file': '文件'}


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Bytes that lie on the shelf and no row knows of yet. `mime` is what they show themselves."""

    path: str
    name: str
    mime: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A file as staff see it. `path` is None until the bytes are here."""

    id: int
    kind: str
    status: MediaStatus
    name: str
    mime: str
    size: int
    trouble: str | None
    path: str | None

    @property
    def inline(self) -> bool:
        """Whether a browser may draw or play it in the page."""
        return self.path is not None and self.mime in file_types.SAFE_TO_SHOW


def want(session: Session, message: Message, *, corp_id: str) -> MediaFile | None:
    """Have the file of a message fetched, once; None if it has none. Call it in the transaction of the message.

    `corp_id` says whose token opens it.
    """
    if message.kind not in KINDS or not message.media_id:
        return None
    known = session.scalar(select(MediaFile).where(MediaFile.message_id == message.id))
    if known is not None:
        return known
    wanted = MediaFile(message_id=message.id, corp_id=corp_id, media_id=message.media_id, kind=message.kind)
    session.add(wanted)
    session.flush()
    signals.announce(session, signals.media_wanted, wanted.id)
    return wanted


def want_at(session: Session, places: Mapping[tuple[int, int], str]) -> None:
    """`want` for the messages at these (conversation id, seq), each with its corp id."""
    for message in session.scalars(select(Message).where(tuple_(Message.conversation_id, Message.seq).in_(places))):
        want(session, message, corp_id=places[message.conversation_id, message.seq])


def store(content: bytes, name: str, kind: str) -> Stored:
    """Put bytes on the shelf, outside of any transaction. Raises `Invalid` for what is not of this kind."""
    mime = file_types.sniffed(content)
    if len(content) > LARGEST:
        raise Invalid('file', '文件超过 20 MB，没有保存。')
    if not file_types.is_a(mime, kind):
        found = file_types.word_for(mime)
        raise Invalid('file', f'发来的不是{NAMES[kind]}（内容是{found}），已拦截，没有保存。')
    return Stored(
        path=media_shelf.put(content),
        name=file_types.cleaned(name, NAMES[kind]),
        mime=mime,
        size=len(content),
        sha256=sha256(content).hexdigest(),
    )


def keep(row: MediaFile, stored: Stored) -> None:
    """The row of a file whose bytes are here from now on."""
    row.status, row.last_error = MediaStatus.KEPT, None
    row.path, row.mime, row.size, row.sha256 = stored.path, stored.mime, stored.size, stored.sha256
    row.name = cipher().seal(stored.name, f'media_file.name:{stored.path}')


def give(session: Session, stored: Stored, kind: str, *, by: int) -> MediaFile:
    """A colleague gave a file, to be sent. It is hers alone until it goes out or to review.

    Raises `NotAllowed`, and `Invalid` where too many wait already.
    """
    staff.require(session, by, staff.Action.PROPOSE_REPLY)
    unsent = session.scalar(select(func.count()).where(MediaFile.given_by_id == by, MediaFile.message_id.is_(None)))
    if (unsent or 0) >= MOST_UNSENT:
        raise Invalid('file', f'您有 {unsent} 个文件选了还没有发送，请先发送或取消它们。')
    given = MediaFile(corp_id='', kind=kind, given_by_id=by)
    keep(given, stored)
    session.add(given)
    session.flush()
    return given


def given(session: Session, media_file_id: int, *, by: int) -> MediaFile:
    """What `by` gave and nobody has sent yet, locked. Raises `NotFound`."""
    row = session.scalar(
        select(MediaFile)
        .where(MediaFile.id == media_file_id, MediaFile.given_by_id == by, MediaFile.message_id.is_(None))
        .with_for_update()
    )
    if row is None:
        raise NotFound('这个文件')
    return row


def withdraw(session: Session, media_file_id: int, *, by: int) -> None:
    """It is not to be sent after all. Raises `NotFound`."""
    session.delete(given(session, media_file_id, by=by))


def attach(media: MediaFile, message: Message) -> None:
    """The file goes out as this message, and is seen by who may see that."""
    media.message_id = message.id


def part_from(session: Session, message_id: int) -> None:
    """The message is taken back; its file waits to be sent again."""
    session.execute(update(MediaFile).where(MediaFile.message_id == message_id).values(message_id=None))


def words(row: MediaFile) -> str:
    """What a line of the conversation says of it."""
    return f'[{NAMES[row.kind]}] {shown(row).name}'


def of_draft(session: Session, draft: Draft) -> MediaFile | None:
    """The file that a draft would send, as long as we have it."""
    named = _named_by(draft)
    return session.get(MediaFile, int(named)) if named else None


def released(session: Session, draft: Draft) -> MediaFile | None:
    """The file that this draft sends; None if it sends words. Raises `Invalid` if the file is gone meanwhile."""
    media = of_draft(session, draft)
    if media is None and _named_by(draft):
        raise Invalid('content', '要发送的文件已不在，不能通过。请退回它，再重新发送。')
    return media


def _named_by(draft: Draft) -> str | None:
    return next((source['ref'] for source in draft.sources if source['kind'] == 'file'), None)


def seen(session: Session, media_file_id: int, *, by: int, draft_id: int | None = None) -> Shown:
    """One file that is here, if `by` may know of its conversation, or gave it, or it is the school's.

    `draft_id` names a draft it waits in.

    Raises `NotFound`, `NotAllowed`.
    """
    member = staff.require(session, by, staff.Action.SEE_CONVERSATIONS)
    row = session.scalar(
        select(MediaFile)
        .outerjoin(Message, Message.id == MediaFile.message_id)
        .outerjoin(Conversation, Conversation.id == Message.conversation_id)
        .where(
            MediaFile.id == media_file_id,
            MediaFile.status == MediaStatus.KEPT,
            or_(
                MediaFile.message_id.is_not(None) & Message.recalled_at.is_(None) & staff.sees_conversations(member),
                MediaFile.message_id.is_(None) & (MediaFile.given_by_id == by),
                MediaFile.id.in_(select(Material.media_file_id)),
            ),
        )
    )
    if row is None and draft_id is not None:
        draft = session.scalar(
            select(Draft)
            .join(Conversation, Conversation.id == Draft.conversation_id)
            .where(Draft.id == draft_id, staff.sees_conversations(member))
        )
        waiting = of_draft(session, draft) if draft is not None else None
        row = waiting if waiting is not None and waiting.id == media_file_id else None
    if row is None:
        raise NotFound('这个文件')
    return shown(row)


def of_messages(session: Session, message_ids: Iterable[int]) -> dict[int, Shown]:
    """The file of each message that has one."""
    rows = session.scalars(select(MediaFile).where(MediaFile.message_id.in_(list(message_ids))))
    return {row.message_id: shown(row) for row in rows if row.message_id is not None}


def shown(row: MediaFile) -> Shown:
    name = NAMES[row.kind]
    if row.name is not None:
        try:
            name = cipher().open(row.name, f'media_file.name:{row.path}')
        except CannotOpen:
            name = f'{name}（名称无法解密）'
    return Shown(
        id=row.id,
        kind=row.kind,
        status=row.status,
        name=name,
        mime=row.mime or file_types.UNKNOWN,
        size=row.size or 0,
        trouble=row.last_error,
        path=row.path,
    )


def forget_unsent(session: Session) -> int:
    """Rows of files that were given and never sent go after a while; how many. `sweep` then takes the bytes."""
    old: Any = session.execute(
        delete(MediaFile).where(
            MediaFile.message_id.is_(None),
            MediaFile.created_at < utc_now() - KEPT_UNSENT,
            MediaFile.id.not_in(select(Material.media_file_id)),
        )
    )
    return int(old.rowcount)


def known_paths(session: Session, *, after: int = 0) -> dict[int, str]:
    """Where the next of the files lie whose id is above `after`, by id; empty after the last."""
    rows = session.execute(
        select(MediaFile.id, MediaFile.path)
        .where(MediaFile.id > after, MediaFile.path.is_not(None))
        .order_by(MediaFile.id)
        .limit(MOST_AT_ONCE)
    )
    return {row.id: row.path or '' for row in rows}


def sweep(known: set[str]) -> int:
    """Take away bytes that were written an hour ago and that no row knows of; how many. `known` is read just before.

    Where most of what lies here is unknown, the database is another one than it was, and nothing is touched.
    """
    here = list(media_shelf.paths(before=utc_now() - timedelta(hours=1)))
    unknown = [path for path in here if path not in known]
    if len(unknown) > max(MOST_SWEPT, len(here) // 2):
        log.warning('%d of %d media files are unknown to this database; none is removed', len(unknown), len(here))
        return 0
    for path in unknown:
        media_shelf.drop(path)
    return len(unknown)
