"""「联系我」: codes that add a member, each telling where the parents who scan it come from."""

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from console import audit, customer_welcomes, signals, staff
from console.errors import Invalid, NotFound
from console.wecom.contacts import LONGEST_WAY_NAME
from models import ContactWay, Staff

LONGEST_NAME = LONGEST_WAY_NAME


def everyone(session: Session, *, by: int) -> list[ContactWay]:
    """All codes, the newest first. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_SETTINGS)
    return list(session.scalars(select(ContactWay).order_by(ContactWay.id.desc())))


def reachable(session: Session) -> dict[str, str]:
    """Whom a code may add: name by userid."""
    members = session.scalars(
        select(Staff).where(Staff.active.is_(True), Staff.wecom_userid.is_not(None)).order_by(Staff.name)
    )
    return {member.wecom_userid or '': member.name for member in members}


def begin(session: Session, name: str, wecom_userid: str, *, welcome: str = '', by: int) -> ContactWay:
    """A code that WeCom has yet to make: kept first, so that nobody comes by a code we do not know.

    Raises `NotAllowed`, `Invalid` naming the field.
    """
    staff.require(session, by, staff.Action.SEE_SETTINGS)
    name = ' '.join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid('name', f'来源名称须为 1–{LONGEST_NAME} 个字符。')
    if wecom_userid not in reachable(session):
        raise Invalid('wecom_userid', '请选择一位已填写企业微信 userid 的在职同事。')
    way = ContactWay(
        name=name,
        state=f'w{secrets.token_hex(8)}',
        wecom_userid=wecom_userid,
        welcome_text=customer_welcomes.checked(welcome),
        made_by_id=by,
    )
    session.add(way)
    session.flush()
    audit.record(session, 'create', 'contact_way', way.id, by=by, name=name)
    return way


def made(session: Session, way_id: int, config_id: str, qr_code_url: str) -> None:
    """WeCom made it."""
    way = session.get(ContactWay, way_id, with_for_update=True)
    if way is None:
        raise NotFound('这个二维码')
    way.config_id, way.qr_code_url = config_id, qr_code_url
    signals.announce(session, signals.customers_changed, 0)


def seen(session: Session, way_id: int, *, by: int) -> ContactWay:
    """Raises `NotAllowed`, `NotFound`."""
    staff.require(session, by, staff.Action.SEE_SETTINGS)
    way = session.get(ContactWay, way_id)
    if way is None:
        raise NotFound('这个二维码')
    return way


def set_welcome(session: Session, way_id: int, text: str, *, by: int) -> ContactWay:
    """What is said at once to who comes by this code. Raises `NotAllowed`, `NotFound`, `Invalid` naming the field."""
    way = seen(session, way_id, by=by)
    before, way.welcome_text = way.welcome_text, customer_welcomes.checked(text)
    audit.record(session, 'welcome', 'contact_way', way_id, by=by, before=before, after=way.welcome_text)
    signals.announce(session, signals.customers_changed, 0)
    return way


def erase(session: Session, way_id: int, *, by: int) -> None:
    """It is gone in WeCom, or never came to be there. Customers keep the source it gave them."""
    way = seen(session, way_id, by=by)
    session.delete(way)
    audit.record(session, 'erase', 'contact_way', way_id, by=by, name=way.name)
    signals.announce(session, signals.customers_changed, 0)
