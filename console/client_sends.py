"""What a colleague sends herself, in the WeCom client, from the pane beside the chat.

WeCom gives no receipt for it: the client says `:ok`, and only 微信客服 lists the message afterwards.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import (
    audit,
    conversations,
    dossiers,
    draft_decisions,
    drafts,
    message_parts,
    personal_numbers,
    scripts,
    sidebar,
    signals,
    staff,
    turns,
)
from console.errors import Conflict, Invalid
from console.writing.checks import check_text
from console.writing.context import Context
from models import Author, Channel, Contact, Conversation, Direction, Draft, DraftStatus, Message, Role, Staff, utc_now

SAME_WITHIN = timedelta(minutes=10)


def clear(
    session: Session, contact_id: int, text: str, *, by: int, draft_id: int | None = None, reason: str | None = None
) -> str:
    """May `by` send this in the client now? The words as the parent is to get them, personal numbers and all.

    Raises `NotAllowed`, `NotYours`, `Invalid`, `Conflict` where it needs a release, and `DraftBlocked` unless `reason`
    says why the open checks do not matter.
    """
    contact, conversation = sidebar.chat(session, contact_id, by=by)
    member = staff.require(session, by)
    known = personal_numbers.masks(session, conversation.id) if conversation else {}
    kept = personal_numbers.unmask(scripts.checked_filled(drafts.checked(text)), known)
    draft = _draft(session, conversation, draft_id)
    if not _alone(member, contact.channel):
        staff.require(session, by, staff.Action.PROPOSE_REPLY)
        if draft is None or kept != draft.content or not drafts.waits_for_colleague(session, draft):
            raise Conflict('按学校的审核规则，这段文字要先提交审核，通过后才能发送。', 'review')
    elif draft is None or draft.status is not DraftStatus.APPROVED or kept != draft.content:
        context = _context(session, kept, contact, conversation, draft)
        blocks = [check for check in check_text(kept, context) if check.level == 'block']
        if blocks and not (reason or '').strip():
            raise drafts.DraftBlocked(blocks)
    words = personal_numbers.restore(session, conversation.id, kept) if conversation else kept
    if len(words.encode()) > message_parts.MOST_BYTES:
        raise Invalid('content', f'超过 {message_parts.MOST_BYTES:,} 字节，聊天里一条发不下。请缩短，或分两次发送。')
    return words


def record(
    session: Session, contact_id: int, text: str, *, sent_id: str, by: int, draft_id: int | None = None
) -> Message:
    """The client said that it sent `text`. Told again with the same `sent_id` it is still one message.

    Raises `NotAllowed`, `NotYours`, `Invalid`.
    """
    member = staff.require(session, by)
    conversation = sidebar.talk(session, contact_id, by=by)
    text = personal_numbers.unmask(drafts.checked(text), personal_numbers.masks(session, conversation.id))
    text = personal_numbers.tokenise(session, conversation.id, personal_numbers.restore(session, conversation.id, text))
    if told := told_before(session, conversation.id, sent_id):
        return told
    draft = _draft(session, conversation, draft_id)
    if draft is not None and not (_alone(member, conversation.channel) or drafts.waits_for_colleague(session, draft)):
        draft = None
    if draft is not None:
        draft_decisions.sent_by_colleague(session, draft, text, by=by)
    message = listed_before(session, conversation.id, 'text', text, by=by)
    if message is not None:
        both_told(message, sent_id)
    else:
        message = conversations.add_message(
            session,
            conversation,
            direction=Direction.OUT,
            author=Author.AI if draft is not None and draft.author_id is None else Author.STAFF,
            staff_id=by,
            text=text,
            fields={'client': sent_id},
        )
    turns.give_up_active(session, conversation.id)
    drafts.supersede_pending(session, [conversation.id], note=f'{member.name}已在企业微信中回复', by=by)
    conversations.answered(session, conversation)
    audit.record(session, 'sent_in_client', 'conversation', conversation.id, by=by, message=message.id)
    return message


def confirm(
    session: Session,
    conversation: Conversation,
    text: str,
    *,
    kind: str = 'text',
    msgid: str,
    by: int,
    at: datetime,
) -> bool:
    """WeCom lists a message of `by`: is it one that the pane told of? Then it is confirmed, and has WeCom's id.

    A picture or file has no name there: the oldest of its kind is the one.
    """
    for message in reversed(conversations.latest_sent(session, conversation.id)):
        told = message.fields.get('client') and not message.fields.get('confirmed')
        same = message.staff_id == by and _says(message, kind, text)
        if told and same and abs(message.sent_at - at) <= SAME_WITHIN:
            message.external_id = msgid or None
            message.fields = message.fields | {'confirmed': True}
            signals.announce(session, signals.conversation_changed, conversation.id)
            return True
    return False


def told_before(session: Session, conversation_id: int, sent_id: str) -> Message | None:
    """The message that the pane told of by this id already."""
    sent = conversations.latest_sent(session, conversation_id)
    return next((one for one in sent if one.fields.get('client') == sent_id), None)


def listed_before(session: Session, conversation_id: int, kind: str, text: str, *, by: int) -> Message | None:
    """The message that WeCom listed before the pane could tell of it: now both have, and it is confirmed."""
    sent = conversations.latest_sent(session, conversation_id)
    return next((one for one in sent if _is_wecoms(one, kind, text, by)), None)


def both_told(message: Message, sent_id: str) -> None:
    message.fields = message.fields | {'client': sent_id, 'confirmed': True}


def _alone(member: Staff, channel: Channel) -> bool:
    """A tester may answer the parents that testers play."""
    played = member.role is Role.TESTER and channel is Channel.SIMULATE
    return played or staff.may(member.role, staff.Action.SEND_ALONE)


def _draft(session: Session, conversation: Conversation | None, draft_id: int | None) -> Draft | None:
    """The draft that the words were written on, if it still waits; another conversation's is none."""
    if conversation is None or draft_id is None:
        return None
    return session.scalar(
        select(Draft)
        .where(
            Draft.id == draft_id,
            Draft.conversation_id == conversation.id,
            Draft.basis_seq == conversation.last_inbound_seq,
            Draft.status.in_((DraftStatus.PENDING, DraftStatus.APPROVED)),
        )
        .with_for_update()
    )


def _context(
    session: Session, text: str, contact: Contact, conversation: Conversation | None, draft: Draft | None
) -> Context:
    if conversation is None:
        return dossiers.for_question(session, text, contact)
    return dossiers.for_draft(session, draft) if draft else dossiers.for_conversation(session, conversation)


def _is_wecoms(message: Message, kind: str, text: str, by: int) -> bool:
    listed = message.external_id is not None and not message.fields.get('client')
    same = message.staff_id == by and _says(message, kind, text)
    return listed and same and utc_now() - message.created_at <= SAME_WITHIN


def _says(message: Message, kind: str, text: str) -> bool:
    return message.kind == kind and (kind != 'text' or message.text == text)
