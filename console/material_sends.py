"""素材 that a colleague sends in the WeCom client, from the pane beside the chat.

They were released by whoever put them on the shelf, so that they need no release of their own.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from console import (
    audit,
    client_sends,
    conversations,
    drafts,
    materials,
    media_files,
    media_uploads,
    sidebar,
    staff,
    turns,
)
from console.media_uploads import Upload
from models import Author, Channel, Direction, Message, Role


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What the client is to send: its kind, WeCom's name of it, and how a line of the conversation says it."""

    kind: str
    media_id: str
    words: str


def clear(session: Session, contact_id: int, material_id: int, *, corp_id: str, by: int) -> Ready | Upload:
    """May `by` send this to this parent? Ready, or what WeCom must be given before it is.

    Raises `NotAllowed`, `NotYours`, `NotFound`, `Invalid`.
    """
    contact, _ = sidebar.chat(session, contact_id, by=by)
    member = staff.require(session, by)
    if not (member.role is Role.TESTER and contact.channel is Channel.SIMULATE):
        staff.require(session, by, staff.Action.PROPOSE_REPLY)
    media, upload = materials.to_send(session, material_id, corp_id=corp_id)
    if upload is not None:
        return upload
    kind = media.kind if media.kind in ('image', 'video') else 'file'
    return Ready(kind=kind, media_id=media.uploaded_id or '', words=media_files.words(media))


def uploaded(
    session: Session, contact_id: int, material_id: int, media_id: str, *, corp_id: str, by: int
) -> Ready | Upload:
    """WeCom has the file now. Raises as `clear` does."""
    media, _ = materials.to_send(session, material_id, corp_id=corp_id)
    media_uploads.note_upload(session, media.id, media_id)
    return clear(session, contact_id, material_id, corp_id=corp_id, by=by)


def record(session: Session, contact_id: int, material_id: int, *, sent_id: str, by: int) -> Message:
    """The client said that it sent the material. Told again with the same `sent_id` it is still one message.

    A reply that is offered or being written goes on: the picture is one more thing beside it.
    Raises `NotAllowed`, `NotYours`, `NotFound`.
    """
    conversation = sidebar.talk(session, contact_id, by=by)
    if told := client_sends.told_before(session, conversation.id, sent_id):
        return told
    media = materials.copy_for_message(session, material_id)
    if listed := client_sends.listed_before(session, conversation.id, media.kind, '', by=by):
        client_sends.both_told(listed, sent_id)
        session.delete(media)  # it has WeCom's own copy
        return listed
    message = conversations.add_message(
        session,
        conversation,
        direction=Direction.OUT,
        author=Author.STAFF,
        staff_id=by,
        kind=media.kind,
        text=media_files.words(media),
        fields={'client': sent_id},
    )
    media_files.attach(media, message)
    if not turns.active(session, conversation.id) and drafts.pending_in(session, conversation.id, by=by) is None:
        conversations.answered(session, conversation)
    audit.record(session, 'sent_in_client', 'conversation', conversation.id, by=by, message=message.id)
    return message
