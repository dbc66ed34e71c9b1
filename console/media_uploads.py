"""Files of ours at WeCom: handed over before they are sent, and known there for three days."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from console.errors import Invalid
from console.media_files import LIFETIME, shown
from models import MediaFile, utc_now

SPARE = timedelta(hours=6)
"""An upload is used only if it outlasts every repetition of the request that names it."""

GONE = '文件不在这台服务器上，可能没有随备份恢复。请联系管理员。'


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that WeCom must have before it can be sent."""

    media_file_id: int
    kind: str
    name: str
    mime: str
    path: str


def to_upload(session: Session, media_file_id: int) -> Upload | None:
    """What WeCom must be given before this file can be sent; None if it has it for long enough.

    Raises `Invalid` if the file is no longer here.
    """
    row = session.get(MediaFile, media_file_id)
    if row is None or row.path is None:
        raise Invalid('file', GONE)
    if row.uploaded_id and row.uploaded_until and row.uploaded_until - utc_now() > SPARE:
        return None
    file = shown(row)
    return Upload(media_file_id=row.id, kind=row.kind, name=file.name, mime=file.mime, path=row.path)


def note_upload(session: Session, media_file_id: int, uploaded_id: str) -> None:
    row = session.get_one(MediaFile, media_file_id)
    row.uploaded_id, row.uploaded_until = uploaded_id, utc_now() + LIFETIME


def forget_upload(session: Session, media_file_id: int) -> None:
    """WeCom no longer knows it: the next attempt hands it over anew."""
    session.execute(
        update(MediaFile).where(MediaFile.id == media_file_id).values(uploaded_id=None, uploaded_until=None)
    )
