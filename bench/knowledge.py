"""How fast the knowledge is found, and how soon a change is: at 2,000 and at 20,000 entries."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.orm import Session

from bench import table
from bench.table import Row
from console import knowledge, migrations
from console.database import Database
from console.knowledge import Entry
from models import KnowledgeEntry
from tests.evaluation import library

SIZES = (2_000, 20_000)


def rows() -> list[Row]:
    """Lines of the table of `python -m bench`."""
    return [row for size in SIZES for row in _measured(size)]


def _measured(size: int) -> list[Row]:
    where = f'knowledge, {size:,} entries'
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f'sqlite:///{folder}/bench.db')
        migrations.upgrade(db.engine)
        try:
            knowledge.open_shelf(Path(folder) / 'dictionary')
            for start in range(0, size, 1_000):
                db.transact(_fill, start, min(start + 1_000, size))
            first = _milliseconds(lambda: db.read(knowledge.search, '课程'))
            asked = [one['question'] for one in library.read('questions.json')]
            spent = sorted(_milliseconds(lambda q=q: db.read(knowledge.search, q)) for q in asked)  # type: ignore[misc]
            fresh = [_changed(db, number) for number in range(1, 11)]
        finally:
            db.close()
    return [
        (where, 'index built', f'{first / 1000:.1f} s'),
        (where, 'search: p50 / p95', f'{statistics.median(spent):.1f} / {spent[int(len(spent) * 0.95)]:.1f} ms'),
        (where, 'search after one entry changed: p50 / max', f'{statistics.median(fresh):.0f} / {max(fresh):.0f} ms'),
    ]


def _changed(db: Database, number: int) -> float:
    """From the commit of a change until a search has found it, in milliseconds."""
    db.transact(
        knowledge.put, [Entry(external_key=f'k{number}', question=f'新的问法{number}号', answer='好。')], by=None
    )

    def look() -> None:
        found = db.read(knowledge.search, f'新的问法{number}号', limit=1)
        if found[0].question != f'新的问法{number}号':
            raise RuntimeError('the change was not found')

    return _milliseconds(look)


def _fill(session: Session, start: int, end: int) -> None:
    """Entries of the demo school over and over, each told apart by a number."""
    known = library.entries()
    for number in range(start, end):
        entry = known[number % len(known)]
        session.add(
            KnowledgeEntry(
                external_key=f'k{number}',
                question=entry.question if number < len(known) else f'{entry.question}（{number}号校区）',
                variants=list(entry.variants),
                answer=entry.answer,
                facts=entry.facts,
            )
        )


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


if __name__ == '__main__':
    before = table.machine()
    table.show(rows(), before)
