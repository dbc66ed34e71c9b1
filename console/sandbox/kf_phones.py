"""What 微信客服 customers see in WeChat: the chat with each account. Kept in SQLite."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from console.sandbox.phones import Direction

TABLES = """
CREATE TABLE IF NOT EXISTS kf_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT, open_kfid TEXT NOT NULL, external_userid TEXT NOT NULL,
    direction TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, at REAL NOT NULL, msgid TEXT NOT NULL,
    servicer TEXT NOT NULL, fail_type INTEGER, recalled INTEGER NOT NULL DEFAULT 0, UNIQUE (open_kfid, msgid)
) STRICT;
CREATE INDEX IF NOT EXISTS kf_line_by_chat ON kf_line (open_kfid, external_userid, id);
"""


@dataclass(frozen=True)
class KfLine:
    """One message: `out` the customer wrote, `in` arrived, from `servicer` or, if that is empty, from the app.

    `body` is the message's own object, e.g. {'content': …} of a text. `fail_type` is WeCom's number for why it never
    arrived, None if it did.
    """

    id: int
    direction: Direction
    kind: str
    body: dict[str, Any]
    at: datetime
    msgid: str
    servicer: str
    fail_type: int | None
    recalled: bool

    @property
    def text(self) -> str:
        """What it says, as far as it says anything."""
        named = ('content', 'head_content', 'title', 'name', 'media_id')
        return next((str(self.body[name]) for name in named if self.body.get(name)), '')


class KfPhones:
    """Rows of messages. Not locked: `World.turn()` does that."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(TABLES)

    def add(
        self,
        open_kfid: str,
        external_userid: str,
        direction: Direction,
        kind: str,
        body: dict[str, Any],
        *,
        at: float,
        msgid: str,
        servicer: str = '',
    ) -> None:
        self._database.execute(
            'INSERT INTO kf_line (open_kfid, external_userid, direction, kind, body, at, msgid, servicer)'
            ' VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
            (open_kfid, external_userid, direction, kind, json.dumps(body, ensure_ascii=False), at, msgid, servicer),
        )

    def has(self, open_kfid: str, msgid: str) -> bool:
        """Whether this account has a message of that id, arrived or not."""
        return self._owner(open_kfid, msgid) is not None

    def owner(self, open_kfid: str, msgid: str) -> str:
        """The customer whose chat holds the message. Raises `ValueError` if there is no such message."""
        owner = self._owner(open_kfid, msgid)
        if owner is None:
            raise ValueError(f'{open_kfid} has no message {msgid}')
        return owner

    def fail(self, open_kfid: str, msgid: str, fail_type: int) -> None:
        self._database.execute(
            'UPDATE kf_line SET fail_type = ? WHERE open_kfid = ? AND msgid = ?', (fail_type, open_kfid, msgid)
        )

    def recall(self, open_kfid: str, msgid: str) -> None:
        self._database.execute('UPDATE kf_line SET recalled = 1 WHERE open_kfid = ? AND msgid = ?', (open_kfid, msgid))

    def lines(self, open_kfid: str, external_userid: str) -> list[KfLine]:
        """The whole chat, oldest first, with what never arrived and what was recalled marked as such."""
        rows = self._database.execute(
            'SELECT id, direction, kind, body, at, msgid, servicer, fail_type, recalled FROM kf_line'
            ' WHERE open_kfid = ? AND external_userid = ? ORDER BY id',
            (open_kfid, external_userid),
        )
        return [
            KfLine(
                id_, direction, kind, json.loads(body), datetime.fromtimestamp(at, UTC), msgid, servicer, fail_type,
                bool(recalled),
            )
            for id_, direction, kind, body, at, msgid, servicer, fail_type, recalled in rows
        ]  # fmt: skip

    def _owner(self, open_kfid: str, msgid: str) -> str | None:
        row = self._database.execute(
            'SELECT external_userid FROM kf_line WHERE open_kfid = ? AND msgid = ?', (open_kfid, msgid)
        ).fetchone()
        return None if row is None else str(row[0])
