"""What a correction teaches, one press each: a case for the evaluation, an entry for the knowledge base, a script."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from console import evaluation_cases, lessons, scripts
from console.database import transact
from console.writing import intents


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One thing that may be kept: the words on its button, what keeps it, and what is said then."""

    words: str
    keep: Callable[[], Awaitable[object]]
    kept: str


def offered(draft_id: int, *, intent: str, corrected: str, reason: str | None, by: int) -> list[Lesson]:
    """`corrected` is the person's text, empty if there is none: then a case only says what was wrong.

    Names and numbers are left out by whoever keeps it.
    """

    async def case() -> None:
        await transact(evaluation_cases.keep, draft_id, by=by, expected=corrected or None, reason=reason)

    async def entry() -> None:
        await transact(lessons.propose_entry, draft_id, corrected, by=by)

    async def script() -> None:
        title = f'关于{intents.NAMES.get(intent, "家长的问题")}'
        await transact(scripts.propose, title, corrected, draft_id=draft_id, by=by)

    found = [Lesson(words='存为测试用例', keep=case, kept='已存为测试用例')]
    if corrected:
        found += [
            Lesson(words='提议加入知识库', keep=entry, kept='已提议加入知识库'),
            Lesson(words='提议为话术', keep=script, kept='已提议为话术'),
        ]
    return found
