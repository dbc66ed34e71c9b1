"""What 微信客服 adds to deliveries: texts that an event allows, and messages that WeCom took and could not deliver.

See developer.work.weixin.qq.com/document/path/95122 and path/94670, read 2026-11-24.
"""

from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from console import conversations, deliveries, kf_sessions, kf_window
from console.wecom.kf import event_request
from models import Author, Contact, Conversation, Delivery, DeliveryStatus, Direction, KfAccount, SessionState, utc_now

OnEvent = Literal['welcome', 'closing']

FAILURES = {
    1: '客服账号已被删除。请联系管理员',
    2: '应用已被停用。请联系管理员启用',
    4: '客户上次发言已超过 48 小时。请等客户再发消息后重发',
    5: '会话已结束。请等客户再次咨询后重发',
    6: '客户上次发言后已回复满 5 条。请等客户再发消息后重发',
    8: '企业未认证。请管理员完成企业认证',
    10: '客户已拒收消息。请用其他方式联系客户',
    11: '企业没有成员登录企业微信。请让一位成员登录后重发',
    12: '客户无法接收这类消息。请改用文字重发',
    13: '存在安全限制。请修改内容后再发',
}
"""WeCom's fail_type."""


def reason(fail_type: int) -> str:
    """Why a message that was accepted did not arrive, and what to do, for the person at the screen."""
    why = FAILURES.get(fail_type, '企业微信没有说明原因。请稍后重发，或用其他方式联系客户')
    return f'企业微信已接收但没能送达：{why}。（失败类型 {fail_type}）'


def say(
    session: Session, conversation: Conversation, account: KfAccount, kind: OnEvent, *, code: object, at: datetime
) -> Delivery | None:
    """Put what the account says by itself on its way, if that was approved and WeCom gave a code for it `at` a time.

    A code lives 20 seconds. Its request can be frozen at once.
    """
    text = account.welcome_text if kind == 'welcome' else account.closing_text
    usable = deliveries.usable(code, given_at=at)
    if usable is None or not text:
        return None
    message = conversations.add_message(
        session, conversation, direction=Direction.OUT, author=Author.SYSTEM, staff_id=account.texts_by_id, text=text
    )
    client_id = deliveries.new_id(1)
    request = event_request(usable, text, msgid=client_id)
    return deliveries.queue_on_event(session, conversation, message, kind=kind, client_id=client_id, request=request)


def ended(session: Session, conversation_id: int, code: str | None, *, by: int) -> None:
    """Somebody at the console ended the session, and WeCom agreed."""
    conversation = kf_sessions.moved(session, conversation_id, SessionState.ENDED, None, by=by)
    contact = session.get_one(Contact, conversation.contact_id)
    account = session.scalar(select(KfAccount).where(KfAccount.open_kfid == contact.account))
    if account is not None:
        say(session, conversation, account, 'closing', code=code, at=utc_now())


def bounce(session: Session, client_id: str, fail_type: int) -> bool:
    """WeCom could not deliver what it had accepted, as it may say before we learn that it had. False: not ours.

    What is on record as bounced stays so, whatever an attempt still under way comes to.
    """
    conversation_id = session.scalar(select(Delivery.conversation_id).where(_named(client_id)))
    if not client_id or conversation_id is None:
        return False
    conversation = conversations.locked(session, conversation_id)
    row = session.scalars(
        select(Delivery).where(_named(client_id)).with_for_update().execution_options(populate_existing=True)
    ).one()
    if row.status is DeliveryStatus.BOUNCED:
        return True
    if row.status is not DeliveryStatus.ACCEPTED:
        kf_window.used(conversation, row)
    row.lease_until, row.fail_type, row.maybe_sent = None, fail_type, False
    row.last_error = reason(fail_type)
    deliveries.give_up(session, row, DeliveryStatus.BOUNCED)
    return True


def _named(client_id: str) -> ColumnElement[bool]:
    return or_(Delivery.client_id == client_id, Delivery.wecom_msgid == client_id)
