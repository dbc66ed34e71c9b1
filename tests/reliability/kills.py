"""kill -9, again and again, while parents write and somebody approves. Also what `make soak` does, for longer."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.reliability.ledger import Approver, Place, agree, settled
from tests.warm import WarmConsole

MOUTHS, PARENTS_EACH = 4, 8
"""So many that nobody gets more messages a minute than WeCom delivers."""

SHORTEST_LIFE, LONGEST_LIFE = 0.05, 1.2
"""Seconds between ready and killed."""


@dataclass
class Tally:
    """How much went through."""

    kills: int = 0
    acknowledged: int = 0
    approved: int = 0
    parts: int = 0
    sent_again: int = 0
    """Parts that WeCom was given more than once; the parents saw one."""
    failed_turns: int = 0
    seconds: float = 0

    def __str__(self) -> str:
        return (
            f'{self.kills} kills in {self.seconds:.0f} s: {self.acknowledged} messages acknowledged, '
            f'{self.approved} replies approved, {self.parts} parts seen, {self.sent_again} of them sent again'
        )


class Mouth(threading.Thread):
    """Some parents, who write one after the other, each message delivered twice and until it is acknowledged."""

    def __init__(self, place: Place, number: int) -> None:
        super().__init__(name=f'mouth{number}')
        self.acknowledged: dict[str, list[str]] = {f'parent_{number}_{n}': [] for n in range(PARENTS_EACH)}
        self.silent = threading.Event()
        self._place = place
        for parent in self.acknowledged:
            place.wecom.ensure_member(parent, '家长')

    def run(self) -> None:
        line = 0
        while not self.silent.is_set():
            line += 1
            for parent, lines in self.acknowledged.items():
                for text in [f'第{line}.{part}句，周六有课吗' for part in range(random.choice((1, 1, 1, 2)))]:
                    if self._place.wecom.say(parent, text, copies=2).accepted:
                        lines.append(text)
                if self.silent.wait(random.uniform(0.1, 0.5)):
                    return


def kill_again_and_again(
    place: Place, cycles: int, *, progress: Callable[[int], None] = lambda _: None, seconds: float = float('inf')
) -> Tally:
    """Kill the console `cycles` times, or for `seconds`, at any moment of its life; then see that all was kept."""
    started = time.monotonic()
    tally = Tally()
    with place.console({'LOG_LEVEL': 'WARNING'}) as console:
        approver = Approver.at(console)
        mouths = [Mouth(place, number) for number in range(MOUTHS)]
        stop = threading.Event()
        approving = threading.Thread(target=_approve_until, args=(place, approver, stop))
        for thread in (*mouths, approving):
            thread.start()
        try:
            while tally.kills < cycles and time.monotonic() - started < seconds:
                time.sleep(random.uniform(SHORTEST_LIFE, LONGEST_LIFE))
                console.kill()
                tally.kills += 1
                progress(tally.kills)
                console.start()
            _be_silent(mouths)
            acknowledged = {parent: lines for mouth in mouths for parent, lines in mouth.acknowledged.items()}
            _conclude(place, console, approver, acknowledged, tally)
        finally:
            _be_silent(mouths)
            stop.set()
            approving.join()
            approver.desk.close()
    tally.seconds = time.monotonic() - started
    return tally


def _be_silent(mouths: list[Mouth]) -> None:
    for mouth in mouths:
        mouth.silent.set()
    for mouth in mouths:
        mouth.join()


def _approve_until(place: Place, approver: Approver, stop: threading.Event) -> None:
    while not stop.wait(0.1):
        place.wecom.delay_next(random.uniform(0.02, 0.2))  # so that what overtakes is seen
        approver.go_round()


def _conclude(
    place: Place, console: WarmConsole, approver: Approver, acknowledged: dict[str, list[str]], tally: Tally
) -> None:
    records = place.records(console)
    settled(console, records)
    agree(place.wecom, records, approver, acknowledged)
    sends = [call.body for call in place.wecom.calls('message/send') if call.errcode == 0]
    tally.acknowledged = sum(map(len, acknowledged.values()))
    tally.approved = len(records.released())
    tally.parts = sum(entry.direction == 'in' for parent in acknowledged for entry in place.wecom.phone(parent))
    tally.sent_again = len(sends) - len(set(sends))
