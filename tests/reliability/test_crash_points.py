import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.postgres import PostgresServer
from tests.reliability.ledger import Approver, Place, agree, settled
from tests.server import ServerFailedError
from tests.warm import WarmConsole

LIVES = 10
POINTS = ['accepted', 'stored', 'claimed', 'writing', 'before_send', 'sent', 'between_parts']


@dataclass
class Ward:
    """One console that is made to die, and the parents who write to it meanwhile."""

    place: Place
    console: WarmConsole
    approver: Approver
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    _writing: list[threading.Thread] = field(default_factory=list)

    def a_parent_writes(self, parent: str) -> None:
        """Each message is delivered twice, and again until it is acknowledged."""
        self.place.wecom.ensure_member(parent, '家长')
        lines = self.acknowledged[parent] = []

        def write() -> None:
            if self.place.wecom.say(parent, '周六有课吗', copies=2).accepted:
                lines.append('周六有课吗')

        self._writing.append(threading.Thread(target=write))
        self._writing[-1].start()

    def live_until(self, point: str) -> None:
        """Start, do what there is to do, and die there. That may be before the console was ready."""
        try:
            self.console.start({'CRASH_POINT': point})
        except ServerFailedError as death:
            if 'exit code -9' not in str(death):
                raise
            return
        deadline = time.monotonic() + 30
        while self.console.process and self.console.process.poll() is None:
            assert time.monotonic() < deadline, f'{point} was never passed'
            self.approver.go_round()
            time.sleep(0.02)
        assert self.console.wait_for_death() == -9

    def recover(self) -> None:
        self.console.start({'CRASH_POINT': ''})
        for thread in self._writing:
            thread.join()
        records = self.place.records(self.console)
        stop = threading.Event()
        approving = threading.Thread(target=self._approve_until, args=(stop,))
        approving.start()
        try:
            settled(self.console, records)
        finally:
            stop.set()
            approving.join()
        agree(self.place.wecom, records, self.approver, self.acknowledged)

    def _approve_until(self, stop: threading.Event) -> None:
        while not stop.wait(0.05):
            self.approver.go_round()


@pytest.fixture(scope='module')
def ward(kind: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Ward]:
    postgres: PostgresServer | None = request.getfixturevalue('durable_postgres') if kind == 'postgresql' else None
    with Place(tmp_path_factory.mktemp('ward'), postgres) as place, place.console() as console:
        ward = Ward(place, console, Approver.at(console))
        yield ward
        ward.approver.desk.close()


@pytest.mark.parametrize('point', POINTS)
def test_a_console_that_dies_ten_times_at_the_same_point_keeps_every_promise(ward: Ward, point: str) -> None:
    ward.console.kill()
    ward.approver.always_long = point == 'between_parts'

    for life in range(LIVES):
        ward.a_parent_writes(f'{point}_{life}')
        ward.live_until(point)

    ward.recover()
