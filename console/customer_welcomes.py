"""What a customer hears at once from the colleague she just added: approved beforehand, WeCom waits 20 seconds for it.

See developer.work.weixin.qq.com/document/path/92137, read 2026-11-24.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import conversations, deliveries
from console.errors import Invalid
from console.wecom.contacts import LONGEST_WELCOME_BYTES, welcome_request
from models import Author, Contact, ContactWay, Delivery, Direction, Policy, storable


def checked(text: str | None) -> str | None:
    """The text as it is kept; None where nothing is to be said. Raises `Invalid` naming `welcome_text`."""
    text = storable(text or '').replace('\r\n', '\n').strip()
    if len(text.encode()) > LONGEST_WELCOME_BYTES:
        raise Invalid(
            'welcome_text', f'欢迎语太长，最多 {LONGEST_WELCOME_BYTES} 字节（约 {LONGEST_WELCOME_BYTES // 3} 个汉字）。'
        )
    return text or None


def say(session: Session, contact: Contact, *, state: object, code: object, at: datetime) -> Delivery | None:
    """Put the words of the code she came by on their way, or the school's; None where there are none or it is too late.

    `state` is of the 「联系我」 code, `code` WeCom's for one welcome, given `at` a time.
    """
    usable = deliveries.usable(code, given_at=at)
    if usable is None:
        return None
    way = session.scalar(select(ContactWay).where(ContactWay.state == state)) if isinstance(state, str) else None
    text = way.welcome_text if way is not None and way.welcome_text else session.scalar(select(Policy.welcome_text))
    if not text:
        return None
    conversation = conversations.ensure(session, contact.channel, contact.external_userid, account=contact.account)
    message = conversations.add_message(session, conversation, direction=Direction.OUT, author=Author.SYSTEM, text=text)
    client_id = deliveries.new_id(1)
    return deliveries.queue_on_event(
        session, conversation, message, kind='welcome', client_id=client_id, request=welcome_request(usable, text)
    )
