"""Everything the sandbox knows, behind one lock and, where it must survive a restart, in one SQLite file."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from console.sandbox.cards import Cards
from console.sandbox.clock import Clock
from console.sandbox.contact_tags import ContactTags
from console.sandbox.contacts import Contacts
from console.sandbox.credentials import SandboxCredentials
from console.sandbox.faults import Calls, Faults
from console.sandbox.gate import Gate
from console.sandbox.kf import Kf
from console.sandbox.media import MediaFiles
from console.sandbox.phones import Direction, Member, Phones
from console.sandbox.robots import Robots
from console.sandbox.tokens import AccessTokens, JsTickets, SignInCodes

Listener = Callable[[str], object]


class World:
    """The state. Everything but `clock` and `credentials` is touched inside `with world.turn():` only.

    `trusted_domain` is the host with its port that a sign-in may return to; None accepts this machine's addresses.
    """

    def __init__(self, path: Path | str, credentials: SandboxCredentials) -> None:
        self.credentials = credentials
        self.trusted_domain: str | None = None
        self.clock = Clock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute('PRAGMA journal_mode = WAL')
        self._database.execute('PRAGMA foreign_keys = ON')
        self.phones = Phones(self._database)
        self.kf = Kf(self._database)
        self.media = MediaFiles(self._database)
        self.cards = Cards(self._database)
        self.contacts = Contacts(self._database)
        self.tags = ContactTags(self._database)
        self.robots = Robots()
        self.gate = Gate()
        self.access_tokens = AccessTokens()
        self.codes = SignInCodes()
        self.tickets = JsTickets()
        self.faults = Faults()
        self.calls = Calls()
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._changed: dict[str, None] = {}
        self._last_msg_id = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have the world to oneself, as one transaction; those who listen hear of changed phones afterwards."""
        with self._lock:
            self._database.execute('BEGIN')
            try:
                yield
            except BaseException:
                self._changed.clear()
                self._database.execute('ROLLBACK')
                raise
            self._database.execute('COMMIT')
            changed, self._changed = list(self._changed), {}
            listeners = list(self._listeners)
        for userid in changed:
            for listener in listeners:
                listener(userid)

    def put_on_phone(
        self,
        member: Member,
        direction: Direction,
        kind: str,
        text: str,
        *,
        msg_id: str,
        body: dict[str, Any] | None = None,
    ) -> None:
        """A line on the phone, dated now. The same message twice is one line."""
        if self.phones.add(member, direction, kind, text, at=self.clock.now(), msg_id=msg_id, body=body):
            self.changed(member.userid)

    def change_on_phone(self, member: Member, msg_id: str, body: dict[str, Any]) -> None:
        """These fields of a message on the phone are different from now on."""
        self.phones.change(member, msg_id, body)
        self.changed(member.userid)

    def recall_from_phone(self, member: Member, msg_id: str) -> None:
        self.phones.recall(member, msg_id)
        self.changed(member.userid)

    def trusts(self, host_and_port: str, host: str | None) -> bool:
        """Whether a sign-in may return there and a page there may be signed."""
        if self.trusted_domain is not None:
            return host_and_port == self.trusted_domain
        return host in {'localhost', '127.0.0.1', '::1'}

    def changed(self, who: str) -> None:
        """Those who listen shall hear of this member's or customer's phone when the turn is over."""
        self._changed[who] = None

    def next_msg_id(self) -> str:
        """A 64-bit number in decimal, never used before and greater than the ones before."""
        self._last_msg_id = max(self._last_msg_id + 1, time.time_ns())
        return str(self._last_msg_id)

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def close(self) -> None:
        with self._lock:
            self._database.close()
