"""Files that travel with messages: uploaded by the app or sent by people, for three days. Kept in SQLite."""

import secrets
import sqlite3
from dataclasses import dataclass
from typing import Literal

from console.sandbox.answers import Refused

UploadKind = Literal['image', 'voice', 'video', 'file']

MEDIA_SECONDS = 3 * 24 * 3600
MEGABYTE = 1024 * 1024
BYTES_AT_MOST: dict[UploadKind, int] = {
    'image': 10 * MEGABYTE,
    'voice': 2 * MEGABYTE,
    'video': 10 * MEGABYTE,
    'file': 20 * MEGABYTE,
}
BYTES_AT_LEAST = 6
TOO_LARGE = 40009
CONTENT_TYPES: dict[UploadKind, str] = {
    'image': 'image/jpeg',
    'voice': 'audio/amr',
    'video': 'video/mp4',
    'file': 'application/octet-stream',
}
NAMES: dict[UploadKind, str] = {'image': 'image.jpg', 'voice': 'voice.amr', 'video': 'video.mp4', 'file': 'file.pdf'}
TABLES = """
CREATE TABLE IF NOT EXISTS media (
    media_id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL, at REAL NOT NULL
) STRICT;
"""


@dataclass(frozen=True)
class Media:
    media_id: str
    kind: UploadKind
    name: str
    content: bytes
    at: float

    @property
    def content_type(self) -> str:
        if self.kind == 'image' and self.content.startswith(b'\x89PNG'):
            return 'image/png'
        return CONTENT_TYPES[self.kind]


class MediaFiles:
    """Rows of files. Not locked: `World.turn()` does that."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(TABLES)

    def add(self, kind: UploadKind, content: bytes, now: float, *, name: str = '') -> Media:
        """Keep the file. No limits are checked: people send what they like."""
        media = Media(secrets.token_urlsafe(48), kind, name or NAMES[kind], content, now)
        self._database.execute(
            'INSERT INTO media VALUES (?, ?, ?, ?, ?)', (media.media_id, kind, media.name, content, now)
        )
        return media

    def find(self, media_id: str, now: float) -> Media | None:
        """The file, if there is one and it is not older than three days."""
        row = self._database.execute('SELECT * FROM media WHERE media_id = ?', (media_id,)).fetchone()
        return None if row is None or row[4] + MEDIA_SECONDS <= now else Media(*row)

    def get(self, media_id: str, now: float) -> Media:
        """As `find`; raises `Refused` with 40007 if there is none."""
        media = self.find(media_id, now)
        if media is None:
            raise Refused(40007)
        return media


def upload_kind(name: str) -> UploadKind:
    """Raises `Refused` with 40004 for what is no kind of media."""
    if name not in BYTES_AT_MOST:
        raise Refused(40004)
    return name


def check_upload(kind: UploadKind, content: bytes) -> None:
    """WeCom's limits. Raises `Refused`: 40006 (too small), 40009 (too large), 40005 (not of this kind)."""
    if len(content) < BYTES_AT_LEAST:
        raise Refused(40006)
    if len(content) > BYTES_AT_MOST[kind]:
        raise Refused(TOO_LARGE)
    if kind == 'image' and not content.startswith((b'\xff\xd8\xff', b'\x89PNG')):
        raise Refused(40005)
    if kind == 'voice' and not content.startswith(b'#!AMR'):
        raise Refused(40005)
    if kind == 'video' and content[4:8] != b'ftyp':
        raise Refused(40005)
