"""Our styles and scripts, each packed into one file: one request, compressed once, kept by browsers till it changes."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

ASSETS = Path(__file__).parent.parent / 'assets'
SDK = ASSETS / 'vendor' / 'wecom-jssdk' / 'wecom.global.prod.js'
STYLES_FIRST = 'console.css'
FOR_EVER = 'public, max-age=31536000, immutable'

router = APIRouter(prefix='/assets/packed', include_in_schema=False)


@dataclass(frozen=True)
class Packed:
    """`address` changes with the content."""

    address: str
    media_type: str
    plain: bytes
    compressed: bytes


_packed: dict[str, Packed] = {}


def styles() -> str:
    """The address of all styles, in their order."""
    files = sorted((ASSETS / 'css').glob('*.css'), key=lambda file: (file.name != STYLES_FIRST, file.name))
    return _pack('all.css', 'text/css', '\n'.join(file.read_text('utf-8') for file in files))


def scripts() -> str:
    """The address of all scripts, each with names of its own."""
    return _pack('all.js', 'text/javascript', '\n'.join(_alone(file) for file in sorted((ASSETS / 'js').glob('*.js'))))


def first_script() -> str:
    """The address of what the pane beside a chat runs first, with WeCom's own script."""
    words = f'{SDK.read_text("utf-8")}\n;{_alone(ASSETS / "early" / "sidebar_first.js")}'
    return _pack('sidebar_first.js', 'text/javascript', words)


@router.get('/{name}')
async def packed(request: Request, name: str) -> Response:
    """Whatever version is asked for, the newest is given: an old page that is still open loads what there is."""
    found = _packed.get(name)
    if found is None:
        return Response(status_code=404)
    headers = {'Cache-Control': FOR_EVER, 'Vary': 'Accept-Encoding'}
    if 'gzip' not in request.headers.get('accept-encoding', ''):
        return Response(found.plain, media_type=found.media_type, headers=headers)
    return Response(found.compressed, media_type=found.media_type, headers=headers | {'Content-Encoding': 'gzip'})


def _pack(name: str, media_type: str, words: str) -> str:
    plain = words.encode()
    digest = hashlib.sha256(plain).hexdigest()[:12]
    if name not in _packed or not _packed[name].address.endswith(digest):
        address = f'{router.prefix}/{name}?v={digest}'
        _packed[name] = Packed(address, f'{media_type}; charset=utf-8', plain, gzip.compress(plain, 9, mtime=0))
    return _packed[name].address


def _alone(file: Path) -> str:
    """A script in a scope of its own."""
    return f'// {file.name}\n(() => {{\n"use strict";\n{file.read_text("utf-8")}\n}})();'
