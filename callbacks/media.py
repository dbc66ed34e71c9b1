"""The files of conversations, for the pages: shown to who may see them, and taken in piece by piece to be sent.

The browser is told to run nothing of what it gets, and only pictures, recordings and videos are shown in the page.
"""

import re
from asyncio import to_thread
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.convertors import IntegerConvertor, register_url_convertor

from console import file_types, materials, media_files, media_shelf, replies, staff
from console.crypto import CannotOpen
from console.database import read, transact
from console.errors import ConsoleError, Invalid, NotSignedIn
from console.wecom import media
from console.wecom.messages import MediaKind
from models import LARGEST_INTEGER


class _Id(IntegerConvertor):
    """Starlette's own fails at more digits than Python reads; what does not match here is no address of ours."""

    regex = '[0-9]{1,10}'


register_url_convertor('id', _Id())
router = APIRouter(prefix='/media', include_in_schema=False)

HEADERS = {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Accept-Ranges': 'bytes',
}


@router.get('/{media_file_id:id}')
async def show(request: Request, media_file_id: int, draft: int | None = None, save: bool = False) -> Response:
    """404 for whatever this member may not see, or is not there. `draft` names a draft that would send the file."""
    member_id = request.state.member_id
    if member_id is None or max(media_file_id, abs(draft or 0)) > LARGEST_INTEGER:
        return _gone()
    try:
        found = await read(media_files.seen, media_file_id, by=member_id, draft_id=draft)
        content = await to_thread(media_shelf.get, found.path or '')
    except (ConsoleError, CannotOpen, FileNotFoundError):
        return _gone()
    inline = found.inline and not save
    name = file_types.ended(found.name, found.mime)
    headers = HEADERS | {
        'Content-Disposition': f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}"
    }
    mime = found.mime if inline else file_types.UNKNOWN
    return _ranged(request.headers.get('range', ''), content, mime, headers)


@router.post('/for/{conversation_id:id}')
async def give(request: Request, conversation_id: int) -> Response:
    """Keep a file that a colleague wants to send here; the answer holds its id, or why it is refused."""
    member_id = request.state.member_id
    try:
        if member_id is None:
            raise NotSignedIn
        await read(replies.takes_files, conversation_id, by=member_id)
        stored, kind = await _stored(request, shown=('image',))
        given = await transact(media_files.give, stored, kind, by=member_id)
    except ConsoleError as refusal:
        return JSONResponse({'refusal': str(refusal)}, refusal.http_status)
    return JSONResponse({'id': given.id})


@router.post('/materials')
async def shelve(request: Request) -> Response:
    """Keep a file as a material of the school's; the answer holds its id and name, or why it is refused."""
    member_id = request.state.member_id
    try:
        if member_id is None:
            raise NotSignedIn
        await read(staff.require, member_id, staff.Action.EDIT_KNOWLEDGE)
        stored, kind = await _stored(request, shown=('image', 'video'))
        made = await transact(materials.add, stored, kind, by=member_id)
    except ConsoleError as refusal:
        return JSONResponse({'refusal': str(refusal)}, refusal.http_status)
    return JSONResponse({'id': made.id, 'name': made.name})


async def _received(request: Request) -> bytes:
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > media_files.LARGEST:
            raise Invalid('file', '文件超过 20 MB，不能发送。')
    return bytes(content)


async def _stored(request: Request, *, shown: tuple[MediaKind, ...]) -> tuple[media_files.Stored, MediaKind]:
    """The file that was sent, on the shelf, and what WeCom would take it for.

    What is none of the kinds `shown`, or too large for them, goes as a file. Raises `Invalid`.
    """
    content = await _received(request)
    kind: MediaKind = next((kind for kind in shown if _fits(content, kind)), 'file')
    media.check(kind, len(content), file_types.sniffed(content))
    name = unquote(request.headers.get('x-file-name', ''), errors='replace')
    return await to_thread(media_files.store, content, name, kind), kind


def _fits(content: bytes, kind: MediaKind) -> bool:
    return file_types.sniffed(content) in media.TYPES[kind] and len(content) <= media.LARGEST[kind]


def _ranged(asked: str, content: bytes, mime: str, headers: dict[str, str]) -> Response:
    """The part of the file that a player asks for, else all of it."""
    found = re.fullmatch(r'bytes=(\d{1,12})-(\d{0,12})', asked)
    if found is None:
        return Response(content, media_type=mime, headers=headers)
    first = int(found[1])
    last = min(int(found[2] or len(content)), len(content) - 1)
    if first > last:
        return Response(status_code=416, headers=headers | {'Content-Range': f'bytes */{len(content)}'})
    headers = headers | {'Content-Range': f'bytes {first}-{last}/{len(content)}'}
    return Response(content[first : last + 1], 206, media_type=mime, headers=headers)


def _gone() -> Response:
    return Response('没有这个文件，或您无权查看。', 404, media_type='text/plain', headers=HEADERS)
