"""`make soak`: the kill test for hours instead of minutes, on both databases."""

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.table import KINDS
from tests.postgres import start_postgres
from tests.reliability.kills import kill_again_and_again
from tests.reliability.ledger import Place


def main() -> None:
    parser = argparse.ArgumentParser(prog='make soak')
    parser.add_argument('--cycles', type=int, default=1000, help='kills on each database')
    parser.add_argument('--only', choices=KINDS)
    options = parser.parse_args()
    for kind in KINDS:
        if options.only in (None, kind):
            print(kind, soak(kind, options.cycles), flush=True)


def soak(kind: str, cycles: int) -> str:
    """So many kills on this database; what went through. Fails where something promised did not come true."""
    with ExitStack() as stack:
        postgres = stack.enter_context(start_postgres(durable=True)) if kind == 'postgresql' else None
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        place = stack.enter_context(Place(Path(folder), postgres))
        return str(kill_again_and_again(place, cycles=cycles))


if __name__ == '__main__':
    main()
