"""The table that a benchmark ends with, below the machine it ran on."""

import os
import time
from collections.abc import Sequence

Row = tuple[str, str, str]
"""Where, what, and the figure."""

KINDS = ('sqlite', 'postgresql')
"""The databases that are measured."""

ADDITIONS = 10_000_000


def machine() -> str:
    """What figures must be read against. A virtual machine's speed can halve from one hour to the next.

    Ask before the run: afterwards the load is one's own.
    """
    load = os.getloadavg()[0]
    began = time.perf_counter()
    total = 0
    for number in range(ADDITIONS):
        total += number
    took = time.perf_counter() - began
    return f'{os.cpu_count()} cores, load before the run {load:.2f}, ten million additions in {took:.2f} s'


def show(rows: Sequence[Row], before: str) -> None:
    """Print them, below what `machine()` said before."""
    width = max(len(f'{where} {what}') for where, what, _ in rows)
    print(f'\n{before}\n')
    for where, what, figure in rows:
        print(f'{f"{where} {what}":<{width}}  {figure}')
