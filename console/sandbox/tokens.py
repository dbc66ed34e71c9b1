"""What the sandbox hands out for a while: access tokens, sign-in codes, JS tickets. In memory only.

Not locked: `World.turn()` does that. Times are Unix seconds of the sandbox's clock.
"""

import secrets
from collections import deque
from typing import Literal, NamedTuple

from console.sandbox.answers import Refused
from console.sandbox.phones import Member

TOKEN_SECONDS = 7200
CODE_SECONDS = 300
USER_TICKET_SECONDS = 1800
TICKET_SECONDS = 7200
TICKETS_PER_HOUR, TICKETS_PER_HOUR_OF_COMPANY = 100, 400

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


class SignedIn(NamedTuple):
    """Who signed in to which app, and a ticket for more about them if they agreed to that."""

    member: Member
    agent_id: int
    ticket: str


class SignInCodes:
    """Codes that say once, within five minutes, who signed in; and tickets for their particulars."""

    def __init__(self) -> None:
        self._issued: dict[str, tuple[SignedIn, float]] = {}
        self._tickets: dict[str, tuple[Member, float]] = {}

    def issue(self, member: Member, agent_id: int, now: float, *, private: bool = False) -> str:
        """`private`: the scope is snsapi_privateinfo, which gives a ticket for members in the visible range."""
        self._issued = {code: entry for code, entry in self._issued.items() if entry[1] > now}
        code, ticket = secrets.token_hex(21), ''
        if private and member.reachable:
            ticket = secrets.token_urlsafe(60)
            self._tickets[ticket] = (member, now + USER_TICKET_SECONDS)
        self._issued[code] = (SignedIn(member, agent_id, ticket), now + CODE_SECONDS)
        return code

    def redeem(self, code: str, agent_id: int, now: float) -> SignedIn:
        """Raises `Refused` with 40029 if the code is unknown, used, too old or another app's."""
        signed_in, until = self._issued.pop(code, (None, 0.0))
        if signed_in is None or until <= now or signed_in.agent_id != agent_id:
            raise Refused(40029)
        return signed_in

    def member_of_ticket(self, ticket: str, now: float) -> Member:
        """Raises `Refused` with 40058 if the ticket is unknown or too old."""
        member, until = self._tickets.get(ticket, (None, 0.0))
        if member is None or until <= now:
            raise Refused(40058, 'invalid user_ticket')
        return member


class JsTickets:
    """The two tickets that sign pages. Asked for more often than WeCom allows, it refuses."""

    def __init__(self) -> None:
        self._current: dict[TicketKind, tuple[str, float]] = {}
        self._asked: dict[TicketKind, deque[float]] = {'corp': deque(), 'agent_config': deque()}
        self._asked_elsewhere: dict[TicketKind, deque[float]] = {'corp': deque(), 'agent_config': deque()}

    def get(self, kind: TicketKind, now: float) -> tuple[str, int]:
        """The ticket and the seconds it is good for.

        Raises `Refused` with 45009 beyond 100 an hour by this app, or 400 by all apps of the company.
        """
        asked, elsewhere = self._asked[kind], self._asked_elsewhere[kind]
        for calls in (asked, elsewhere):
            while calls and calls[0] <= now - 3600:
                calls.popleft()
        if len(asked) >= TICKETS_PER_HOUR or len(asked) + len(elsewhere) >= TICKETS_PER_HOUR_OF_COMPANY:
            raise Refused(45009)
        asked.append(now)
        ticket, until = self._current.get(kind, ('', 0.0))
        if until <= now:
            ticket, until = f'{kind}-{secrets.token_urlsafe(64)}', now + TICKET_SECONDS
            self._current[kind] = (ticket, until)
        return ticket, int(until - now)

    def ask_elsewhere(self, kind: TicketKind, times: int, now: float) -> None:
        """Other apps of the company ask for this ticket so often."""
        self._asked_elsewhere[kind].extend([now] * times)

    def current(self, kind: TicketKind) -> str | None:
        """The ticket last handed out."""
        return self._current[kind][0] if kind in self._current else None
