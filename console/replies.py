"""A colleague answers instead of the AI: in her own words, or by taking the conversation over."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta

from sqlalchemy.orm import Session

from console import (
    audit,
    conversations,
    deliveries,
    dossiers,
    drafts,
    media_files,
    personal_numbers,
    scripts,
    signals,
    staff,
    turns,
    urgency,
)
from console.errors import Conflict, Invalid, NotFound
from console.writing.checks import check_text
from console.writing.context import Context, Source
from console.writing.evidence import trace
from models import Author, Channel, Conversation, Direction, Draft, DraftStatus, Message, Staff, Turn

SENDS_FILES = (Channel.APP, Channel.KF, Channel.SIMULATE)


def send(
    session: Session, conversation_id: int, text: str, *, by: int, undo: timedelta = timedelta(0), order: str = ''
) -> Message | Draft:
    """A colleague's own words: sent by who may send alone, else offered for release. It can be taken back for `undo`.

    Asked again with the same `order`, since the answer was lost on the way, it is still one message.
    Raises `NotAllowed`, `NotFound`, `Invalid`.
    """
    member = staff.require(session, by, staff.Action.PROPOSE_REPLY)
    if not staff.may(member.role, staff.Action.SEND_ALONE):
        return propose(session, conversation_id, text, by=by)
    conversations.seen(session, conversation_id, by=by)
    text = scripts.checked_filled(drafts.checked(text))
    conversation = conversations.locked(session, conversation_id)
    if conversation.channel is Channel.CONTACT:
        raise Conflict('客户联系的聊天只能由同事在企业微信里发送，请在那里的侧边栏中发送。', 'channel')
    if order and (sent := _sent_before(session, conversation_id, order, by=by)):
        return sent
    text = personal_numbers.unmask(text, personal_numbers.masks(session, conversation.id))
    turns.give_up_active(session, conversation.id)
    drafts.supersede_pending(session, [conversation.id], note=f'{member.name}已直接回复', by=by)
    message = conversations.add_message(
        session,
        conversation,
        direction=Direction.OUT,
        author=Author.STAFF,
        staff_id=by,
        text=text,
        fields={'order': order} if order else {},
    )
    parts = deliveries.parts_of(session, conversation, text)
    deliveries.queue(session, conversation, message, parts, draft=None, due_in=undo)
    conversations.answered(session, conversation)
    return message


def take_back(session: Session, message_id: int, *, by: int) -> None:
    """One's own reply is not sent after all. Raises `NotFound` for another's, `Conflict` when it is too late."""
    message = session.get(Message, message_id)
    if message is None or message.staff_id != by or message.author is not Author.STAFF:
        raise NotFound('这条消息')
    conversations.seen(session, message.conversation_id, by=by)
    conversation = conversations.locked(session, message.conversation_id)
    if not deliveries.take_back_message(session, message):
        raise Conflict('这条消息已交给企业微信发送，不能再撤销。', 'closed')
    conversations.recount(session, conversation)
    audit.record(session, 'take_back', 'conversation', conversation.id, by=by)


def send_file(session: Session, conversation_id: int, media_file_id: int, *, by: int) -> Message | Draft:
    """A file that a colleague gave: sent by who may send alone, else offered for release.

    Raises `NotAllowed`, `NotFound`, `Invalid` where the channel takes no files.
    """
    member = staff.require(session, by, staff.Action.PROPOSE_REPLY)
    takes_files(session, conversation_id, by=by)
    conversation = conversations.locked(session, conversation_id)
    media = media_files.given(session, media_file_id, by=by)
    text = personal_numbers.tokenise(session, conversation.id, media_files.words(media))
    turns.give_up_active(session, conversation.id)
    if not staff.may(member.role, staff.Action.SEND_ALONE):
        source = Source(sentence=text, kind='file', ref=str(media.id), title=media_files.NAMES[media.kind])
        return _offer(
            session, conversation, text, dossiers.for_conversation(session, conversation), [source], by=member
        )
    drafts.supersede_pending(session, [conversation.id], note=f'{member.name}已直接回复', by=by)
    message = conversations.add_message(
        session, conversation, direction=Direction.OUT, author=Author.STAFF, staff_id=by, kind=media.kind, text=text
    )
    media_files.attach(media, message)
    deliveries.queue(session, conversation, message, [text], draft=None, due_in=timedelta(0), media=media)
    conversations.answered(session, conversation)
    return message


def takes_files(session: Session, conversation_id: int, *, by: int) -> None:
    """Raises `NotAllowed`, `NotFound`, `Invalid` unless `by` may offer a file here and the channel takes it."""
    staff.require(session, by, staff.Action.PROPOSE_REPLY)
    if conversations.seen(session, conversation_id, by=by).conversation.channel not in SENDS_FILES:
        raise Invalid('file', '这个渠道在控制台只能发送文字。图片和文件请在企业微信中发送。')


def take_over(session: Session, conversation_id: int, *, by: int) -> Conversation:
    """A person answers from now on; the AI stays silent. Raises `NotAllowed`, `NotFound`."""
    member = staff.require(session, by, staff.Action.TAKE_OVER)
    conversations.seen(session, conversation_id, by=by)
    conversation = conversations.locked(session, conversation_id)
    conversation.taken_over = True
    urgency.changed(session, conversation_id)
    conversation.assignee_id = member.id
    turns.give_up_active(session, conversation_id)
    drafts.supersede_pending(session, [conversation_id], note=f'{member.name}接管了会话', by=by)
    audit.record(session, 'take_over', 'conversation', conversation_id, by=by)
    signals.announce(session, signals.conversation_changed, conversation_id)
    return conversation


def hand_back(session: Session, conversation_id: int, *, by: int) -> Conversation:
    """The AI drafts again, at once if the parent waits and no reply is offered yet. Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.TAKE_OVER)
    conversations.seen(session, conversation_id, by=by)
    conversation = conversations.locked(session, conversation_id)
    conversation.taken_over = False
    urgency.changed(session, conversation_id)
    offered = turns.active(session, conversation_id) or drafts.pending_in(session, conversation_id, by=by)
    if conversation.waiting_since is not None and not offered:
        turns.open_turn(session, conversation)
    audit.record(session, 'hand_back', 'conversation', conversation_id, by=by)
    signals.announce(session, signals.conversation_changed, conversation_id)
    return conversation


