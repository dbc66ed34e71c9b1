"""The parts of this process that pages and routes may ask for, as `console/assembly.py` put them together."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypedDict

from console.channels import Channels
from console.customers import Customers
from console.doctor import Doctor
from console.sandbox import Sandbox
from console.sign_in import Tokens
from console.simulation import Simulation
from console.wecom_sign_in import WeComEntrance
from console.workers import Workers
from console.writing.context import Writer


class CookieRules(TypedDict):
    path: str
    secure: bool
    httponly: bool
    samesite: Literal['lax']


@dataclass(kw_only=True)
class Parts:
    """`demo`: development with the sandbox as the whole WeCom, where one click signs in."""

    version: str
    school: str
    base_url: str
    production: bool
    demo: bool
    undo: timedelta
    channels: Channels
    customers: Customers
    tokens: Tokens
    entrance: WeComEntrance
    writer: Writer
    workers: Workers
    doctor: Doctor
    sandbox: Sandbox | None  # None: the real WeCom alone
    simulation: Simulation | None  # None: switched off
    setup_code: str | None  # opens the set-up page while there is no staff

    @property
    def secure(self) -> bool:
        return self.base_url.startswith('https://')

    @property
    def cookie(self) -> str:
        """Name of the session cookie; the prefix makes browsers insist on https and on this host."""
        return '__Host-edudesk_session' if self.secure else 'edudesk_session'

    @property
    def visitor_cookie(self) -> str:
        """Name of the cookie that holds a sign-in through WeCom to the browser that began it."""
        return '__Host-edudesk_visitor' if self.secure else 'edudesk_visitor'

    @property
    def cookie_rules(self) -> CookieRules:
        """Of all our cookies. Lax: whoever comes back from WeCom's page brings them along."""
        return {'path': '/', 'secure': self.secure, 'httponly': True, 'samesite': 'lax'}


_parts: Parts | None = None


def put(new: Parts) -> None:
    global _parts  # noqa: PLW0603  one console a process
    _parts = new


def parts() -> Parts:
    if _parts is None:
        raise RuntimeError('run.build has not put the parts together')
    return _parts
