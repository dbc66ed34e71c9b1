"""素材: kept once, found by who may, sent in the client and kept with the conversation."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from console import client_sends, conversations, material_sends, materials, media_files, media_uploads
from console.database import Database
from console.errors import Conflict, ConsoleError, NotAllowed, NotFound
from console.material_sends import Ready
from console.media_uploads import Upload
from console.sidebar import NotYours
from models import Contact, Direction, MediaFile, Message, Role, utc_now
from tests import story
from tests.console.test_sidebar import PARENT, agent, customer

PICTURE = b'\x89PNG\r\n\x1a\n' + b'map' * 20
CORP = 'ww1'


def shelved(db: Database, name: str = '南湖校区地图', *, by: int | None = None, content: bytes = PICTURE) -> int:
    stored = media_files.store(content, f'{name}.png', 'image')
    return db.transact(materials.add, stored, 'image', name=name, group='到校', by=by).id


def test_a_material_is_kept_once_found_by_all_and_changed_by_who_keeps_the_knowledge(db: Database) -> None:
    boss, one = db.transact(story.member), db.transact(agent, 'ZhouGuWen')
    number = shelved(db, by=boss.id)

    assert [found.name for found in db.read(materials.find, '地图 到校', by=one.id)] == ['南湖校区地图']
    assert db.read(media_files.seen, 1, by=one.id).inline
    with pytest.raises(Conflict, match='南湖校区地图'):
        shelved(db, '又一次', by=boss.id)
    for deed in (materials.put_aside, materials.take_up):
        with pytest.raises(NotAllowed):
            db.transact(deed, number, by=one.id)

    db.transact(materials.put_aside, number, by=boss.id)
    assert db.read(materials.find, '', by=one.id) == []
    assert db.read(materials.everything, by=one.id) == []
    assert [found.active for found in db.read(materials.everything, by=boss.id)] == [False]
    db.transact(materials.take_up, number, by=boss.id)
    db.transact(materials.rename, number, name='地图', group='', by=boss.id)
    assert [(found.name, found.group) for found in db.read(materials.find, '', by=one.id)] == [('地图', '')]


def test_a_material_outlives_the_clearing_of_files_that_were_never_sent(db: Database) -> None:
    shelved(db)

    def grow_old(session: Session) -> None:
        session.scalars(select(MediaFile)).one().created_at = utc_now() - media_files.KEPT_UNSENT * 2

    db.transact(grow_old)
    assert db.transact(media_files.forget_unsent) == 0


def test_a_material_is_uploaded_once_for_each_company_and_again_when_that_ran_out(db: Database) -> None:
    zhou = db.transact(agent, 'ZhouGuWen')
    contact_id, number = db.transact(customer, 'ZhouGuWen'), shelved(db)

    def plan(corp_id: str = CORP) -> Ready | Upload:
        return db.transact(material_sends.clear, contact_id, number, corp_id=corp_id, by=zhou.id)

    def ran_out(session: Session) -> None:
        session.scalars(select(MediaFile)).one().uploaded_until = utc_now() + media_uploads.SPARE / 2

    first = plan()
    assert isinstance(first, Upload)
    assert first.name == '南湖校区地图.png'
    ready = db.transact(material_sends.uploaded, contact_id, number, 'media-1', corp_id=CORP, by=zhou.id)
    assert ready == plan() == Ready(kind='image', media_id='media-1', words='[图片] 南湖校区地图.png')
    assert isinstance(plan('ww2'), Upload)
    db.transact(material_sends.uploaded, contact_id, number, 'media-2', corp_id='ww2', by=zhou.id)
    db.transact(ran_out)
    assert isinstance(plan('ww2'), Upload)


def test_what_the_client_sent_is_one_message_with_the_file_and_its_reply_stays_on_offer(db: Database) -> None:
    zhou = db.transact(agent, 'ZhouGuWen')
    number = shelved(db)
    draft = db.transact(story.drafted, who=PARENT)
    contact_id = db.read(lambda session: session.scalars(select(Contact.id)).one())

    for _ in range(2):
        db.transact(material_sends.record, contact_id, number, sent_id='a', by=zhou.id)

    [message] = db.read(_out)
    assert (message.kind, message.text, message.staff_id) == ('image', '[图片] 南湖校区地图.png', zhou.id)
    assert message.fields == {'client': 'a'}
    assert db.read(media_files.of_messages, [message.id])[message.id].name == '南湖校区地图.png'
    assert db.read(conversations.seen, draft.conversation_id, by=zhou.id).conversation.waiting_since is not None
    assert db.read(materials.find, '', by=zhou.id)[0].uses == 1


def test_wecoms_own_line_about_a_picture_confirms_it(db: Database) -> None:
    zhou = db.transact(agent, 'ZhouGuWen')
    contact_id, number = db.transact(customer, 'ZhouGuWen'), shelved(db)
    told = db.transact(material_sends.record, contact_id, number, sent_id='a', by=zhou.id)

    def listed(session: Session, msgid: str) -> bool:
        conversation = conversations.locked(session, told.conversation_id)
        return client_sends.confirm(
            session, conversation, '[图片]', kind='image', msgid=msgid, by=zhou.id, at=utc_now()
        )

    assert [db.transact(listed, msgid) for msgid in ('wecom-1', 'wecom-2')] == [True, False]
    [message] = db.read(_out)
    assert (message.external_id, message.fields) == ('wecom-1', {'client': 'a', 'confirmed': True})


def test_nobody_sends_to_anothers_parent_or_what_was_put_aside(db: Database) -> None:
    zhou, _, boss = db.transact(agent, 'ZhouGuWen'), db.transact(agent, 'LiLaoShi'), db.transact(story.member)
    number = shelved(db)
    hers, others = db.transact(customer, 'ZhouGuWen'), db.transact(customer, 'LiLaoShi', 'wmOther')
    tester = db.transact(story.member, role=Role.TESTER)
    db.transact(materials.put_aside, number, by=boss.id)
    deeds: list[tuple[type[ConsoleError], Callable[[], object]]] = [
        (NotYours, lambda: db.transact(material_sends.clear, others, number, corp_id=CORP, by=zhou.id)),
        (NotYours, lambda: db.transact(material_sends.record, others, number, sent_id='a', by=zhou.id)),
        (NotFound, lambda: db.transact(material_sends.clear, hers, number, corp_id=CORP, by=zhou.id)),
        (NotYours, lambda: db.transact(material_sends.clear, hers, number, corp_id=CORP, by=tester.id)),
    ]
    for refusal, deed in deeds:
        with pytest.raises(refusal):
            deed()


def _out(session: Session) -> list[Message]:
    return list(session.scalars(select(Message).where(Message.direction == Direction.OUT)))
