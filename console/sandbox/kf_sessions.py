"""微信客服 customers and their sessions with each account, and the codes that allow one message out of turn.

Customers and sessions are kept in SQLite, codes in memory. Times are Unix seconds of the sandbox's clock.
"""

import secrets
import sqlite3
from dataclasses import dataclass
from enum import IntEnum

from console.sandbox.answers import Refused

SESSION_SECONDS = 48 * 3600
TABLES = """
CREATE TABLE IF NOT EXISTS kf_customer (
    external_userid TEXT PRIMARY KEY, nickname TEXT NOT NULL, avatar TEXT NOT NULL, gender INTEGER NOT NULL,
    unionid TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS kf_session (
    open_kfid TEXT NOT NULL, external_userid TEXT NOT NULL REFERENCES kf_customer (external_userid),
    state INTEGER NOT NULL, servicer TEXT NOT NULL, opened_at REAL NOT NULL, spoke_at REAL NOT NULL,
    sent_since INTEGER NOT NULL, welcomed_at REAL NOT NULL, scene TEXT NOT NULL, scene_param TEXT NOT NULL,
    PRIMARY KEY (open_kfid, external_userid)
) STRICT;
"""


class State(IntEnum):
    """WeCom's numbers for what a session is in."""

    UNTREATED = 0
    ASSISTANT = 1
    POOL = 2
    SERVICER = 3
    ENDED = 4


MOVES = {
    State.UNTREATED: {State.ASSISTANT, State.POOL, State.SERVICER, State.ENDED},
    State.ASSISTANT: {State.POOL, State.SERVICER, State.ENDED},
    State.POOL: {State.SERVICER, State.ENDED},
    State.SERVICER: {State.SERVICER, State.ENDED},
    State.ENDED: set(),
}
"""What the API may change. WeCom's page shows it as a picture; endings other than from 3 are a guess."""


class UnknownCustomer(LookupError):
    """Nobody with this external_userid was met at 微信客服."""


@dataclass(frozen=True)
class KfCustomer:
    external_userid: str
    nickname: str
    avatar: str
    gender: int
    unionid: str


@dataclass
class KfSession:
    """One customer with one account. 0.0 stands for never."""

    open_kfid: str
    external_userid: str
    state: State = State.ENDED
    servicer: str = ''
    opened_at: float = 0.0
    spoke_at: float = 0.0
    sent_since: int = 0
    welcomed_at: float = 0.0
    scene: str = ''
    scene_param: str = ''

    def move(self, state: State, servicer: str = '') -> None:
        self.state, self.servicer = state, servicer

    def spoken(self, now: float) -> None:
        """The customer wrote: the account may answer again, and what was over begins anew."""
        if self.state is State.ENDED:
            self.move(State.UNTREATED)
            self.opened_at = now
        self.spoke_at, self.sent_since = now, 0


class KfSessions:
    """Rows of customers and sessions. Not locked: `World.turn()` does that."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(TABLES)

    def ensure_customer(self, customer: KfCustomer) -> None:
        """Add the customer, or give the one with this id the new particulars."""
        self._database.execute(
            'INSERT INTO kf_customer VALUES (?, ?, ?, ?, ?) ON CONFLICT (external_userid) DO UPDATE SET'
            ' nickname = excluded.nickname, avatar = excluded.avatar, gender = excluded.gender,'
            ' unionid = excluded.unionid',
            (customer.external_userid, customer.nickname, customer.avatar, customer.gender, customer.unionid),
        )

    def customers(self) -> list[KfCustomer]:
        """Everybody, in the order they came."""
        return [KfCustomer(*row) for row in self._database.execute('SELECT * FROM kf_customer ORDER BY rowid')]

    def customer(self, external_userid: str) -> KfCustomer:
        """Raises `UnknownCustomer`."""
        row = self._database.execute(
            'SELECT * FROM kf_customer WHERE external_userid = ?', (external_userid,)
        ).fetchone()
        if row is None:
            raise UnknownCustomer(external_userid)
        return KfCustomer(*row)

    def get(self, open_kfid: str, external_userid: str, now: float) -> KfSession:
        """How things stand; a session of more than 48 hours is over. Raises `UnknownCustomer`."""
        self.customer(external_userid)
        row = self._database.execute(
            'SELECT * FROM kf_session WHERE open_kfid = ? AND external_userid = ?', (open_kfid, external_userid)
        ).fetchone()
        session = KfSession(*row) if row else KfSession(open_kfid, external_userid)
        session.state = State(session.state)
        if session.state is not State.ENDED and now >= session.opened_at + SESSION_SECONDS:
            session.move(State.ENDED)
        return session

    def keep(self, session: KfSession) -> None:
        self._database.execute(
            'INSERT OR REPLACE INTO kf_session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
            (
                session.open_kfid,
                session.external_userid,
                int(session.state),
                session.servicer,
                session.opened_at,
                session.spoke_at,
                session.sent_since,
                session.welcomed_at,
                session.scene,
                session.scene_param,
            ),
        )

    def latest_of(self, external_userid: str) -> KfSession | None:
        """The session, with whichever account, that this customer last spoke or came in."""
        row = self._database.execute(
            'SELECT * FROM kf_session WHERE external_userid = ? ORDER BY max(spoke_at, opened_at) DESC LIMIT 1',
            (external_userid,),
        ).fetchone()
        return KfSession(*row) if row else None


@dataclass(frozen=True)
class Occasion:
    """When one message out of turn is allowed: `state` is what the session must still be in, None for any."""

    open_kfid: str
    external_userid: str
    state: State | None
    until: float
    kinds: frozenset[str]


class KfCodes:
    """Codes for `kf/send_msg_on_event`, each good once."""

    def __init__(self) -> None:
        self._issued: dict[str, Occasion] = {}

    def for_entering(self, session: KfSession, now: float) -> str:
        return self._issue(session, None, now + 20, {'text', 'msgmenu'})

    def for_moving(self, session: KfSession, now: float) -> str:
        """For the state that the session has just come into: the pool, a servicer, or its end."""
        if session.state is State.ENDED:
            return self._issue(session, session.state, now + 20, {'text', 'msgmenu'})
        return self._issue(session, session.state, now + SESSION_SECONDS, {'text'})

    def get(self, code: str, now: float) -> Occasion:
        """Raises `Refused` with 40058 if the code is unknown, used or too old."""
        occasion = self._issued.get(code)
        if occasion is None or occasion.until <= now:
            raise Refused(40058, 'invalid or expired code')
        return occasion

    def use(self, code: str) -> None:
        del self._issued[code]

    def _issue(self, session: KfSession, state: State | None, until: float, kinds: set[str]) -> str:
        code = secrets.token_urlsafe(32)
        self._issued[code] = Occasion(session.open_kfid, session.external_userid, state, until, frozenset(kinds))
        return code
