"""The QR code of a student: an address of ours that names the record, where rights are asked."""

import re
from urllib.parse import urlsplit

_PATH = re.compile(r'/students/([1-9]\d{0,8})')


def address(base_url: str, student_id: int) -> str:
    """Also opens the record in any browser, for who is signed in and may see it."""
    return f'{base_url}/students/{student_id}'


def picture(base_url: str, student_id: int) -> str:
    """The code as a `data:` address of an SVG, to be shown or printed."""
    import segno

    return str(segno.make(address(base_url, student_id), error='m', micro=False).svg_data_uri(scale=6, border=3))


def named_by(scanned: str, base_url: str) -> int | None:
    """The student whom a scanned code names; None for codes that are not of this console."""
    try:
        ours, found = urlsplit(base_url), urlsplit(scanned.strip())
    except ValueError:
        return None
    path = _PATH.fullmatch(found.path)
    same = (found.scheme, found.netloc.lower()) == (ours.scheme, ours.netloc.lower())
    return int(path[1]) if path and same else None
