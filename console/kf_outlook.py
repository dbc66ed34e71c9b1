"""Whether a reply to a 微信客服 customer would go out, said before anybody releases it. WeCom has the last word."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from console import kf_sessions, kf_window
from models import Channel, Conversation, SessionState


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """`room`: how many parts may still go out, None if they are not counted. `told`: what to know before releasing;
    `blocked`: why a release could only fail. Either may be empty."""

    room: int | None = None
    told: str = ''
    blocked: str = ''

    def why_not(self, parts: int) -> str:
        """Why a reply of so many parts could only fail; empty if it would go out."""
        if self.blocked or self.room is None or parts <= self.room:
            return self.blocked
        return kf_window.too_many(parts, self.room)


def of(session: Session, conversation: Conversation, *, as_file: bool) -> Outlook:
    """The outlook for a reply in this conversation, a text or a file. Other channels have none of these hindrances."""
    if conversation.channel is not Channel.KF:
        return Outlook()
    if why := closed_to_us(session, conversation, as_file=as_file):
        return Outlook(blocked=why)
    if conversation.session_state == SessionState.SERVICER:
        who = kf_sessions.name_of(session, conversation.servicer)
        return Outlook(told=f'会话正由{who}在企业微信中接待，通过后系统不会发送，由{who}在侧边栏中发给客户。')
    window = kf_window.room(session, conversation)
    return Outlook(room=window.left, blocked=window.why_closed)


def closed_to_us(session: Session, conversation: Conversation, *, as_file: bool) -> str:
    """Why WeCom lets nothing be sent into this session as it stands, whatever the window; empty where it does."""
    who = kf_sessions.name_of(session, conversation.servicer)
    match conversation.session_state:
        case SessionState.SERVICER if as_file:
            return f'会话正由{who}在企业微信中接待，系统不能发送。请由{who}在企业微信中发送，或先结束人工接待。'
        case SessionState.POOL:
            return '会话在接待池中排队，系统不能发送。请接待人员在企业微信中接入并回复，或先结束排队。'
        case SessionState.ENDED:
            return '会话已结束，系统不能发送。请等客户再次发来消息。'
    return ''
