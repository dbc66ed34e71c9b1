"""The files of conversations as a browser asks for them."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from callbacks import media
from callbacks.door import Door
from console import conversations, hearing, media_fetching, media_files, sign_in
from console.database import Database
from models import Channel, MediaFile, Role, utc_now
from tests import story

JPEG = b'\xff\xd8\xff\xe0' + bytes(range(200))
HTML = b'<!DOCTYPE html><script>alert(1)</script>'
HERE = 'http://console.test'


@pytest.fixture
async def browser(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody's browser, at the door of a server that has nothing but files."""
    server = FastAPI()
    server.include_router(media.router)
    door = Door(server, base_url=HERE, cookie='session')
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url=HERE) as client:
        yield client


def sign_in_as(db: Database, browser: httpx.AsyncClient, role: Role = Role.SUPERVISOR) -> int:
    member = db.transact(story.member, role)
    secret = db.transact(sign_in.open_session, member.id, kind='page', address=None)
    browser.cookies.set('session', secret)
    return member.id


def sent(db: Database, content: bytes, *, name: str = '照片.jpg', kind: str = 'file') -> int:
    """A parent's file that is here; its id."""
    one = hearing.Heard(
        channel=Channel.APP,
        external_userid='wang_mama',
        external_id=None,
        kind=kind,
        text='[文件]',
        sent_at=utc_now(),
        media_id='media-1',
        corp_id='ww1',
    )
    db.transact(hearing.hear, [one])
    claim = db.transact(media_fetching.claim_next)
    assert claim is not None
    db.transact(media_fetching.record, claim, media_files.store(content, name, kind))
    return claim.media_file_id


def chat(db: Database, channel: Channel = Channel.APP) -> int:
    return int(db.transact(lambda session: conversations.ensure(session, channel, 'wang_mama').id))


async def test_a_picture_is_shown_as_what_it_is_and_nothing_else(db: Database, browser: httpx.AsyncClient):
    sign_in_as(db, browser)

    answer = await browser.get(f'/media/{sent(db, JPEG, kind="image")}')

    assert (answer.status_code, answer.content) == (200, JPEG)
    assert answer.headers['content-type'] == 'image/jpeg'
    assert answer.headers['content-disposition'] == f"inline; filename*=UTF-8''{quote('照片.jpg')}"
    assert answer.headers['x-content-type-options'] == 'nosniff'
    assert answer.headers['content-security-policy'] == "default-src 'none'; sandbox"
    assert answer.headers['cache-control'] == 'no-store'


async def test_a_page_named_jpg_is_only_saved_to_disk(db: Database, browser: httpx.AsyncClient):
    sign_in_as(db, browser)

    answer = await browser.get(f'/media/{sent(db, HTML)}')

    assert answer.headers['content-type'] == 'application/octet-stream'
    assert answer.headers['content-disposition'].startswith('attachment;')


async def test_a_player_gets_the_part_it_asks_for(db: Database, browser: httpx.AsyncClient):
    sign_in_as(db, browser)
    number = sent(db, JPEG, kind='image')

    part = await browser.get(f'/media/{number}', headers={'Range': 'bytes=2-5'})
    rest = await browser.get(f'/media/{number}', headers={'Range': 'bytes=200-'})
    beyond = await browser.get(f'/media/{number}', headers={'Range': 'bytes=204-'})

    assert (part.status_code, part.content, part.headers['content-range']) == (206, JPEG[2:6], 'bytes 2-5/204')
    assert rest.content == JPEG[200:]
    assert beyond.status_code == 416


@pytest.mark.parametrize('role', [None, Role.TESTER])
async def test_who_may_not_see_the_conversation_learns_of_nothing(
    db: Database, browser: httpx.AsyncClient, role: Role | None
):
    number = sent(db, JPEG, kind='image')
    if role:
        sign_in_as(db, browser, role)

    answers = [await browser.get(f'/media/{one}') for one in (number, number + 1)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(
    'address',
    [
        f'/media/{"9" * 5000}',
        f'/media/{10**20}',
        f'/media/{2**31}',
        f'/media/1?draft={2**31}',
        '/media/1?draft=-9999999999',
    ],
)
async def test_what_no_database_can_look_for_is_not_there(db: Database, browser: httpx.AsyncClient, address: str):
    assert (await browser.get(address)).status_code == 404
    sign_in_as(db, browser)
    assert (await browser.get(address)).status_code == 404


@pytest.mark.parametrize('number', ['9' * 5000, f'{10**20}', f'{2**31}'])
async def test_no_file_is_taken_for_a_conversation_that_cannot_be(
    db: Database, browser: httpx.AsyncClient, number: str
):
    sign_in_as(db, browser)

    assert (await browser.post(f'/media/for/{number}', content=JPEG)).status_code == 404


async def test_bytes_that_are_missing_are_no_failure_of_ours(db: Database, browser: httpx.AsyncClient):
    sign_in_as(db, browser)
    number = sent(db, JPEG, kind='image')
    media_files.media_shelf.drop(db.read(lambda session: session.get_one(MediaFile, number).path or ''))

    assert (await browser.get(f'/media/{number}')).status_code == 404


async def test_a_given_picture_is_its_givers_alone(db: Database, browser: httpx.AsyncClient):
    sign_in_as(db, browser)
    answer = await browser.post(f'/media/for/{chat(db)}', content=JPEG, headers={'X-File-Name': quote('../教室.html')})
    number = answer.json()['id']

    mine = await browser.get(f'/media/{number}')
    sign_in_as(db, browser)
    others = await browser.get(f'/media/{number}')

    assert (mine.status_code, others.status_code) == (200, 404)
    assert mine.headers['content-disposition'] == f"inline; filename*=UTF-8''{quote('教室.html.jpg')}"
    assert db.read(lambda session: session.get_one(MediaFile, number).kind) == 'image'


async def test_a_byte_more_than_wecom_takes_is_refused_while_it_comes(db: Database, browser: httpx.AsyncClient):
    sign_in_as(db, browser)
    number, taken = chat(db), 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken <= 2 * media_files.LARGEST:
            taken += 1024 * 1024
            yield bytes(1024 * 1024)

    answer = await browser.post(f'/media/for/{number}', content=endless())

    assert answer.status_code == 422
    assert '20 MB' in answer.json()['refusal']
    assert taken <= media_files.LARGEST + 2 * 1024 * 1024


@pytest.mark.parametrize(
    ('role', 'channel', 'status'),
    [(None, Channel.APP, 401), (Role.TESTER, Channel.APP, 403), (Role.SUPERVISOR, Channel.CONTACT, 422)],
)
async def test_who_may_not_send_gives_no_files(
    db: Database, browser: httpx.AsyncClient, role: Role | None, channel: Channel, status: int
):
    if role:
        sign_in_as(db, browser, role)

    answer = await browser.post(f'/media/for/{chat(db, channel)}', content=JPEG)

    assert answer.status_code == status
    assert db.read(media_files.known_paths) == {}


async def test_a_foreign_page_gives_no_files(db: Database, browser: httpx.AsyncClient):
    sign_in_as(db, browser)

    answer = await browser.post(f'/media/for/{chat(db)}', content=JPEG, headers={'Origin': 'https://evil.example'})

    assert answer.status_code == 403