def ask_ai(session: Session, conversation_id: int, *, by: int) -> Turn:
    """Have the AI write although its last try failed or was dropped.

    Raises `NotAllowed`, `NotFound`, and `Conflict` if nobody waits, a person took over, or a reply is on its way.
    """
    staff.require(session, by, staff.Action.PROPOSE_REPLY)
    conversations.seen(session, conversation_id, by=by)
    conversation = conversations.locked(session, conversation_id)
    if conversation.waiting_since is None:
        raise Conflict('家长没有在等待回复，不需要起草。', 'closed')
    if conversation.taken_over:
        raise Conflict('会话已由同事接管，AI 不会起草。请先交还 AI。', 'taken_over')
    if turns.active(session, conversation_id) or drafts.pending_in(session, conversation_id, by=by):
        raise Conflict('草稿已在准备中或等待审核，不需要再次起草。', 'closed')
    turn = turns.open_turn(session, conversation)
    signals.announce(session, signals.conversation_changed, conversation_id)
    return turn


def propose(session: Session, conversation_id: int, text: str, *, by: int) -> Draft:
    """Offer a colleague's own reply for release, in place of the AI's. Raises `NotAllowed`, `NotFound`, `Invalid`."""
    member = staff.require(session, by, staff.Action.PROPOSE_REPLY)
    conversations.seen(session, conversation_id, by=by)
    text = scripts.checked_filled(drafts.checked(text))
    conversation = conversations.locked(session, conversation_id)
    text = personal_numbers.unmask(text, personal_numbers.masks(session, conversation.id))
    turns.give_up_active(session, conversation.id)
    context = dossiers.for_conversation(session, conversation)
    return _offer(session, conversation, text, context, trace(text, context), by=member)


def _sent_before(session: Session, conversation_id: int, order: str, *, by: int) -> Message | None:
    latest = conversations.latest_sent(session, conversation_id)
    return next((one for one in latest if one.staff_id == by and one.fields.get('order') == order), None)


def _offer(
    session: Session, conversation: Conversation, text: str, context: Context, sources: Iterable[Source], *, by: Staff
) -> Draft:
    drafts.supersede_pending(session, [conversation.id], note=f'{by.name}另写了回复', by=by.id)
    draft = Draft(
        conversation_id=conversation.id,
        channel=conversation.channel,
        status=DraftStatus.PENDING,
        basis_seq=conversation.last_inbound_seq,
        customer_message='\n'.join(said.text for said in context.turn),
        content=text,
        original_content=text,
        writer='人工',
        author_id=by.id,
        sources=[asdict(source) for source in sources],
        checks=[asdict(check) for check in check_text(text, context)],
    )
    urgency.assess(draft)
    session.add(draft)
    session.flush()
    drafts.log_event(session, draft, 'proposed', by=by.id, content=text)
    return draft
