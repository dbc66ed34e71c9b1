"""All of 微信客服 that the sandbox knows."""

import secrets
import sqlite3
from typing import Any

from console.sandbox.kf_accounts import KfAccounts
from console.sandbox.kf_log import KfLog
from console.sandbox.kf_phones import KfPhones
from console.sandbox.kf_sessions import KfCodes, KfSessions
from console.sandbox.phones import Direction

CUSTOMER, SYSTEM, SERVICER = 3, 4, 5
"""WeCom's `origin` of what the log holds."""


class Kf:
    """Accounts, sessions, the log and the customers' phones. Not locked: `World.turn()` does that."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.accounts = KfAccounts(database)
        self.sessions = KfSessions(database)
        self.phones = KfPhones(database)
        self.log = KfLog(database)
        self.codes = KfCodes()

    def note_message(
        self,
        open_kfid: str,
        external_userid: str,
        kind: str,
        body: dict[str, Any],
        now: float,
        *,
        msgid: str = '',
        servicer: str = '',
    ) -> str:
        """A message of the customer's, or of `servicer` in WeCom: in the log and on the phone. Returns its msgid."""
        msgid = msgid or new_msgid()
        head: dict[str, Any] = {'msgid': msgid, 'open_kfid': open_kfid, 'external_userid': external_userid}
        head |= {'send_time': int(now), 'origin': SERVICER if servicer else CUSTOMER}
        if servicer:
            head['servicer_userid'] = servicer
        self.log.add(open_kfid, {**head, 'msgtype': kind, kind: body}, now)
        direction: Direction = 'in' if servicer else 'out'
        self.phones.add(open_kfid, external_userid, direction, kind, body, at=now, msgid=msgid, servicer=servicer)
        return msgid

    def note_event(self, open_kfid: str, event_type: str, fields: dict[str, Any], now: float) -> str:
        """An event in the log. Returns its msgid."""
        msgid = new_msgid()
        event = {'event_type': event_type, 'open_kfid': open_kfid, **fields}
        item = {'msgid': msgid, 'send_time': int(now), 'origin': SYSTEM, 'msgtype': 'event', 'event': event}
        self.log.add(open_kfid, item, now)
        return msgid


def new_msgid() -> str:
    return secrets.token_urlsafe(24)
