"""What a file is, by its first bytes and never by its name; and a name that is safe to show and to save under."""

import re
import unicodedata

UNKNOWN = 'application/octet-stream'

SAFE_TO_SHOW = frozenset(
    {
        'image/jpeg',
        'image/png',
        'image/gif',
        'image/webp',
        'audio/mpeg',
        'audio/ogg',
        'audio/wav',
        'audio/mp4',
        'video/mp4',
        'video/webm',
    }
)
"""What a browser draws or plays without running anything in it. All else is only ever saved to disk."""

_AT_THE_START = (
    (b'\xff\xd8\xff', 'image/jpeg'),
    (b'\x89PNG\r\n\x1a\n', 'image/png'),
    (b'GIF87a', 'image/gif'),
    (b'GIF89a', 'image/gif'),
    (b'#!AMR', 'audio/amr'),
    (b'OggS', 'audio/ogg'),
    (b'ID3', 'audio/mpeg'),
    (b'\xff\xfb', 'audio/mpeg'),
    (b'\xff\xf3', 'audio/mpeg'),
    (b'\xff\xf2', 'audio/mpeg'),
    (b'\x1a\x45\xdf\xa3', 'video/webm'),
    (b'%PDF-', 'application/pdf'),
    (b'PK\x03\x04', 'application/zip'),
    (b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'application/x-ole-storage'),
    (b'Rar!\x1a\x07', 'application/vnd.rar'),
    (b'7z\xbc\xaf\x27\x1c', 'application/x-7z-compressed'),
    (b'\x1f\x8b', 'application/gzip'),
    (b'MZ', 'application/x-msdownload'),
    (b'\x7fELF', 'application/x-executable'),
)
_BRANDS = {b'M4A ': 'audio/mp4', b'qt  ': 'video/quicktime', b'heic': 'image/heic', b'mif1': 'image/heic'}
_MARKUP = re.compile(
    rb'(?:<\?xml[^>]*>|<!--.*?-->|\s)*+<(?P<tag>!doctype\s+|/?)?(?P<name>[a-z]+)', re.IGNORECASE | re.DOTALL
)
"""What stands before the first tag is never read a second way (`*+`): many comments could be in countless ways."""

_WORDS = {
    'image/jpeg': 'JPG 图片',
    'image/png': 'PNG 图片',
    'image/gif': 'GIF 图片',
    'image/webp': 'WebP 图片',
    'image/heic': 'HEIC 图片',
    'image/svg+xml': 'SVG 图形',
    'audio/amr': 'AMR 录音',
    'audio/mpeg': 'MP3 录音',
    'application/pdf': 'PDF 文档',
    'application/zip': '压缩包',
    'application/x-ole-storage': 'Office 文档',
    'application/vnd.rar': '压缩包',
    'application/x-7z-compressed': '压缩包',
    'application/gzip': '压缩包',
    'application/x-msdownload': '程序',
    'application/x-executable': '程序',
    'text/html': '网页',
    'text/plain': '文本',
}
_ENDINGS = {
    'image/jpeg': ('.jpeg', '.jpg'),
    'image/png': ('.png',),
    'image/gif': ('.gif',),
    'image/webp': ('.webp',),
    'audio/amr': ('.amr',),
    'audio/mpeg': ('.mp3',),
    'video/mp4': ('.mp4',),
    'application/pdf': ('.pdf',),
}
_OFFICE = {'docx': 'Word 文档', 'xlsx': 'Excel 表格', 'pptx': 'PPT 演示'}


def sniffed(content: bytes) -> str:
    """The MIME type the bytes themselves show; an archive is never looked into."""
    head = content[:1024]
    for magic, mime in _AT_THE_START:
        if head.startswith(magic):
            return mime
    if head[4:8] == b'ftyp':
        return _BRANDS.get(head[8:12], 'video/mp4')
    if head[:4] == b'RIFF' and head[8:12] in (b'WEBP', b'WAVE'):
        return 'image/webp' if head[8:12] == b'WEBP' else 'audio/wav'
    return _text_type(head)


def _text_type(head: bytes) -> str:
    plain = head.removeprefix(b'\xef\xbb\xbf')
    if markup := _MARKUP.match(plain):
        return 'image/svg+xml' if markup['name'].lower() == b'svg' else 'text/html'
    try:
        # The last character may have been cut in two.
        return UNKNOWN if '\x00' in plain[: max(0, len(plain) - 3)].decode() else 'text/plain'
    except UnicodeDecodeError:
        return UNKNOWN


def is_a(mime: str, kind: str) -> bool:
    """Whether bytes of this type may go by WeCom's word for them: image, voice, video; a file may be anything.

    A recording whose type we do not know may be one all the same: its format is a phone's own.
    """
    family = mime.split('/', maxsplit=1)[0]
    return {
        'image': family == 'image' and mime != 'image/svg+xml',
        'voice': family == 'audio' or mime == UNKNOWN,
        'video': family == 'video',
    }.get(kind, True)


def word_for(mime: str, name: str = '') -> str:
    """What staff call it; an Office document by the end of its name, since an archive is never looked into."""
    ending = name.rpartition('.')[2].lower()
    if mime == 'application/zip' and ending in _OFFICE:
        return _OFFICE[ending]
    family = {'audio': '录音', 'video': '视频', 'image': '图片'}.get(mime.split('/', maxsplit=1)[0], '文件')
    return _WORDS.get(mime, family)


def ended(name: str, mime: str) -> str:
    """`name` with the ending that belongs to what we show as such; others keep theirs."""
    ending = _ENDINGS.get(mime)
    return name if ending is None or name.lower().endswith(ending) else f'{name}{ending[-1]}'


def cleaned(name: str, default: str) -> str:
    """`name` without folders, control characters and what turns text around; at most 100 characters, ending kept."""
    name = unicodedata.normalize('NFC', name).replace('\\', '/').rpartition('/')[2]
    name = ''.join(one for one in name if unicodedata.category(one)[0] != 'C' and one not in '<>:"|?*')
    name = ' '.join(name.split()).strip(' .')
    if len(name) > 100:
        stem, dot, ending = name.rpartition('.')
        name = f'{stem[: 90 - len(ending)]}…{dot}{ending}' if dot and len(ending) <= 10 else f'{name[:99]}…'
    return name or default


def size(count: int) -> str:
    """1.2 MB, 340 KB, 12 字节."""
    if count >= 1024 * 1024:
        return f'{count / 1024 / 1024:.1f} MB'
    return f'{count / 1024:.0f} KB' if count >= 1024 else f'{count} 字节'
