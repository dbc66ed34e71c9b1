"""One thread that does one thing at a time, what is urgent first: the only writer of a SQLite file."""

import itertools
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import PriorityQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec('P')
R = TypeVar('R')

URGENT, ORDINARY, LAST = range(3)


class Lane(Executor):
    """An executor of one thread. `urgent` work passes what is waiting, never what is under way."""

    def __init__(self, name: str) -> None:
        self._queue: PriorityQueue[tuple[int, int, Callable[[], None] | None]] = PriorityQueue()
        self._numbers = itertools.count()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        return self._put(ORDINARY, fn, args, kwargs)

    def submit_urgent(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        return self._put(URGENT, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._queue.put((LAST, next(self._numbers), None))
        if wait:
            self._thread.join()

    def _put(self, rank: int, fn: Callable[..., R], args: Any, kwargs: Any) -> Future[R]:
        future: Future[R] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as fault:
                future.set_exception(fault)

        self._queue.put((rank, next(self._numbers), work))
        return future

    def _run(self) -> None:
        while True:
            _, _, work = self._queue.get()
            if work is None:
                return
            work()
