"""Questions that many open pages ask at the same news are answered by one reading."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from console.database import read
from console.errors import ConsoleError

Q = TypeVar('Q')
A = TypeVar('A')
Work = Callable[[Session, Sequence[Any]], Sequence[Any]]

_asked: dict[Work, list[tuple[Any, asyncio.Future[Any]]]] = {}


async def ask(work: Callable[[Session, Sequence[Q]], Sequence[A | ConsoleError]], question: Q) -> A:
    """Have `work(session, questions)` answer this question and all that are asked before the reading begins.

    It answers each in its place; an error there is raised here.
    """
    waiting = _asked.setdefault(work, [])
    answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
    waiting.append((question, answer))
    if len(waiting) == 1:
        # Whoever heard the same news asks before the loop comes round to this.
        asyncio.get_running_loop().call_soon(_begin, work)
    return await answer


def _begin(work: Work) -> None:
    asked = _asked.pop(work)
    task = asyncio.ensure_future(_answer(work, asked))
    _running.add(task)
    task.add_done_callback(_running.discard)


_running: set[asyncio.Future[None]] = set()


async def _answer(work: Work, asked: list[tuple[Any, asyncio.Future[Any]]]) -> None:
    try:
        answers = await read(work, [question for question, _ in asked])
    except Exception as fault:
        answers = [fault] * len(asked)
    for (_, waiting), answer in zip(asked, answers, strict=True):
        if waiting.done():
            continue  # the page was closed
        if isinstance(answer, Exception):
            waiting.set_exception(answer)
        else:
            waiting.set_result(answer)
