"""微信客服 accounts and who attends to them. Kept in SQLite."""

import secrets
import sqlite3
from dataclasses import dataclass

from console.sandbox.answers import Refused

TABLES = """
CREATE TABLE IF NOT EXISTS kf_account (
    open_kfid TEXT PRIMARY KEY, name TEXT NOT NULL, media_id TEXT NOT NULL, granted INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS kf_servicer (
    open_kfid TEXT NOT NULL REFERENCES kf_account (open_kfid), userid TEXT NOT NULL,
    stopped INTEGER NOT NULL DEFAULT 0, stop_type INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (open_kfid, userid)
) STRICT;
"""


@dataclass(frozen=True)
class KfAccount:
    """`granted`: the administrator lets the app manage it."""

    open_kfid: str
    name: str
    media_id: str
    granted: bool


@dataclass(frozen=True)
class KfServicer:
    """`stopped` takes no new sessions; `stop_type` 0 is stopped for the day, 1 is paused."""

    userid: str
    stopped: bool
    stop_type: int


class KfAccounts:
    """Rows of accounts and servicers. Not locked: `World.turn()` does that."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(TABLES)

    def add(self, name: str, media_id: str = '', *, open_kfid: str | None = None, granted: bool = True) -> str:
        """A new account, or the one of this id under a new name. Returns its `open_kfid`."""
        open_kfid = open_kfid or 'wk' + secrets.token_urlsafe(24)[:30].replace('-', '_')
        self._database.execute(
            'INSERT INTO kf_account (open_kfid, name, media_id, granted) VALUES (?, ?, ?, ?)'
            ' ON CONFLICT (open_kfid) DO UPDATE SET name = excluded.name, granted = excluded.granted, deleted = 0',
            (open_kfid, name, media_id, granted),
        )
        return open_kfid

    def all(self) -> list[KfAccount]:
        """Those not deleted, in the order they came."""
        rows = self._database.execute(
            'SELECT open_kfid, name, media_id, granted FROM kf_account WHERE NOT deleted ORDER BY rowid'
        )
        return [KfAccount(open_kfid, name, media_id, bool(granted)) for open_kfid, name, media_id, granted in rows]

    def get(self, open_kfid: str) -> KfAccount:
        """Raises `Refused`: 60252 for what is no such id, 95000 if there never was one, 95004 if it is deleted."""
        if not open_kfid.startswith('wk'):
            raise Refused(60252)
        row = self._database.execute(
            'SELECT open_kfid, name, media_id, granted, deleted FROM kf_account WHERE open_kfid = ?', (open_kfid,)
        ).fetchone()
        if row is None:
            raise Refused(95000)
        if row[4]:
            raise Refused(95004)
        return KfAccount(row[0], row[1], row[2], bool(row[3]))

    def granted(self, open_kfid: str) -> KfAccount:
        """As `get`; raises `Refused` with 48007 too, if the app may not manage it."""
        account = self.get(open_kfid)
        if not account.granted:
            raise Refused(48007)
        return account

    def rename(self, open_kfid: str, *, name: str, media_id: str) -> None:
        self._database.execute(
            'UPDATE kf_account SET name = ?, media_id = ? WHERE open_kfid = ?', (name, media_id, open_kfid)
        )

    def grant(self, open_kfid: str, granted: bool) -> None:
        self._database.execute('UPDATE kf_account SET granted = ? WHERE open_kfid = ?', (granted, open_kfid))

    def delete(self, open_kfid: str) -> None:
        self._database.execute('UPDATE kf_account SET deleted = 1 WHERE open_kfid = ?', (open_kfid,))

    def servicers(self, open_kfid: str) -> list[KfServicer]:
        rows = self._database.execute(
            'SELECT userid, stopped, stop_type FROM kf_servicer WHERE open_kfid = ? ORDER BY rowid', (open_kfid,)
        )
        return [KfServicer(userid, bool(stopped), stop_type) for userid, stopped, stop_type in rows]

    def servicer(self, open_kfid: str, userid: str) -> KfServicer | None:
        """The servicer of this userid in any spelling of case."""
        folded = userid.lower()
        return next((one for one in self.servicers(open_kfid) if one.userid.lower() == folded), None)

    def add_servicer(self, open_kfid: str, userid: str) -> bool:
        """False if they attend to this account already."""
        if self.servicer(open_kfid, userid):
            return False
        self._database.execute('INSERT INTO kf_servicer (open_kfid, userid) VALUES (?, ?)', (open_kfid, userid))
        return True

    def set_servicer(self, open_kfid: str, userid: str, *, stopped: bool, stop_type: int) -> None:
        self._database.execute(
            'UPDATE kf_servicer SET stopped = ?, stop_type = ? WHERE open_kfid = ? AND userid = ?',
            (stopped, stop_type, open_kfid, userid),
        )

    def drop_servicer(self, open_kfid: str, userid: str) -> bool:
        """False if they did not attend to this account."""
        servicer = self.servicer(open_kfid, userid)
        if servicer is None:
            return False
        self._database.execute(
            'DELETE FROM kf_servicer WHERE open_kfid = ? AND userid = ?', (open_kfid, servicer.userid)
        )
        return True
