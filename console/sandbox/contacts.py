"""客户联系: outside contacts, who of the company has added them, and the codes they came by. Kept in SQLite."""

import json
import secrets
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from console.sandbox.answers import Refused

WELCOME_SECONDS = 20
TABLES = """
CREATE TABLE IF NOT EXISTS contact (
    external_userid TEXT PRIMARY KEY, name TEXT NOT NULL, avatar TEXT NOT NULL, gender INTEGER NOT NULL,
    unionid TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS follow (
    userid TEXT NOT NULL, external_userid TEXT NOT NULL REFERENCES contact (external_userid), fields TEXT NOT NULL,
    PRIMARY KEY (userid, external_userid)
) STRICT;
CREATE TABLE IF NOT EXISTS contact_way (config_id TEXT PRIMARY KEY, fields TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS welcome (
    id INTEGER PRIMARY KEY AUTOINCREMENT, userid TEXT NOT NULL, external_userid TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
"""


class UnknownContact(LookupError):
    """No outside contact has this external_userid, or this member has not added them."""


@dataclass(frozen=True)
class OutsideContact:
    """`kind` in WeCom's terms is 1, somebody in WeChat."""

    external_userid: str
    name: str
    avatar: str = ''
    gender: int = 0
    unionid: str = ''


@dataclass
class Follow:
    """A member and the contact they have added. `created_at` is in Unix seconds, `add_way` WeCom's number."""

    userid: str
    external_userid: str
    created_at: int
    remark: str = ''
    description: str = ''
    company: str = ''
    mobiles: list[str] = field(default_factory=list)
    tag_ids: list[str] = field(default_factory=list)
    add_way: int = 1
    state: str = ''


class Contacts:
    """Rows, and welcome codes in memory. Not locked: `World.turn()` does that."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(TABLES)
        self._welcome_codes: dict[str, tuple[str, str, float]] = {}
        self._used_codes: set[str] = set()

    def ensure(self, contact: OutsideContact) -> None:
        """Add the contact, or give the one with this id the new particulars."""
        self._database.execute(
            'INSERT INTO contact VALUES (?, ?, ?, ?, ?) ON CONFLICT (external_userid) DO UPDATE SET'
            ' name = excluded.name, avatar = excluded.avatar, gender = excluded.gender, unionid = excluded.unionid',
            (contact.external_userid, contact.name, contact.avatar, contact.gender, contact.unionid),
        )

    def all(self) -> list[OutsideContact]:
        """Everybody, in the order they came."""
        return [OutsideContact(*row) for row in self._database.execute('SELECT * FROM contact ORDER BY rowid')]

    def contact(self, external_userid: str) -> OutsideContact:
        """Raises `UnknownContact`."""
        row = self._database.execute('SELECT * FROM contact WHERE external_userid = ?', (external_userid,)).fetchone()
        if row is None:
            raise UnknownContact(external_userid)
        return OutsideContact(*row)

    def follow(self, userid: str, external_userid: str) -> Follow:
        """Raises `UnknownContact`."""
        row = self._database.execute(
            'SELECT fields FROM follow WHERE userid = ? COLLATE NOCASE AND external_userid = ?',
            (userid, external_userid),
        ).fetchone()
        if row is None:
            raise UnknownContact(external_userid)
        return Follow(**json.loads(row[0]))

    def followers(self, external_userid: str) -> list[Follow]:
        """All who have added this contact, in the order they did."""
        rows = self._database.execute(
            'SELECT fields FROM follow WHERE external_userid = ? ORDER BY rowid', (external_userid,)
        )
        return [Follow(**json.loads(row[0])) for row in rows]

    def followed_by(self, userid: str) -> list[Follow]:
        """All whom this member has added, in the order they did."""
        rows = self._database.execute(
            'SELECT fields FROM follow WHERE userid = ? COLLATE NOCASE ORDER BY rowid', (userid,)
        )
        return [Follow(**json.loads(row[0])) for row in rows]

    def keep(self, follow: Follow) -> None:
        self._database.execute(
            'INSERT INTO follow VALUES (?, ?, ?) ON CONFLICT (userid, external_userid) DO UPDATE SET'
            ' fields = excluded.fields',
            (follow.userid, follow.external_userid, json.dumps(vars(follow), ensure_ascii=False)),
        )

    def part(self, follow: Follow) -> None:
        """The two have each other no longer."""
        self._database.execute(
            'DELETE FROM follow WHERE userid = ? AND external_userid = ?', (follow.userid, follow.external_userid)
        )

    def add_way(self, fields: dict[str, Any]) -> str:
        """A code to come by. Returns its config_id."""
        config_id = secrets.token_hex(16)
        self._database.execute(
            'INSERT INTO contact_way VALUES (?, ?)', (config_id, json.dumps(fields, ensure_ascii=False))
        )
        return config_id

    def way(self, config_id: str) -> dict[str, Any] | None:
        row = self._database.execute('SELECT fields FROM contact_way WHERE config_id = ?', (config_id,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def delete_way(self, config_id: str) -> None:
        self._database.execute('DELETE FROM contact_way WHERE config_id = ?', (config_id,))

    def issue_welcome_code(self, follow: Follow, now: float) -> str:
        """Good for one welcome within 20 seconds."""
        code = secrets.token_urlsafe(30)
        self._welcome_codes[code] = (follow.userid, follow.external_userid, now + WELCOME_SECONDS)
        return code

    def welcome(self, code: str, text: str, now: float) -> None:
        """Raises `Refused`: 41051 if the contact was welcomed already, 41050 if the code is too old or unknown."""
        if code in self._used_codes:
            raise Refused(41051)
        userid, external_userid, until = self._welcome_codes.get(code, ('', '', 0.0))
        if until <= now:
            raise Refused(41050)
        self._used_codes.add(code)
        self._database.execute(
            'INSERT INTO welcome (userid, external_userid, text) VALUES (?, ?, ?)', (userid, external_userid, text)
        )

    def welcomes(self, userid: str, external_userid: str) -> list[str]:
        """What the contact was welcomed with by this member."""
        rows = self._database.execute(
            'SELECT text FROM welcome WHERE userid = ? COLLATE NOCASE AND external_userid = ? ORDER BY id',
            (userid, external_userid),
        )
        return [str(row[0]) for row in rows]
