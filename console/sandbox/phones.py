"""The members and their phones: what each wrote and what arrived. Kept in SQLite, so a restart forgets nothing."""

import hashlib
import json
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Direction = Literal['out', 'in']

TABLES = """
CREATE TABLE IF NOT EXISTS member (
    key TEXT PRIMARY KEY, userid TEXT NOT NULL, name TEXT NOT NULL, outsider INTEGER NOT NULL,
    visible INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE IF NOT EXISTS phone_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT, member TEXT NOT NULL REFERENCES member (key), direction TEXT NOT NULL,
    kind TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL, msg_id TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '{}', recalled INTEGER NOT NULL DEFAULT 0,
    UNIQUE (member, direction, msg_id)
) STRICT;
CREATE INDEX IF NOT EXISTS phone_entry_by_time ON phone_entry (member, direction, at);
CREATE TABLE IF NOT EXISTS sent_request (
    digest TEXT PRIMARY KEY, answer TEXT NOT NULL, at REAL NOT NULL
) STRICT;
"""

ADDED = [
    ('member', 'visible', 'INTEGER NOT NULL DEFAULT 1'),
    ('phone_entry', 'body', "TEXT NOT NULL DEFAULT '{}'"),
    ('phone_entry', 'recalled', 'INTEGER NOT NULL DEFAULT 0'),
]
"""Columns that files made by earlier versions lack."""


class UnknownMember(LookupError):
    """Nobody in the sandbox has this userid."""


@dataclass(frozen=True)
class Member:
    """Somebody with a phone. An outsider can sign in, as a stranger, but is not in the company and gets no messages.

    A userid with a slash is a member of a linked company. `visible`: in the app's visible range.
    """

    userid: str
    name: str
    outsider: bool = False
    visible: bool = True

    @property
    def key(self) -> str:
        """The userid as WeCom compares it: without regard to case."""
        return self.userid.lower()

    @property
    def linked(self) -> bool:
        """Whether the member belongs to a linked company."""
        return '/' in self.userid

    @property
    def reachable(self) -> bool:
        """Whether the app can send them messages."""
        return self.visible and not self.outsider and not self.linked

    @property
    def is_customer(self) -> bool:
        """Whether the outsider is known to the company by an external_userid."""
        return self.userid.startswith(('wm', 'wo'))

    @property
    def openid(self) -> str:
        """What an outsider is called instead of a userid."""
        return 'o' + hashlib.sha256(self.key.encode()).hexdigest()[:27]


@dataclass(frozen=True)
class PhoneEntry:
    """One line on a phone: `out` is what the member wrote, `in` is what arrived. `id` grows with time.

    `body` is the message's own object as it was sent, e.g. a card, with `replace_name` once its buttons are off.
    """

    id: int
    direction: Direction
    kind: str
    text: str
    at: datetime
    msg_id: str
    body: dict[str, Any] = field(default_factory=dict, hash=False)
    recalled: bool = False


class Phones:
    """Rows of members and phone entries. Not locked: `World.turn()` does that."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(TABLES)
        for table, column, form in ADDED:
            if column not in {row[1] for row in database.execute(f'PRAGMA table_info ({table})')}:
                database.execute(f'ALTER TABLE {table} ADD COLUMN {column} {form}')

    def ensure_member(self, member: Member) -> None:
        """Add the member, or give the one with this userid the new name."""
        self._database.execute(
            'INSERT INTO member (key, userid, name, outsider, visible) VALUES (?, ?, ?, ?, ?)'
            ' ON CONFLICT (key) DO UPDATE SET name = excluded.name, outsider = excluded.outsider,'
            ' visible = excluded.visible',
            (member.key, member.userid, member.name, member.outsider, member.visible),
        )

    def members(self) -> list[Member]:
        """Everybody, in the order they came."""
        rows = self._database.execute('SELECT userid, name, outsider, visible FROM member ORDER BY rowid')
        return [Member(userid, name, bool(outsider), bool(visible)) for userid, name, outsider, visible in rows]

    def member(self, userid: str) -> Member:
        """The member with this userid in any spelling of case. Raises `UnknownMember`."""
        found = self._database.execute(
            'SELECT userid, name, outsider, visible FROM member WHERE key = ?', (userid.lower(),)
        ).fetchone()
        if found is None:
            raise UnknownMember(userid)
        return Member(found[0], found[1], bool(found[2]), bool(found[3]))

    def entries(self, member: Member) -> list[PhoneEntry]:
        """The whole phone, oldest first."""
        rows = self._database.execute(
            'SELECT id, direction, kind, text, at, msg_id, body, recalled FROM phone_entry'
            ' WHERE member = ? ORDER BY id',
            (member.key,),
        )
        return [
            PhoneEntry(
                id_, direction, kind, text, datetime.fromtimestamp(at, UTC), msg_id, json.loads(body), bool(recalled)
            )
            for id_, direction, kind, text, at, msg_id, body, recalled in rows
        ]

    def add(
        self,
        member: Member,
        direction: Direction,
        kind: str,
        text: str,
        *,
        at: float,
        msg_id: str,
        body: dict[str, Any] | None = None,
    ) -> bool:
        """Put a line on the phone; False if this very message is there already."""
        added = self._database.execute(
            'INSERT OR IGNORE INTO phone_entry (member, direction, kind, text, at, msg_id, body)'
            ' VALUES (?, ?, ?, ?, ?, ?, ?)',
            (member.key, direction, kind, text, at, msg_id, json.dumps(body or {}, ensure_ascii=False)),
        )
        return added.rowcount == 1

    def change(self, member: Member, msg_id: str, body: dict[str, Any]) -> None:
        """These fields of the message's object are different from now on."""
        self._database.execute(
            "UPDATE phone_entry SET body = json_patch(body, ?) WHERE member = ? AND direction = 'in' AND msg_id = ?",
            (json.dumps(body, ensure_ascii=False), member.key, msg_id),
        )

    def recall(self, member: Member, msg_id: str) -> None:
        """The message is taken back."""
        self._database.execute(
            "UPDATE phone_entry SET recalled = 1 WHERE member = ? AND direction = 'in' AND msg_id = ?",
            (member.key, msg_id),
        )

    def holders(self, msg_id: str) -> list[tuple[Member, float]]:
        """Whose phones this message arrived on, and when, in Unix seconds."""
        rows = self._database.execute(
            "SELECT member, at FROM phone_entry WHERE direction = 'in' AND msg_id = ? ORDER BY id", (msg_id,)
        ).fetchall()
        return [(self.member(key), at) for key, at in rows]

    def arrived_between(self, member: Member, start: float, end: float) -> int:
        """How many messages arrived after `start` up to `end`, both in Unix seconds."""
        row = self._database.execute(
            "SELECT count(*) FROM phone_entry WHERE member = ? AND direction = 'in' AND at > ? AND at <= ?",
            (member.key, start, end),
        ).fetchone()
        return int(row[0])

    def remember_request(self, digest: str, answer: str, *, at: float) -> None:
        """Keep the answer to a send request, for the duplicate check."""
        self._database.execute('INSERT OR REPLACE INTO sent_request VALUES (?, ?, ?)', (digest, answer, at))

    def remembered_request(self, digest: str, *, since: float) -> str | None:
        """The answer the same request got after `since`, if any."""
        row = self._database.execute(
            'SELECT answer FROM sent_request WHERE digest = ? AND at > ?', (digest, since)
        ).fetchone()
        return None if row is None else str(row[0])
