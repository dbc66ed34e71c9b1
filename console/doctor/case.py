"""What the doctor looks at: the settings as they are, and whose WeCom keys are in force."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from console.config import Settings
from console.wecom.client import WeComClient
from console.wecom.crypto import CallbackCrypto
from console.wecom.refusals import WeComRefused

if TYPE_CHECKING:
    from console.sandbox import Sandbox, SandboxCredentials

CALLBACK_PATH = '/api/v1/wechat/message'
OFFICIAL_API = 'https://qyapi.weixin.qq.com/'
TIMEOUT = (3.0, 5.0)
"""Seconds to connect and to wait for an answer: the two together stay below an examination's patience."""
LOOPBACK = {'127.0.0.1', 'localhost', '::1'}
_BAR = 600.0
"""Seconds without gettoken after a wrong secret: WeCom bans the IP of who keeps trying for an hour (path/90313)."""


@dataclass(frozen=True, kw_only=True)
class Keys:
    """One self-built app's credentials and the address of its API; no address: there is nobody to ask just now."""

    corp_id: str
    agent_id: int
    secret: str = field(repr=False)
    token: str = field(repr=False)
    encoding_aes_key: str = field(repr=False)
    api_base_url: str | None


@dataclass
class Case:
    """`sandboxed`: the built-in sandbox is the whole WeCom.

    `faults` are those the console would refuse to start with; `settings` is None if they cannot even be read.
    `robot_trouble` says why the last alert did not reach the group, empty if it did.
    Live with it for as long as the process: it remembers a refused secret and the tokens it got.
    """

    settings: Settings | None
    faults: tuple[str, ...] = ()
    keys: Keys | None = None
    sandboxed: bool = False
    robot_trouble: Callable[[], str] = str

    def __post_init__(self) -> None:
        self.crypto: CallbackCrypto | None = None
        self.client: WeComClient | None = None
        self._refused: tuple[float, WeComRefused] | None = None
        if keys := self.keys:
            self.crypto = CallbackCrypto(keys.token, keys.encoding_aes_key, keys.corp_id)
            if keys.api_base_url:
                self.client = WeComClient(keys.corp_id, keys.agent_id, keys.secret, keys.api_base_url, timeout=TIMEOUT)

    @classmethod
    def of(
        cls,
        settings: Settings | None,
        *,
        faults: tuple[str, ...] = (),
        sandbox: 'Sandbox | None' = None,
        robot_trouble: Callable[[], str] = str,
    ) -> Self:
        """With real credentials those; else the sandbox's, of the one that runs here or of the file it left."""
        if settings is None:
            return cls(None, faults)
        if settings.has_wecom:
            given = settings.wecom_credentials()
            keys = Keys(
                corp_id=given['WECHAT_CORP_ID'],
                agent_id=int(given['WECHAT_AGENT_ID']),
                secret=given['WECHAT_SECRET'],
                token=given['WECHAT_TOKEN'],
                encoding_aes_key=given['WECHAT_ENCODING_AES_KEY'],
                api_base_url=settings.wechat_api_base_url,
            )
            return cls(settings, faults, keys, robot_trouble=robot_trouble)
        kept = sandbox.credentials if sandbox else _left_by_a_sandbox(settings.data_dir)
        address = sandbox.api_base_url if sandbox else None
        sandboxed = Keys(**asdict(kept), api_base_url=address) if kept else None
        return cls(settings, faults, sandboxed, sandboxed=True, robot_trouble=robot_trouble)

    @property
    def ready(self) -> Settings:
        """The settings, for checks that are only made when they can be read."""
        if self.settings is None:
            raise RuntimeError('the settings cannot be read')
        return self.settings

    @property
    def callback_url(self) -> str:
        return self.ready.base_url + CALLBACK_PATH

    @property
    def host(self) -> str:
        """The host people and WeCom use, with its port where it has one."""
        return urlsplit(self.ready.base_url).netloc

    @property
    def local_url(self) -> str:
        """Where the console listens on this machine."""
        host = '127.0.0.1' if self.ready.host in ('0.0.0.0', '::', '') else self.ready.host  # noqa: S104  compared, not bound
        return f'http://{f"[{host}]" if ":" in host else host}:{self.ready.port}'

    @property
    def public_is_loopback(self) -> bool:
        return urlsplit(self.ready.base_url).hostname in LOOPBACK

    @property
    def official(self) -> bool:
        """Whether the WeCom asked is the true one."""
        return bool(self.keys and (self.keys.api_base_url or '').startswith(OFFICIAL_API))

    @property
    def far_away(self) -> bool:
        """Whether the WeCom asked is on another machine, and so could not call a loopback address."""
        address = (self.keys.api_base_url if self.keys else None) or ''
        return bool(address) and urlsplit(address).hostname not in LOOPBACK

    @property
    def refused_secret(self) -> WeComRefused | None:
        """WeCom's word on this secret if it is less than ten minutes old."""
        return self._refused[1] if self._refused and time.monotonic() - self._refused[0] < _BAR else None

    def remember(self, refused: WeComRefused) -> None:
        self._refused = (time.monotonic(), refused)


def _left_by_a_sandbox(data_dir: Path) -> 'SandboxCredentials | None':
    from console.sandbox import invent_credentials

    path = data_dir / 'sandbox.json'
    try:
        return invent_credentials(path) if path.exists() else None
    except (OSError, ValueError, TypeError):
        return None
