"""Who answers a 微信客服 session: this console, a member in the WeCom client, or nobody for now.

See developer.work.weixin.qq.com/document/path/94669, read 2026-11-24.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from console import audit, conversations, kf_window, search_index, signals, staff
from console.errors import Conflict
from models import Channel, Conversation, Message, SessionState

WORDS: dict[int | None, str] = {
    SessionState.UNHANDLED: '待系统接待',
    SessionState.ASSISTANT: '系统接待中',
    SessionState.POOL: '在接待池排队',
    SessionState.SERVICER: '人工接待',
    SessionState.ENDED: '会话已结束',
}
OURS = (SessionState.UNHANDLED, SessionState.ASSISTANT)
"""The states in which WeCom lets us send."""

TAKEN, TRANSFERRED, OVER, REOPENED = 1, 2, 3, 4
"""WeCom's change_type."""


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A session as WeCom's calls name it."""

    conversation_id: int
    open_kfid: str
    external_userid: str
    state: int | None


def seat(session: Session, conversation_id: int, *, by: int) -> Seat:
    """Whose session it is, for who may move it. Raises `NotAllowed`, `NotFound`, `Conflict` outside 微信客服."""
    staff.require(session, by, staff.Action.TAKE_OVER)
    listed = conversations.seen(session, conversation_id, by=by)
    if listed.conversation.channel is not Channel.KF:
        raise Conflict('只有微信客服的会话可以转给接待人员。', 'channel')
    return Seat(
        conversation_id=conversation_id,
        open_kfid=listed.contact.account,
        external_userid=listed.contact.external_userid,
        state=listed.conversation.session_state,
    )


def moved(
    session: Session, conversation_id: int, state: SessionState, servicer: str | None, *, by: int
) -> Conversation:
    """Somebody at the console gave the session another state, and WeCom agreed."""
    conversation = conversations.locked(session, conversation_id)
    audit.record(
        session,
        'kf_session',
        'conversation',
        conversation_id,
        by=by,
        before=conversation.session_state,
        after=int(state),
        servicer=servicer,
    )
    learned(session, conversation, state, servicer)
    return conversation


def looked_up(session: Session, conversation_id: int, state: int, servicer: str | None) -> None:
    """WeCom was asked who answers this conversation."""
    learned(session, conversations.locked(session, conversation_id), state, servicer)


def learned(session: Session, conversation: Conversation, state: int, servicer: str | None) -> None:
    """WeCom says who answers this locked conversation."""
    if (conversation.session_state, conversation.servicer) != (state, servicer):
        conversation.session_state, conversation.servicer = state, servicer
        signals.announce(session, signals.conversation_changed, conversation.id)


def changed(session: Session, conversation: Conversation, change: object, servicer: str | None) -> None:
    """A member took, passed on, ended or opened again the session in the WeCom client."""
    if change in (TAKEN, TRANSFERRED, REOPENED):
        learned(session, conversation, SessionState.SERVICER, servicer)
    elif change == OVER:
        learned(session, conversation, SessionState.ENDED, None)


def spoke(session: Session, conversation: Conversation, at: datetime) -> None:
    """The customer wrote: what was over begins anew, and is nobody's yet. Silence ends a session without a word."""
    before = conversation.customer_spoke_at
    silent = before is not None and at - before > kf_window.OPEN_FOR
    if silent or conversation.session_state in (None, SessionState.ENDED):
        learned(session, conversation, SessionState.UNHANDLED, None)


def recalled(session: Session, conversation: Conversation, msgid: str, at: datetime) -> None:
    """A message was taken back by who wrote it. That it had been there stays on record."""
    taken_back = session.scalars(
        update(Message)
        .where(Message.conversation_id == conversation.id, Message.external_id == msgid, Message.recalled_at.is_(None))
        .values(recalled_at=at)
        .returning(Message.id)
    ).all()
    if taken_back:
        search_index.leave_out(session, taken_back)
        signals.announce(session, signals.conversation_changed, conversation.id)


def not_ours(session: Session, state: int, servicer: str | None) -> str:
    """Why a reply was not sent and who is to answer instead, for the person at the screen."""
    if state == SessionState.SERVICER:
        who = name_of(session, servicer)
        return f'会话正由{who}在企业微信中接待，消息未发送。请由{who}在企业微信中回复，或先结束人工接待。'
    if state == SessionState.POOL:
        return '会话在接待池中排队，消息未发送。请接待人员在企业微信中接入并回复。'
    return '会话已结束，消息未发送。请等客户再次咨询后重发。'


def name_of(session: Session, servicer: str | None) -> str:
    """What staff call the member; her WeCom id where she has no account here."""
    member = staff.by_wecom_userid(session, servicer) if servicer else None
    return member.name if member else servicer or '接待人员'
