"""Cards that were sent, and the codes with which they can be changed. Kept in SQLite."""

import re
import secrets
import sqlite3

from console.sandbox.answers import Refused

CODE_SECONDS = 72 * 3600
TASK_ID = re.compile('[0-9A-Za-z_@-]{1,128}')
TABLES = """
CREATE TABLE IF NOT EXISTS card (task_id TEXT PRIMARY KEY, msg_id TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS card_code (
    response_code TEXT PRIMARY KEY, msg_id TEXT NOT NULL, until REAL NOT NULL
) STRICT;
"""


class Cards:
    """Rows of task ids and response codes. Not locked: `World.turn()` does that."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(TABLES)

    def check_task_id(self, task_id: str) -> None:
        """Raises `Refused` with 40058 for a task id that is malformed or was used before."""
        known = self._database.execute('SELECT 1 FROM card WHERE task_id = ?', (task_id,)).fetchone()
        if not TASK_ID.fullmatch(task_id) or known:
            raise Refused(40058, 'invalid or duplicated task_id')

    def add(self, task_id: str, msg_id: str) -> None:
        self._database.execute('INSERT INTO card VALUES (?, ?)', (task_id, msg_id))

    def issue_code(self, msg_id: str, now: float) -> str:
        """A code that changes this card once, within 72 hours."""
        code = secrets.token_urlsafe(40)
        self._database.execute('INSERT INTO card_code VALUES (?, ?, ?)', (code, msg_id, now + CODE_SECONDS))
        return code

    def message_of(self, response_code: str, now: float) -> str:
        """The msg_id of the card. Raises `Refused` with 60140 if the code is unknown, used or too old."""
        row = self._database.execute(
            'SELECT msg_id, until FROM card_code WHERE response_code = ?', (response_code,)
        ).fetchone()
        if row is None or row[1] <= now:
            raise Refused(60140)
        return str(row[0])

    def use_code(self, response_code: str) -> None:
        self._database.execute('DELETE FROM card_code WHERE response_code = ?', (response_code,))
