"""What the administrator does in WeCom's settings, and what WeCom limits."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from console.sandbox.login import who_signs_in
from console.sandbox.tokens import TicketKind
from console.sandbox.world import World

RIGHTS = {'kf', 'contact'}


class Verdict(NamedTuple):
    """What WeCom would make of a page's signature. `why` is the JS-SDK's wording."""

    ok: bool
    why: str


class AdminSide:
    """`sandbox.admin`. Call it from any thread."""

    def __init__(self, world: World) -> None:
        self._world = world

    def trust_ips(self, ips: Sequence[str] | None) -> None:
        """Calls from any other address get 60020; None trusts everybody."""
        with self._world.turn():
            self._world.gate.trust(ips)

    def limit_calls(self, path: str, per_minute: int | None) -> None:
        """More calls to `path` get 45009 for a minute; None is WeCom's own limit of 10 000."""
        with self._world.turn():
            self._world.gate.limit(path, per_minute)

    def grant_right(self, right: str, granted: bool = True) -> None:
        """'kf' or 'contact': whether the app may call 微信客服 or 客户联系, or gets 48002. Raises `ValueError`."""
        if right not in RIGHTS:
            raise ValueError(f'{right} is no right')
        with self._world.turn():
            (self._world.gate.withdrawn.discard if granted else self._world.gate.withdrawn.add)(right)

    def sign_in_code(self, userid: str, *, agent_id: int | None = None, private: bool = False) -> str:
        """The code that a click on this member would bring, without the page. Raises `UnknownMember`."""
        with self._world.turn():
            agent = self._world.credentials.agent_id if agent_id is None else agent_id
            member = who_signs_in(self._world, userid)
            return self._world.codes.issue(member, agent, self._world.clock.now(), private=private)

    def ask_tickets_elsewhere(self, kind: TicketKind, times: int) -> None:
        """Other apps of the company ask for the ticket so often."""
        with self._world.turn():
            self._world.tickets.ask_elsewhere(kind, times, self._world.clock.now())

    def verify_js(self, kind: TicketKind, *, url: str, nonce: str, timestamp: str | int, signature: str) -> Verdict:
        """Whether WeCom would accept this signature on the page at `url`, under the ticket of this kind."""
        target = urlsplit(url)
        with self._world.turn():
            ticket = self._world.tickets.current(kind)
            trusted = self._world.trusts(target.netloc, target.hostname)
            other = self._world.tickets.current('corp' if kind == 'agent_config' else 'agent_config')
        if not trusted:
            return Verdict(False, 'invalid url domain')
        if '#' in url:
            return Verdict(False, 'invalid signature: the url holds a #')
        if ticket is not None and secrets.compare_digest(_signed(ticket, nonce, timestamp, url), signature):
            return Verdict(True, 'ok')
        if other is not None and _signed(other, nonce, timestamp, url) == signature:
            return Verdict(False, 'invalid signature: 42012, signed with the other kind of ticket')
        return Verdict(False, 'invalid signature')


def _signed(ticket: str, nonce: str, timestamp: str | int, url: str) -> str:
    plain = f'jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}'
    return hashlib.sha1(plain.encode()).hexdigest()  # noqa: S324
