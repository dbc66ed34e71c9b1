from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from console import conversations, media_files, media_shelf
from console.database import Database
from console.media_files import Claim, Trouble
from models import Channel, MediaFile, MediaStatus, utc_now

JPEG = b'\xff\xd8\xff\xe0' + bytes(200)
HTML = b'<!DOCTYPE html><script>alert(1)</script>'
ZIP_BOMB = b'PK\x03\x04' + bytes(100)
OUT_OF_REACH = Trouble(text='暂时无法连接企业微信。', for_good=False)


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path) -> Iterator[Path]:
    media_shelf.open_folder(tmp_path / 'media')
    yield tmp_path / 'media'


def heard(session: Session, *, kind: str = 'image', media_id: str | None = 'media-1', who: str = 'wang_mama') -> int:
    """A parent sent a picture, or what `kind` says; the conversation's id."""
    one = conversations.Heard(
        channel=Channel.APP,
        external_userid=who,
        external_id=f'{who}-{media_id}',
        kind=kind,
        text='[图片]',
        sent_at=utc_now(),
        media_id=media_id,
        fields={'PicUrl': 'http://127.0.0.1:1/picture.jpg'},
        corp_id='ww1',
    )
    conversations.hear(session, [one])
    return conversations.ensure(session, Channel.APP, who).id


def claimed(db: Database) -> Claim:
    found = db.transact(media_files.claim_next)
    assert found is not None
    return found


def only(db: Database) -> MediaFile:
    return db.read(lambda session: session.scalars(select(MediaFile)).one())


def kept(db: Database, content: bytes = JPEG, *, name: str = '报名表.jpg', kind: str = 'image') -> MediaFile:
    db.transact(heard, kind=kind)
    assert db.transact(media_files.record, claimed(db), media_files.store(content, name, kind))
    return only(db)


def test_a_picture_is_wanted_with_its_message_and_only_once(db: Database):
    db.transact(heard)
    db.transact(heard)

    wanted = only(db)
    assert (wanted.status, wanted.corp_id, wanted.media_id, wanted.kind) == (
        MediaStatus.WAITING,
        'ww1',
        'media-1',
        'image',
    )
    assert claimed(db).media_id == 'media-1'
    assert db.transact(media_files.claim_next) is None


@pytest.mark.parametrize(('kind', 'media_id'), [('text', None), ('link', None), ('image', None), ('location', 'm')])
def test_what_has_no_file_of_its_own_is_not_wanted(db: Database, kind: str, media_id: str | None):
    db.transact(heard, kind=kind, media_id=media_id)

    assert db.transact(media_files.claim_next) is None
