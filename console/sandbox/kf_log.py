"""What `kf/sync_msg` reads: an append-only log for each account, with cursors and the tokens doorbells carry."""

import hashlib
import json
import secrets
import sqlite3
from collections import defaultdict, deque
from typing import Any, NamedTuple

from console.sandbox.answers import Refused

HISTORY_SECONDS = 3 * 24 * 3600
TOKEN_SECONDS = 600
WITHOUT_TOKEN_PER_MINUTE = 10
TABLES = """
CREATE TABLE IF NOT EXISTS kf_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, open_kfid TEXT NOT NULL, at REAL NOT NULL, item TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS kf_log_by_account ON kf_log (open_kfid, seq);
"""

Item = dict[str, Any]


class Page(NamedTuple):
    items: list[Item]
    next_cursor: str
    has_more: bool


class KfLog:
    """Rows of what happened. Tokens and limits are in memory. Not locked: `World.turn()` does that.

    `without_token_per_minute` is the limit, for each account, on asking without a token; WeCom calls its own strict
    and names no number. `empty_pages` is how many of the next pages hold nothing and say that there is more.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(TABLES)
        self.without_token_per_minute = WITHOUT_TOKEN_PER_MINUTE
        self.empty_pages = 0
        self._tokens: dict[str, tuple[str, float]] = {}
        self._asked: defaultdict[str, deque[float]] = defaultdict(deque)

    def add(self, open_kfid: str, item: Item, at: float) -> None:
        self._database.execute(
            'INSERT INTO kf_log (open_kfid, at, item) VALUES (?, ?, ?)',
            (open_kfid, at, json.dumps(item, ensure_ascii=False)),
        )

    def page(self, open_kfid: str, cursor: str, limit: int, now: float) -> Page:
        """What came after `cursor`, of the last three days; without one, all of these. Raises `Refused` with 40058."""
        after = self._position(open_kfid, cursor) if cursor else 0
        if self.empty_pages:
            self.empty_pages -= 1
            return Page([], self._cursor(open_kfid, after), True)
        rows = self._database.execute(
            'SELECT seq, item FROM kf_log WHERE open_kfid = ? AND seq > ? AND at > ? ORDER BY seq LIMIT ?',
            (open_kfid, after, now - HISTORY_SECONDS, limit + 1),
        ).fetchall()
        page = rows[:limit]
        last = page[-1][0] if page else after
        return Page([json.loads(item) for _, item in page], self._cursor(open_kfid, last), len(rows) > limit)

    def issue_token(self, open_kfid: str, now: float) -> str:
        """What the doorbell carries."""
        self._tokens = {token: entry for token, entry in self._tokens.items() if entry[1] > now}
        token = 'ENC' + secrets.token_urlsafe(48)
        self._tokens[token] = (open_kfid, now + TOKEN_SECONDS)
        return token

    def check_token(self, open_kfid: str, token: str, now: float) -> None:
        """Raises `Refused`: 95007 for a token too old or of another account, 45009 for too much asking without one."""
        if token:
            owner, until = self._tokens.get(token, ('', 0.0))
            if owner != open_kfid or until <= now:
                raise Refused(95007)
            return
        asked = self._asked[open_kfid]
        while asked and asked[0] <= now - 60:
            asked.popleft()
        if len(asked) >= self.without_token_per_minute:
            raise Refused(45009)
        asked.append(now)

    @staticmethod
    def _cursor(open_kfid: str, seq: int) -> str:
        return f'{_mark(open_kfid)}{seq:016x}'

    @staticmethod
    def _position(open_kfid: str, cursor: str) -> int:
        mark, seq = cursor[:-16], cursor[-16:]
        if mark != _mark(open_kfid):
            raise Refused(40058, 'invalid cursor')
        try:
            return int(seq, 16)
        except ValueError:
            raise Refused(40058, 'invalid cursor') from None


def _mark(open_kfid: str) -> str:
    return '4gw' + hashlib.sha256(open_kfid.encode()).hexdigest()[:24]
