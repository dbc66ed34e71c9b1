"""How good answers are: what the search finds, which traps the checks hold, what they hold in vain, and how fast."""

import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench import table
from bench.table import Row
from console.writing.retrieval import KnowledgeIndex
from tests.evaluation import library, replies


def rows() -> list[Row]:
    """Lines of the table of `python -m bench`."""
    with tempfile.TemporaryDirectory() as cache:
        index = KnowledgeIndex(Path(cache))
        index.build(library.entries())
        return [*_retrieval(index), *_checks(index)]


def _retrieval(index: KnowledgeIndex) -> list[Row]:
    found = []
    for half in ('tuning', 'held-out'):
        for depth in (1, 3):
            missed, asked = library.misses(index, half, depth)  # type: ignore[arg-type]
            hits = asked - len(missed)
            found.append(('retrieval', f'{half} questions, hit@{depth}', f'{hits} of {asked} ({hits / asked:.1%})'))
    return found


def _checks(index: KnowledgeIndex) -> list[Row]:
    traps, good = list(replies.traps(index)), list(replies.good_replies(index))
    held = Counter(trap.kind for trap in traps if trap.is_blocked)
    set_up = Counter(trap.kind for trap in traps)
    alarms = sum(one.is_blocked for one in good)
    spent = sorted(_milliseconds(index))
    return [
        *(('checks', f'traps held: {kind}', f'{held[kind]} of {count}') for kind, count in sorted(set_up.items())),
        ('checks', 'traps held', f'{held.total()} of {len(traps)}'),
        ('checks', 'good replies blocked', f'{alarms} of {len(good)} ({alarms / len(good):.1%})'),
        (
            'checks',
            'one draft, processor time: p50 / p95',
            f'{statistics.median(spent):.1f} / {spent[int(len(spent) * 0.95)]:.1f} ms',
        ),
    ]


def _milliseconds(index: KnowledgeIndex) -> list[float]:
    """Of the checks alone, for each good reply, in processor time: they hold up everybody else."""
    spent = []
    for reply, context in replies.contexts(index):
        began = time.thread_time()
        replies.check_text(reply, context)
        spent.append((time.thread_time() - began) * 1000)
    return spent


if __name__ == '__main__':
    before = table.machine()
    table.show(rows(), before)
