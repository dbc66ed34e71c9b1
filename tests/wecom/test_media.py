import gzip

import pytest

from console.errors import Invalid
from console.wecom import media
from console.wecom.client import WeComClient
from console.wecom.refusals import FileTooLarge
from tests.wecom.asking import refused, told_by, unreached
from tests.wecom.fake_api import SECRET, FakeApi, Raw

JPEG = b'\xff\xd8\xff\xe0' + bytes(300)
NAMED = {'Content-Type': 'image/jpeg', 'Content-Disposition': 'attachment; filename="photo.jpg"'}


def answers(api: FakeApi, body: bytes, **headers: str) -> None:
    api.answers('media/get', Raw(body, headers={name.replace('_', '-'): value for name, value in headers.items()}))


@pytest.mark.parametrize(
    ('disposition', 'name'),
    [
        ('attachment; filename="photo.jpg"', 'photo.jpg'),
        ('attachment; filename="x.pdf"; filename*=UTF-8\'\'%E6%8A%A5%E5%90%8D%E8%A1%A8.pdf', '报名表.pdf'),
        ('attachment; filename="报名表.pdf"'.encode().decode('latin-1'), '报名表.pdf'),
    ],
    ids=['plain', 'rfc 6266', 'raw utf-8'],
)
def test_a_file_comes_with_the_name_wecom_gave_it(api: FakeApi, client: WeComClient, disposition: str, name: str):
    answers(api, JPEG, Content_Type='image/jpeg', Content_Disposition=disposition)

    found = media.download(client, 'media-1')

    assert (found.name, found.content) == (name, JPEG)
    assert api.asked_for('media/get')[0].query['media_id'] == 'media-1'


def test_an_expired_media_id_is_refused_with_wecoms_code(api: FakeApi, client: WeComClient):
    api.answers('media/get', {'errcode': 40007, 'errmsg': 'invalid media_id'})

    assert refused(media.download, client, 'media-1').errcode == 40007


def test_a_json_file_is_a_file_and_no_answer(api: FakeApi, client: WeComClient):
    answers(
        api, b'{"errcode": 40007}', Content_Type='application/json', Content_Disposition='attachment; filename="a.json"'
    )

    assert media.download(client, 'media-1').content == b'{"errcode": 40007}'


def test_a_page_in_place_of_the_file_is_no_file(api: FakeApi, client: WeComClient):
    answers(api, b'<html>maintenance</html>', Content_Type='text/html')

    unreached(media.download, client, 'media-1')


def test_one_byte_too_many_is_not_taken(api: FakeApi, client: WeComClient):
    answers(api, bytes(media.LARGEST['file'] + 1), **NAMED)

    with pytest.raises(FileTooLarge):
        media.download(client, 'media-1')


def test_a_file_that_unpacks_to_too_much_is_not_taken(api: FakeApi, client: WeComClient):
    answers(api, gzip.compress(bytes(media.LARGEST['file'] + 1)), Content_Encoding='gzip', **NAMED)

    with pytest.raises(FileTooLarge):
        media.download(client, 'media-1')


def test_a_file_that_never_ends_is_left(api: FakeApi, client: WeComClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(media, 'DEADLINE', 0.0)
    answers(api, JPEG, **NAMED)

    assert 'too slowly' in unreached(media.download, client, 'media-1').what


def test_a_redirect_is_not_followed(api: FakeApi, client: WeComClient):
    api.answers('media/get', Raw(status=302, headers={'Location': f'{api.base_url}elsewhere', **NAMED}))

    unreached(media.download, client, 'media-1')

    assert api.asked_for('elsewhere') == []


def test_an_old_token_is_replaced_once(api: FakeApi, client: WeComClient):
    answers(api, JPEG, **NAMED)
    api.script['media/get'].appendleft({'errcode': 42001, 'errmsg': 'access_token expired'})  # type: ignore[arg-type]

    assert media.download(client, 'media-1').content == JPEG
    assert [asked.query['access_token'] for asked in api.asked_for('media/get')] == ['token-1', 'token-2']


def test_no_secret_is_told_by_what_goes_wrong(api: FakeApi, client: WeComClient):
    api.answers('media/get', Raw(status=0))
    told = told_by(unreached(media.download, client, 'media-1'))
    api.answers('media/upload', Raw(status=0))
    told += told_by(unreached(media.upload, client, 'image', 'a.jpg', JPEG))

    assert 'token-1' not in told
    assert SECRET not in told


def test_a_file_goes_up_with_its_kind_and_name(api: FakeApi, client: WeComClient):
    api.answers('media/upload', {'errcode': 0, 'errmsg': 'ok', 'type': 'file', 'media_id': 'up-1', 'created_at': '1'})

    assert media.upload(client, 'file', '报名表.pdf', b'%PDF-1.7') == 'up-1'

    [asked] = api.asked_for('media/upload')
    assert asked.query['type'] == 'file'
    assert asked.content_type is not None
    assert asked.content_type.startswith('multipart/form-data; boundary=')
    assert 'name="media"; filename="报名表.pdf"'.encode() in asked.body
    assert b'%PDF-1.7' in asked.body


def test_an_upload_without_a_media_id_did_not_succeed(api: FakeApi, client: WeComClient):
    refused(media.upload, client, 'file', 'a.pdf', b'%PDF-1.7')


@pytest.mark.parametrize(
    ('kind', 'size', 'mime'),
    [
        ('image', 5, 'image/jpeg'),
        ('image', 10 * media.MEGABYTE + 1, 'image/jpeg'),
        ('image', 300, 'image/gif'),
        ('voice', 300, 'audio/mpeg'),
        ('voice', 2 * media.MEGABYTE + 1, 'audio/amr'),
        ('file', 20 * media.MEGABYTE + 1, 'application/pdf'),
    ],
)
def test_what_wecom_would_not_take_is_not_sent_there(kind: media.MediaKind, size: int, mime: str):
    with pytest.raises(Invalid):
        media.check(kind, size, mime)


def test_what_wecom_takes_passes():
    media.check('image', 10 * media.MEGABYTE, 'image/png')
    media.check('file', 20 * media.MEGABYTE, 'application/zip')
