"""A list costs the database the same however long it is."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event

from callbacks.api_v1 import conversations, drafts
from console.database import Database
from models import Staff
from tests import story

LISTS = {
    'conversations': lambda by: conversations.list_conversations(caller=by, limit=50),
    'drafts': lambda by: drafts.list_drafts(by, limit=50),
}


@pytest.mark.parametrize('name', LISTS)
async def test_a_longer_list_asks_the_database_no_more_often(db: Database, name: str) -> None:
    by = db.transact(story.member)
    db.transact(story.drafted, question='我的手机是13812345678', who='parent0')
    short, asked = await counted(db, by, LISTS[name])

    for number in range(1, 6):
        db.transact(story.drafted, question=f'我的手机是1390000000{number}', who=f'parent{number}')
    long, asked_for_six = await counted(db, by, LISTS[name])

    assert (len(short), len(long)) == (1, 6)
    assert asked_for_six == asked
    shown = [getattr(one, 'customer_message', None) or one.last_message_text for one in long]
    assert sorted(shown) == ['我的手机是138****5678', *(f'我的手机是139****000{number}' for number in range(1, 6))]


async def counted(db: Database, by: Staff, ask: Callable[[Staff], Awaitable[Any]]) -> tuple[list[Any], int]:
    """What is listed, and in how many statements."""
    statements: list[str] = []

    def count(*given: Any) -> None:
        statements.append(given[2])

    event.listen(db.read_engine, 'before_cursor_execute', count)
    try:
        answer = await ask(by)
    finally:
        event.remove(db.read_engine, 'before_cursor_execute', count)
    return answer.data.items, len(statements)
