"""The index of what was said: kept up by following the messages, a moment behind them, never in their transaction."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import ColumnClause, column, delete, func, select, table, text
from sqlalchemy.orm import Session

from console.database import current, read, transact
from console.search_words import grams
from models import LARGEST_INTEGER, Message

AT_ONCE = 100
"""Messages a transaction: on SQLite, whoever writes waits for it."""

COMPARED_AT_ONCE = 20_000
LOOKED_BEHIND = 3_000
"""Ids below the newest that are compared again and again: on PostgreSQL one may be committed after a higher one."""

GATHERING = 0.2
"""Seconds to wait before a look, so that a burst is one piece of work."""

MOST_GIVEN_WAY = 20


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Messages that the index lacks, (id, text), and the id up to which it has now been compared."""

    messages: list[tuple[int, str]]
    compared: int
    newest: int


class Follower:
    """Compares the messages with the index, all of them after a start, then what is new.

    Where it stands is not stored: what is missing is seen by comparing, so a restored backup or an emptied index fills
    itself, and nothing has to agree with anything.
    """

    def __init__(self) -> None:
        self._compared = 0

    async def step(self) -> bool:
        """Add what is missing, a batch at a time; True if there is more."""
        await asyncio.sleep(0 if self._compared == 0 else GATHERING)
        found = await read(missing, self._compared)
        if found.messages:
            words = await asyncio.to_thread(lambda: [(id_, grams(said)) for id_, said in found.messages])
            await _give_way()
            await transact(add, words)
        self._compared = found.compared  # not before: what the database refused for a moment would stay missing
        return found.compared < found.newest


def missing(session: Session, compared: int) -> Missing:
    """The next messages above `compared`, or a little below, that are to be found and are not in the index."""
    newest = session.scalar(select(func.max(Message.id))) or 0
    above = max(0, min(compared, newest - LOOKED_BEHIND))
    upto = min(newest, above + COMPARED_AT_ONCE)
    key = _KEYS[_kind(session)]
    rows = session.execute(
        select(Message.id, Message.text)
        .where(
            *(Message.id > above, Message.id <= upto, Message.recalled_at.is_(None)),
            Message.id.not_in(select(key).select_from(_INDEX[_kind(session)]).where(key > above, key <= upto)),
        )
        .order_by(Message.id)
        .limit(AT_ONCE)
    ).all()
    if len(rows) == AT_ONCE:
        upto = rows[-1].id
    return Missing(messages=[(row.id, row.text) for row in rows], compared=upto, newest=newest)


def add(session: Session, words: list[tuple[int, list[str]]]) -> None:
    """Put the grams of messages into the index; of those that were erased or taken back meanwhile nothing.

    The messages are held, so that who erases one waits, and then finds its words to be erased, too.
    """
    there = set(
        session.scalars(
            select(Message.id)
            .where(Message.id.in_([id_ for id_, _ in words]), Message.recalled_at.is_(None))
            .order_by(Message.id)
            .with_for_update(read=True)
        )
    )
    kind = _kind(session)
    rows = [{'id': id_, 'grams': found if kind == 'postgresql' else ' '.join(found)} for id_, found in words]
    if rows := [row for row in rows if row['id'] in there]:
        session.execute(_ADD[kind], rows)


def leave_out(session: Session, message_ids: Iterable[int]) -> None:
    """Messages were taken back: they are found no more. An erased message leaves by itself."""
    if ids := list(message_ids):
        kind = _kind(session)
        session.execute(delete(_INDEX[kind]).where(_KEYS[kind].in_(ids)))


def candidates(session: Session, searched: list[str], *, below: int | None, limit: int) -> list[int]:
    """Ids of up to `limit` messages, newest first, that hold all pairs of signs of the runs, though perhaps apart."""
    kind = _kind(session)
    words = _expression(searched, kind)
    below = below if below is not None else LARGEST_INTEGER
    if kind == 'sqlite':
        return list(session.scalars(_FIND[kind], {'words': words, 'below': below, 'limit': limit}))
    # Of a common word the newest are near: a look at those costs less than sorting all there are.
    near = max(0, min(below, 1 + (session.scalar(_NEWEST) or 0)) - NEAR)
    found = list(session.scalars(_FIND_NEAR, {'words': words, 'below': below, 'above': near, 'limit': limit}))
    if len(found) < limit and near > 0:
        rest = {'words': words, 'below': min(below, near), 'limit': limit - len(found)}
        found += session.scalars(_FIND[kind], rest)
    return found


NEAR = 5_000

_ADD = {
    'sqlite': text('INSERT OR REPLACE INTO message_search (rowid, grams) VALUES (:id, :grams)'),
    'postgresql': text(
        'INSERT INTO message_search (message_id, grams) VALUES (:id, array_to_tsvector(CAST(:grams AS text[]))) '
        'ON CONFLICT DO NOTHING'
    ),
}
_KEYS: dict[str, ColumnClause[int]] = {
    kind: column(name) for kind, name in (('sqlite', 'rowid'), ('postgresql', 'message_id'))
}
_INDEX = {kind: table('message_search', key) for kind, key in _KEYS.items()}
_FIND = {
    'sqlite': text(
        'SELECT rowid FROM message_search WHERE message_search MATCH :words AND rowid < :below '
        'ORDER BY rowid DESC LIMIT :limit'
    ),
    # Materialised, as the planner would else walk down all ids for a word it takes for a common one.
    'postgresql': text(
        'WITH found AS MATERIALIZED ('
        'SELECT message_id FROM message_search WHERE grams @@ CAST(:words AS tsquery) AND message_id < :below) '
        'SELECT message_id FROM found ORDER BY message_id DESC LIMIT :limit'
    ),
}
_FIND_NEAR = text(
    'SELECT message_id FROM message_search '
    'WHERE message_id < :below AND message_id >= :above AND grams @@ CAST(:words AS tsquery) '
    'ORDER BY message_id DESC LIMIT :limit'
)
_NEWEST = text('SELECT max(message_id) FROM message_search')


def _expression(searched: list[str], kind: str) -> str:
    """In the database's own language. Grams are letters and numbers only, so that nothing in them needs an escape."""
    pairs = dict.fromkeys(a + b for run in searched for a, b in pairwise(run))
    alone = dict.fromkeys(run for run in searched if len(run) == 1)
    if kind == 'sqlite':
        return ' AND '.join([*(f'"{pair}"' for pair in pairs), *(f'"{sign}"*' for sign in alone)])
    return ' & '.join([*(f"'{pair}'" for pair in pairs), *(f"'{sign}':*" for sign in alone)])


async def _give_way() -> None:
    """Wait while someone waits for a commit that must not wait, for a time."""
    for _ in range(MOST_GIVEN_WAY):
        if not current().pressed:
            return
        await asyncio.sleep(0.01)


def _kind(session: Session) -> str:
    return session.get_bind().dialect.name
