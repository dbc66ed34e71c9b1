"""Files up to WeCom and down from it, by media ids that live three days.

See developer.work.weixin.qq.com/document/path/90253 and path/90254, read 2026-11-24.
"""

from datetime import timedelta

from console.errors import Invalid
from console.wecom.client import WeComClient
from console.wecom.messages import MediaKind
from console.wecom.transport import File

MEGABYTE = 1024 * 1024
LARGEST: dict[MediaKind, int] = {
    'image': 10 * MEGABYTE,
    'voice': 2 * MEGABYTE,
    'video': 10 * MEGABYTE,
    'file': 20 * MEGABYTE,
}
"""Bytes that WeCom takes of each kind; 20 MB are the most it hands out of any."""

SMALLEST = 6
TYPES: dict[MediaKind, tuple[str, ...]] = {
    'image': ('image/jpeg', 'image/png'),
    'voice': ('audio/amr',),
    'video': ('video/mp4',),
}
_WORDS = {'image': 'JPG 或 PNG 图片', 'voice': 'AMR 录音', 'video': 'MP4 视频'}

LIFETIME = timedelta(days=3)
DEADLINE = 120.0
"""Seconds that a download may take in all."""


def download(client: WeComClient, media_id: str) -> File:
    """The file of a message. Raises `FileTooLarge` above 20 MB, `WeComRefused` (40007: expired), `WeComUnreachable`."""
    return client.download('media/get', media_id=media_id, most=LARGEST['file'], seconds=DEADLINE)


def check(kind: MediaKind, size: int, mime: str) -> None:
    """Raises `Invalid` for what WeCom would refuse to take. `mime` is what the bytes show."""
    if size < SMALLEST:
        raise Invalid('file', '文件是空的，请重新选择。')
    if size > LARGEST[kind]:
        raise Invalid('file', f'文件太大（{size / MEGABYTE:.1f} MB），最多 {LARGEST[kind] // MEGABYTE} MB。')
    if kind in TYPES and mime not in TYPES[kind]:
        raise Invalid('file', f'企业微信只接收 {_WORDS[kind]}，请换一种格式，或作为文件发送。')


def upload(client: WeComClient, kind: MediaKind, name: str, content: bytes) -> str:
    """Hand a file to WeCom; the media id, good for `LIFETIME`. Raises `WeComRefused`, `WeComUnreachable`.

    Nobody sees it before it is sent, so that it does no harm to upload it twice.
    """
    return str(client.upload('media/upload', name, content, type=kind)['media_id'])
