import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console import alerts, backups, conversations, hearing, media_fetching, media_files, media_shelf, media_traffic
from console.database import Database
from console.errors import Invalid, NotFound
from console.media_fetching import Claim, Trouble
from models import Channel, Contact, Conversation, MediaFile, MediaStatus, Message, Role, utc_now
from tests import story
from tests.hostile import filled, outcome
from tests.wecom.asking import Clock, client_of
from tests.wecom.fake_api import FakeApi, Raw, serving

JPEG = b'\xff\xd8\xff\xe0' + bytes(200)
HTML = b'\n<!-- x --><!DOCTYPE html><script>alert(1)</script>'
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
TOO_OFTEN = Trouble(text='请求太频繁，稍后自动重试。', for_good=False, pause=timedelta(minutes=1))
OUT_OF_REACH = Trouble(text='暂时无法连接企业微信。', for_good=False)


@pytest.fixture
def shelf(db: Database) -> Path:
    return media_shelf.folder()


def heard(session: Session, *, kind: str = 'image', media_id: str | None = 'media-1', who: str = 'wang_mama') -> int:
    """A parent sent a picture, or what `kind` says; the conversation's id."""
    one = hearing.Heard(
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
    hearing.hear(session, [one])
    return conversations.ensure(session, Channel.APP, who).id


def claimed(db: Database) -> Claim:
    found = db.transact(media_fetching.claim_next)
    assert found is not None
    return found


def only(db: Database) -> MediaFile:
    return db.read(lambda session: session.scalars(select(MediaFile)).one())


def kept(db: Database, content: bytes = JPEG, *, name: str = '报名表.jpg', kind: str = 'image') -> MediaFile:
    db.transact(heard, kind=kind)
    assert db.transact(media_fetching.record, claimed(db), media_files.store(content, name, kind))
    return only(db)


def test_a_picture_is_wanted_with_its_message_and_only_once(db: Database):
    db.transact(heard)
    again = db.transact(
        lambda session: media_files.want(session, session.scalars(select(Message)).one(), corp_id='ww1')
    )

    wanted = only(db)
    assert again is not None
    assert again.id == wanted.id
    assert (wanted.status, wanted.corp_id, wanted.media_id, wanted.kind) == (
        MediaStatus.WAITING,
        'ww1',
        'media-1',
        'image',
    )
    assert claimed(db).media_id == 'media-1'
    assert db.transact(media_fetching.claim_next) is None


@pytest.mark.parametrize(('sort', 'media_id'), [('text', None), ('link', None), ('image', None), ('location', 'm')])
def test_what_has_no_file_of_its_own_is_not_wanted(db: Database, sort: str, media_id: str | None):
    db.transact(heard, kind=sort, media_id=media_id)

    assert db.transact(media_fetching.claim_next) is None


def bomb() -> bytes:
    """A small .docx that unpacks to a thousand times its size."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as archive, archive.open('word/document.xml', 'w') as entry:
        for _ in range(8):
            entry.write(bytes(16 * 1024 * 1024))
    return packed.getvalue()


def test_a_kept_picture_is_read_back_by_who_may_see_the_conversation(db: Database, shelf: Path):
    kept(db)
    reader = db.transact(story.member)

    found = db.read(media_files.seen, only(db).id, by=reader.id)

    assert (found.name, found.mime, found.size, found.inline) == ('报名表.jpg', 'image/jpeg', len(JPEG), True)
    assert media_shelf.get(found.path or '') == JPEG


def test_neither_the_bytes_nor_the_name_lie_open(db: Database, shelf: Path):
    kept(db, JPEG + b'13812345678', name='13812345678.jpg')

    on_disk = b''.join(file.read_bytes() for file in shelf.rglob('*') if file.is_file())
    assert len(on_disk) > len(JPEG)
    assert b'13812345678' not in on_disk
    assert '13812345678' not in (only(db).name or '')


def test_a_moved_file_does_not_open(db: Database, shelf: Path):
    first, second = media_shelf.put(JPEG), media_shelf.put(JPEG)
    (shelf / first).replace(shelf / second)

    with pytest.raises(media_shelf.CannotOpen):
        media_shelf.get(second)


@pytest.mark.parametrize('path', ['../edudesk.sqlite3', 'ab/../../x', '/etc/passwd', 'ab/cd'])
def test_no_path_leads_out_of_the_folder(db: Database, path: str):
    with pytest.raises(media_shelf.CannotOpen):
        media_shelf.get(path)


def test_a_colleague_without_the_conversation_does_not_learn_of_the_file(db: Database):
    file = kept(db)
    tester = db.transact(story.member, Role.TESTER)

    with pytest.raises(NotFound):
        db.read(media_files.seen, file.id, by=tester.id)


def test_a_recalled_picture_is_no_longer_shown(db: Database):
    file = kept(db)
    reader = db.transact(story.member)
    db.transact(lambda session: session.execute(update(Message).values(recalled_at=utc_now())))

    with pytest.raises(NotFound):
        db.read(media_files.seen, file.id, by=reader.id)


@pytest.mark.parametrize(
    ('content', 'found'), [(HTML, '网页'), (SVG, 'SVG'), (b'MZ' + bytes(90), '程序'), (b'%PDF-1.7', 'PDF')]
)
def test_what_only_calls_itself_a_picture_is_refused_and_not_kept(
    db: Database, shelf: Path, content: bytes, found: str
):
    with pytest.raises(Invalid, match=f'不是图片（内容是{found}'):
        media_files.store(content, '照片.jpg', 'image')

    assert not any(shelf.rglob('*'))


@pytest.mark.parametrize('content', [HTML, SVG, b'MZ' + bytes(90), b'plain', b'\x00\x01', b'#!AMR\n'], ids=repr)
def test_what_could_run_is_only_ever_saved_to_disk(db: Database, content: bytes):
    file = kept(db, content, name='作业.jpg', kind='file')

    assert not media_files.shown(file).inline


def test_an_archive_is_never_unpacked(db: Database):
    packed = bomb()
    began = time.process_time()

    file = kept(db, packed, name='作业.docx', kind='file')

    assert time.process_time() - began < 1
    assert media_files.shown(file).mime == 'application/zip'
    assert (file.size or 0) == len(packed)


@pytest.mark.parametrize(
    ('given', 'shown'),
    [
        ('../../etc/passwd', 'passwd'),
        ('C:\\temp\\a.exe', 'a.exe'),
        ('invoice\u202egnp.exe', 'invoicegnp.exe'),
        ('a\r\nSet-Cookie: x.txt', 'aSet-Cookie x.txt'),
        ('', '文件'),
        ('长' * 300 + '.pdf', '长' * 87 + '….pdf'),
    ],
)
def test_a_name_is_made_safe_to_show(db: Database, given: str, shown: str):
    assert media_files.store(JPEG, given, 'file').name == shown


def test_a_late_fetch_cannot_finish_what_another_holds(db: Database):
    db.transact(heard)
    late = claimed(db)
    db.transact(lambda session: session.execute(update(MediaFile).values(lease_until=utc_now() - timedelta(1))))
    held = claimed(db)

    assert not db.transact(media_fetching.record, late, OUT_OF_REACH)
    assert db.transact(media_fetching.record, held, media_files.store(JPEG, '', 'image'))


def test_a_passing_trouble_puts_the_fetch_off_until_the_media_id_has_expired(db: Database):
    db.transact(heard)
    db.transact(media_fetching.record, claimed(db), OUT_OF_REACH)
    put_off = only(db)
    db.transact(
        lambda session: session.execute(
            update(MediaFile).values(created_at=utc_now() - media_files.LIFETIME, due_at=utc_now())
        )
    )
    db.transact(media_fetching.record, claimed(db), OUT_OF_REACH)

    assert (put_off.status, put_off.last_error) == (MediaStatus.WAITING, OUT_OF_REACH.text)
    assert put_off.due_at > utc_now()
    assert only(db).status is MediaStatus.REFUSED


def test_what_waits_for_room_says_so_and_forgets_it_once_it_is_fetched(db: Database):
    db.transact(heard)
    db.transact(media_fetching.wait_for_room)
    assert (only(db).status, media_files.shown(only(db)).trouble) == (MediaStatus.WAITING, media_fetching.NO_ROOM)

    held = claimed(db)
    db.transact(media_fetching.wait_for_room)
    assert db.transact(media_fetching.record, held, media_files.store(JPEG, '报名表.jpg', 'image'))

    assert (only(db).status, only(db).attempts, only(db).last_error) == (MediaStatus.KEPT, 1, None)


def test_what_holds_up_every_file_is_told_until_one_is_fetched(db: Database):
    db.transact(heard)
    db.transact(media_fetching.record, claimed(db), TOO_OFTEN)
    assert [(alert.kind, alert.text) for alert in db.read(alerts.open_alerts)] == [('media', TOO_OFTEN.text)]

    db.transact(heard, who='liu_baba')
    db.transact(media_fetching.record, claimed(db), OUT_OF_REACH)
    assert len(db.read(alerts.open_alerts)) == 1

    db.transact(lambda session: session.execute(update(MediaFile).values(due_at=utc_now())))
    db.transact(media_fetching.record, claimed(db), media_files.store(JPEG, '报名表.jpg', 'image'))
    assert db.read(alerts.open_alerts) == []


def test_bytes_that_no_row_knows_of_are_swept_after_an_hour(db: Database, shelf: Path):
    file, stray, fresh = kept(db), media_shelf.put(JPEG), media_shelf.put(JPEG)
    for path in (file.path or '', stray):
        os.utime(shelf / path, (0, time.time() - 3601))

    assert media_files.sweep(set(db.read(media_files.known_paths).values())) == 1
    assert media_shelf.get(file.path or '') == media_shelf.get(fresh) == JPEG
    assert not (shelf / stray).exists()


def test_what_is_known_is_read_a_few_at_a_time(db: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(media_files, 'MOST_AT_ONCE', 2)
    for who in ('wang_mama', 'liu_baba', 'zhao_nainai'):
        db.transact(heard, who=who)
    for _ in range(3):
        assert db.transact(media_fetching.record, claimed(db), media_files.store(JPEG, '报名表.jpg', 'image'))

    first = db.read(media_files.known_paths)
    rest = db.read(media_files.known_paths, after=max(first))

    assert [*first, *rest] == [1, 2, 3]
    assert {*first.values(), *rest.values()} == set(media_shelf.paths(before=utc_now() + timedelta(minutes=1)))
    assert db.read(media_files.known_paths, after=max(rest)) == {}


def test_a_shelf_of_another_database_is_left_alone(db: Database, shelf: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(media_files, 'MOST_SWEPT', 2)
    strays = [media_shelf.put(JPEG) for _ in range(3)]
    for path in strays:
        os.utime(shelf / path, (0, 0))

    assert media_files.sweep(set(db.read(media_files.known_paths).values())) == 0
    assert all((shelf / path).exists() for path in strays)


def test_the_files_of_an_erased_contact_go_with_it(db: Database, shelf: Path):
    file = kept(db)
    db.transact(lambda session: session.delete(session.scalars(select(Contact)).one()))
    os.utime(shelf / (file.path or ''), (0, 0))

    assert media_files.sweep(set(db.read(media_files.known_paths).values())) == 1
    assert db.read(lambda session: session.scalars(select(Conversation)).all()) == []


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving() as api:
        yield api


NAMED = {'Content-Type': 'image/jpeg', 'Content-Disposition': 'attachment; filename="photo.jpg"'}


@pytest.mark.parametrize(
    ('answer', 'status', 'why'),
    [
        (Raw(JPEG, headers=NAMED), MediaStatus.KEPT, None),
        ({'errcode': 40007, 'errmsg': 'invalid media_id'}, MediaStatus.REFUSED, '素材已过期（超过 3 天）'),
        (Raw(HTML, headers=NAMED), MediaStatus.REFUSED, '不是图片'),
        (Raw(bytes(media_files.LARGEST + 1), headers=NAMED), MediaStatus.REFUSED, '超过 20 MB'),
        (Raw(status=302, headers={'Location': 'http://127.0.0.1:1/'}), MediaStatus.WAITING, '暂时无法连接'),
        ({'errcode': 45009, 'errmsg': 'api freq out of limit'}, MediaStatus.WAITING, '45009'),
    ],
    ids=['picture', 'expired', 'html', '20 MB and a byte', 'redirect', 'rate'],
)
def test_what_a_fetch_comes_to(
    db: Database, api: FakeApi, answer: dict[str, object] | Raw, status: MediaStatus, why: str | None
):
    api.answers('media/get', answer)
    db.transact(heard)
    held = claimed(db)

    db.transact(media_fetching.record, held, media_traffic.fetch(client_of(api.base_url, Clock()), held))

    assert only(db).status is status
    assert (why or '') in (only(db).last_error or '')
    assert {asked.path for asked in api.asked} == {'gettoken', 'media/get'}  # never the PicUrl


def test_a_backup_brings_the_files_back_as_well(db: Database, shelf: Path, tmp_path: Path):
    file = kept(db)
    backups.write(db.engine, tmp_path / 'all.zip')
    media_shelf.drop(file.path or '')

    backups.restore(db.engine, tmp_path / 'all.zip', force=True)

    assert media_shelf.get(only(db).path or '') == JPEG


def test_a_backup_leads_no_file_out_of_the_folder(db: Database, shelf: Path, tmp_path: Path):
    kept(db)
    backups.write(db.engine, tmp_path / 'all.zip')
    with zipfile.ZipFile(tmp_path / 'all.zip') as good, zipfile.ZipFile(tmp_path / 'bad.zip', 'w') as bad:
        for name in good.namelist():
            bad.writestr('media/../../escaped' if name.startswith('media/') else name, good.read(name))

    with pytest.raises(backups.NotABackup):
        backups.restore(db.engine, tmp_path / 'bad.zip', force=True)

    assert not (shelf.parent.parent / 'escaped').exists()
    assert only(db).status is MediaStatus.KEPT


def test_a_file_that_is_missing_does_not_stop_a_backup(db: Database, tmp_path: Path):
    media_shelf.drop(kept(db).path or '')

    backups.write(db.engine, tmp_path / 'all.zip')

    with zipfile.ZipFile(tmp_path / 'all.zip') as archive:
        assert json.loads(archive.read('manifest.json'))['media_missing'] == 1


@pytest.mark.parametrize('over', ['<!---->', '<?xml><!---->', '<!--', ' ', '<?xml '])
def test_no_file_holds_up_who_looks_what_it_is(over: str):
    program = 'from console.file_types import sniffed\nprint(sniffed(text.encode()))'

    assert outcome(program, filled('', over, end='.', length=1024)) == 'text/plain'
