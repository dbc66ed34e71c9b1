"""What lets a page of ours speak to the WeCom around it: a signature over its address.

See developer.work.weixin.qq.com/document/path/90506, read 2026-11-24.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from console.errors import ConsoleError
from console.wecom.client import WeComClient

LONGEST = 2048
PORTS = {'http': 80, 'https': 443}


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What `ww.register` asks for: both signatures are over the same time, nonce and address."""

    timestamp: int
    nonce: str
    signature: str
    agent_signature: str
    url: str


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


def signed(client: WeComClient, page: str) -> Signed:
    """Blocks while the tickets are fetched; they are kept, and shared by all processes.

    Raises `WeComRefused`, `WeComUnreachable`.
    """
    nonce, timestamp = secrets.token_hex(8), int(time.time())
    return Signed(
        timestamp=timestamp,
        nonce=nonce,
        signature=sign(client.ticket('corp'), nonce, timestamp, page),
        agent_signature=sign(client.ticket('agent'), nonce, timestamp, page),
        url=page,
    )


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
