"""What 微信客服 customers are called in WeChat, and their pictures."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import contact_matching, signals
from console.wecom.kf import MOST_CUSTOMERS, Customer
from models import Channel, Contact, Conversation, utc_now

A_DAY = timedelta(days=1)


def unnamed(session: Session) -> list[str]:
    """Up to 100 customers WeCom is to be asked about: new ones, and day by day those who spoke again."""
    outdated = (Contact.synced_at < utc_now() - A_DAY) & (Conversation.customer_spoke_at > Contact.synced_at)
    return list(
        session.scalars(
            select(Contact.external_userid)
            .join(Conversation, Conversation.contact_id == Contact.id)
            .where(Contact.channel == Channel.KF, Contact.synced_at.is_(None) | outdated)
            .distinct()
            .limit(MOST_CUSTOMERS)
        )
    )


def named(session: Session, asked: Sequence[str], found: Sequence[Customer]) -> None:
    """WeCom answered for these customers; those it left out were silent for 48 hours and keep what they are called."""
    known = {customer.external_userid: customer for customer in found}
    rows = session.execute(
        select(Contact, Conversation.id)
        .join(Conversation, Conversation.contact_id == Contact.id)
        .where(Contact.channel == Channel.KF, Contact.external_userid.in_(list(asked)))
        .order_by(Contact.id)
        .with_for_update(of=Contact)
    ).all()
    for contact, conversation_id in rows:
        contact.synced_at = utc_now()
        customer = known.get(contact.external_userid)
        if customer is None or (customer.nickname, customer.avatar_url) == (contact.name, contact.avatar_url):
            continue
        contact.name, contact.avatar_url = customer.nickname or contact.name, customer.avatar_url
        signals.announce(session, signals.conversation_changed, conversation_id)
    contact_matching.take_over(session, [contact for contact, _ in rows])
