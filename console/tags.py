"""企业客户标签, as WeCom has them, and which customer bears which."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from console.database import insert_many_once
from console.errors import Invalid
from console.wecom.contacts import CorpTag
from models import ContactTag, Tag, utc_now


def keep(session: Session, found: Sequence[CorpTag]) -> None:
    """These are all tags there are; what is missing was deleted in WeCom."""
    rows = {tag.wecom_id: tag for tag in session.scalars(select(Tag))}
    for one in found:
        tag = rows.pop(one.wecom_id, None)
        if tag is None:
            tag = Tag(wecom_id=one.wecom_id, name=one.name)
            session.add(tag)
        tag.name, tag.group_name, tag.position, tag.retired = one.name, one.group_name, one.position, False
    for gone in rows.values():
        gone.retired = True
    session.flush()


def retire(session: Session, wecom_id: str) -> None:
    """Deleted in WeCom."""
    session.execute(update(Tag).where(Tag.wecom_id == wecom_id).values(retired=True))


def everything(session: Session) -> list[Tag]:
    """All tags that may be given, in WeCom's order."""
    return list(session.scalars(select(Tag).where(Tag.retired.is_(False)).order_by(Tag.position, Tag.id)))


def of_contacts(session: Session, contact_ids: Sequence[int]) -> dict[int, list[Tag]]:
    """The tags each bears, in WeCom's order; a contact without any is missing."""
    found: dict[int, list[Tag]] = {}
    rows = session.execute(
        select(ContactTag.contact_id, Tag)
        .join(Tag, Tag.id == ContactTag.tag_id)
        .where(ContactTag.contact_id.in_(contact_ids), Tag.retired.is_(False))
        .order_by(Tag.position, Tag.id)
    )
    for contact_id, tag in rows:
        found.setdefault(contact_id, []).append(tag)
    return found


def replace(session: Session, wanted: Mapping[int, Iterable[str]]) -> None:
    """Each contact bears exactly the tags with these ids of WeCom's; ids we do not know yet are left out."""
    if not wanted:
        return
    every_id = {wecom_id for ids in wanted.values() for wecom_id in ids}
    known = {row.wecom_id: row.id for row in session.execute(select(Tag.wecom_id, Tag.id)) if row.wecom_id in every_id}
    new = {(contact_id, known[one]) for contact_id, ids in wanted.items() for one in ids if one in known}
    rows = session.execute(
        select(ContactTag.contact_id, ContactTag.tag_id).where(ContactTag.contact_id.in_(wanted.keys()))
    )
    old = {(contact_id, tag_id) for contact_id, tag_id in rows}
    _give(session, new - old)
    _take(session, old - new)


def difference(session: Session, contact_id: int, wanted: Iterable[int]) -> tuple[list[str], list[str]]:
    """WeCom's ids of what is to be given and taken so that the contact bears the tags `wanted`. Raises `Invalid`."""
    wanted = set(wanted)
    open_tags = {tag.id: tag.wecom_id for tag in everything(session)}
    if not wanted <= open_tags.keys():
        raise Invalid('tags', '有标签已在企业微信中删除，请刷新后再选。')
    borne = {tag.id for tag in of_contacts(session, [contact_id]).get(contact_id, [])}
    return sorted(open_tags[one] for one in wanted - borne), sorted(open_tags[one] for one in borne - wanted)


def apply(session: Session, contact_id: int, *, add: Sequence[str], remove: Sequence[str]) -> list[str]:
    """Give and take; the changes in words, '+意向高'."""
    rows = {tag.wecom_id: tag for tag in session.scalars(select(Tag).where(Tag.wecom_id.in_([*add, *remove])))}
    _give(session, {(contact_id, rows[one].id) for one in add if one in rows})
    _take(session, {(contact_id, rows[one].id) for one in remove if one in rows})
    return [f'+{rows[one].name}' for one in add if one in rows] + [
        f'-{rows[one].name}' for one in remove if one in rows
    ]


def _give(session: Session, pairs: set[tuple[int, int]]) -> None:
    now = utc_now()
    insert_many_once(
        session,
        ContactTag,
        [{'contact_id': contact_id, 'tag_id': tag_id, 'since': now} for contact_id, tag_id in sorted(pairs)],
    )


def _take(session: Session, pairs: set[tuple[int, int]]) -> None:
    for contact_id, tag_id in sorted(pairs):
        session.execute(delete(ContactTag).where(ContactTag.contact_id == contact_id, ContactTag.tag_id == tag_id))
