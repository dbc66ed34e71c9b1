"""What the sandbox hands out for a while: access tokens, sign-in codes, JS tickets. In memory only.

Not locked: `World.turn()` does that. Times are Unix seconds of the sandbox's clock.
"""

import secrets
from collections import deque
from typing import Literal

from console.sandbox.answers import Refused
from console.sandbox.phones import Member

TOKEN_SECONDS = 7200
CODE_SECONDS = 300
TICKET_SECONDS = 7200
TICKETS_PER_HOUR = {'corp': 400, 'agent_config': 100}

TicketKind = Literal['corp', 'agent_config']


class AccessTokens:
    """Every token is good until it expires or is voided; a new one does not end an older one."""

    def __init__(self) -> None:
        self._expires: dict[str, float] = {}

    def issue(self, now: float) -> str:
        self._expires = {token: until for token, until in self._expires.items() if until > now - TOKEN_SECONDS}
        token = secrets.token_urlsafe(160)
        self._expires[token] = now + TOKEN_SECONDS
        return token

    def check(self, token: str | None, now: float) -> None:
        """Raises `Refused` with 41001 (none given), 40014 (never issued, or voided) or 42001 (expired)."""
        if not token:
            raise Refused(41001)
        if token not in self._expires:
            raise Refused(40014)
        if self._expires[token] <= now:
            raise Refused(42001)

    def expire(self, now: float) -> None:
        """All tokens issued so far answer 42001."""
        self._expires = dict.fromkeys(self._expires, now)

    def void(self) -> None:
        """All tokens issued so far answer 40014."""
        self._expires.clear()


class SignInCodes:
    """Codes that say once, within five minutes, who signed in."""

    def __init__(self) -> None:
        self._issued: dict[str, tuple[Member, float]] = {}

    def issue(self, member: Member, now: float) -> str:
        self._issued = {code: entry for code, entry in self._issued.items() if entry[1] > now}
        code = secrets.token_hex(21)
        self._issued[code] = (member, now + CODE_SECONDS)
        return code

    def redeem(self, code: str, now: float) -> Member:
        """Raises `Refused` with 40029 if the code is unknown, used or too old."""
        member, until = self._issued.pop(code, (None, 0.0))
        if member is None or until <= now:
            raise Refused(40029)
        return member


class JsTickets:
    """The two tickets that sign pages. Asked for more often than WeCom allows, it refuses."""

    def __init__(self) -> None:
        self._current: dict[TicketKind, tuple[str, float]] = {}
        self._asked: dict[TicketKind, deque[float]] = {'corp': deque(), 'agent_config': deque()}

    def get(self, kind: TicketKind, now: float) -> tuple[str, int]:
        """The ticket and the seconds it is good for. Raises `Refused` with 45009 beyond the hourly limit."""
        asked = self._asked[kind]
        while asked and asked[0] <= now - 3600:
            asked.popleft()
        if len(asked) >= TICKETS_PER_HOUR[kind]:
            raise Refused(45009)
        asked.append(now)
        ticket, until = self._current.get(kind, ('', 0.0))
        if until <= now:
            ticket, until = f'{kind}-{secrets.token_urlsafe(64)}', now + TICKET_SECONDS
            self._current[kind] = (ticket, until)
        return ticket, int(until - now)
