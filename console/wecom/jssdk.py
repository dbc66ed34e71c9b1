"""What lets a page of ours speak to the WeCom around it: a signature over its address.

See developer.work.weixin.qq.com/document/path/90506, read 2026-11-24.
"""

import hashlib
from urllib.parse import SplitResult, urlsplit

from console.errors import ConsoleError

LONGEST = 2048
PORTS = {'http': 80, 'https': 443}


class NotOurPage(ConsoleError):
    """Signing a foreign address would lend a foreign page our name."""

    http_status = 400
    field = 'url'
    reason = 'foreign'

    def __init__(self) -> None:
        super().__init__('网址不是本系统的页面，不能签名。')


def sign(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """SHA-1 in hex, over the four in this order and exactly as they are."""
    signed = f'jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}'
    return hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()


def page_of(url: str, base_url: str) -> str:
    """The address to be signed: `url` up to its fragment. Raises `NotOurPage` unless it is below `base_url`.

    It is signed as the browser wrote it. Host and port are compared as browsers read them: a backslash, a control
    character or somebody's name before the host would be read differently here and there.
    """
    page = url.partition('#')[0]
    if len(page) > LONGEST or not page.isprintable() or '\\' in page or ' ' in page:
        raise NotOurPage
    try:
        asked, ours = urlsplit(page), urlsplit(base_url)
        same = _origin(asked) == _origin(ours)
    except ValueError:
        raise NotOurPage from None
    if not same or '@' in asked.netloc:
        raise NotOurPage
    return page


def _origin(address: SplitResult) -> tuple[str, str | None, int | None]:
    return address.scheme, address.hostname, address.port or PORTS.get(address.scheme)
