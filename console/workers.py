"""The background loops: read, understand, write, send, tidy up. Each repeats one step until the server stops."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from console import (
    approval_cards,
    auto_answers,
    deliveries,
    delivery_attempts,
    delivery_claims,
    dossiers,
    drafts,
    evaluator,
    intake,
    kf,
    kf_accounts,
    kf_pull,
    leases,
    live_words,
    media_fetching,
    media_files,
    presence,
    search_index,
    signals,
    snoozing,
    turns,
)
from console.announcer import Announcer
from console.approval_post import ApprovalPost
from console.channels import Channels
from console.crash_points import passing
from console.customers import Customers
from console.database import current, read, transact
from console.delivery_attempts import Outcome
from console.metrics import DELIVERIES, DRAFTS
from console.watch import Trouble, Watch
from console.wecom.kf import KfClient
from console.writing.context import Writer, WritingFailed
from models import ApprovalCard, CardStatus, Delivery, DeliveryStatus, MediaFile, MediaStatus, Turn, TurnStatus, utc_now

log = logging.getLogger(__name__)

C = TypeVar('C')
P = ParamSpec('P')

WRITERS = 8
SENDERS = 4
FETCHERS = 2
"""Each may hold a file of 20 MB in memory."""

PULLERS = 2
GRACE = timedelta(seconds=15)
"""How long a stop waits for what is being sent."""

ACCOUNTS_LISTED_EVERY = 3600.0
"""Seconds; what changes meanwhile is told by `kf_account_auth_change`."""

SWEEP = 3600.0
"""Seconds between two looks for files that no row knows of."""

STALE = 120.0
"""Seconds after which a loop that did not come round counts as stuck."""

GIVEN_WAY, MOST_GIVEN_WAY = 0.01, 20
"""While callbacks wait for their commit, understanding and writing wait: seconds, and how often at most."""

Step = Callable[[], Awaitable[bool]]
"""Does one piece of work; True if there may be more right away."""


def take_over(session: Session) -> None:
    """What was under way belongs to a process that is gone: it is anyone's at once, not only when its lease ends."""
    ended = leases.end_all(session, Turn, running=TurnStatus.WRITING)
    ended += leases.end_all(session, Delivery, running=DeliveryStatus.SENDING)
    ended += leases.end_all(session, MediaFile, running=MediaStatus.FETCHING)
    kf_pull.end_all(session)
    turns.wait_anew(session)
    for showing in (CardStatus.SENDING, CardStatus.UPDATING):
        ended += leases.end_all(session, ApprovalCard, running=showing)
    if ended:
        log.warning('%d pieces of work were under way when the console last stopped; they are done again', ended)


class Workers:
    """All loops of one process. Correctness is the database's; these only keep it moving."""

    def __init__(
        self,
        *,
        channels: Channels,
        writer: Writer,
        pace: turns.Pace,
        alert_webhook: str = '',
        scarce: Trouble = lambda: None,
        troubles: Mapping[str, Trouble] = MappingProxyType({}),
        customers: Customers | None = None,
        approvals: ApprovalPost | None = None,
        pause: float = 1,
    ) -> None:
        """`pause` in seconds between two looks at an empty queue; news of work, and work that comes due, cut it short.

        `scarce` says that the disk runs full: it is watched for, and no file is fetched meanwhile. `troubles` are
        watched for beside our own, by kind of alert.
        """
        self._channels = channels
        self._writer = writer
        self._pace = pace
        self.announcer = Announcer(alert_webhook)
        self._watch = Watch({'worker': self._stuck_words, 'disk': scarce, **troubles})
        self._scarce = scarce
        self._customers = customers
        self._approvals = approvals
        self._pause = pause
        self._stopping = asyncio.Event()
        self._seen: dict[str, float] = {}
        self._slots = {
            'write': asyncio.Semaphore(WRITERS),
            'send': asyncio.Semaphore(SENDERS),
            'fetch': asyncio.Semaphore(FETCHERS),
            'pull': asyncio.Semaphore(PULLERS),
        }
        self._sweep_at = 0.0
        self._reminded_until = utc_now()
        self._under_way: dict[str, set[asyncio.Task[None]]] = {kind: set() for kind in self._slots}
        self._list_accounts_at = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator['Workers']:
        """Run every loop. On exit, sends under way finish and drafts under way return to the queue."""
        claim_delivery = partial(delivery_claims.claim_next, freeze=self._channels.freeze)
        loops = [
            self._loop('understand', self._understand, signals.event_stored),
            self._loop(
                'write',
                partial(self._dispatch, 'write', turns.claim_next, self._write),
                None,  # a turn comes due seconds after it was opened, and a burst opens hundreds
                next_due=partial(leases.next_due, table=Turn, ready=TurnStatus.WAITING),
            ),
            self._loop(
                'send',
                partial(self._dispatch, 'send', claim_delivery, self._send),
                signals.delivery_queued,
                next_due=partial(leases.next_due, table=Delivery, ready=DeliveryStatus.READY),
            ),
            self._loop('fetch', self._fetch_where_there_is_room, signals.media_wanted, pause=2),
            self._loop('index', search_index.Follower().step, signals.conversation_changed),
            self._loop('evaluate', partial(evaluator.step, self._writer), signals.evaluation_changed, pause=20),
            self._loop('tidy', self._tidy, None, pause=10),
            self._loop('announce', self.announcer.announce, None, pause=10),
            self._loop('watch', self._watch.look, None, pause=30),
        ]
        if self._channels.kf is not None:
            loops += self._kf_loops(self._channels.kf)
        if self._customers is not None:
            loops.append(self._loop('customers', self._customers.step, signals.customers_changed, pause=5))
        if self._approvals is not None:
            loops.append(self._loop('cards', self._approvals.step, signals.draft_changed, pause=2))
        try:
            yield self
        finally:
            self._stopping.set()
            give_up_at = time.monotonic() + GRACE.total_seconds()
            for task in self._under_way['write']:
                task.cancel()
            await self._end(loops, cancel=False, give_up_at=give_up_at)  # a loop may yet begin what it has claimed
            await self._end(self._under_way['write'], cancel=True, give_up_at=give_up_at)
            rest = self._under_way['send'] | self._under_way['pull'] | self._under_way['fetch']
            await self._end(rest, cancel=False, give_up_at=give_up_at)

    def _kf_loops(self, client: KfClient) -> list[asyncio.Task[None]]:
        claim = partial(kf_pull.claim_next, corp_id=client.corp_id)

        def pull(claimed: kf_pull.Claim) -> Coroutine[Any, Any, None]:
            return kf.pull(client, claimed, self._pace)

        return [
            self._loop('pull', partial(self._dispatch, 'pull', claim, pull), signals.kf_due, pause=2),
            self._loop('accounts', partial(self._look_for_accounts, client), None, pause=30),
        ]

    async def _end(self, tasks: Iterable[asyncio.Task[None]], *, cancel: bool, give_up_at: float) -> None:
        waiting = list(tasks)
        for task in waiting:
            if cancel and not task.cancelling():
                task.cancel()
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=max(0.0, give_up_at - time.monotonic()))
            for task in late:
                task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    def stuck(self) -> list[str]:
        """Names of the loops that did not come round in time."""
        now = time.monotonic()
        return [name for name, at in self._seen.items() if now - at > STALE]

    def _loop(
        self,
        name: str,
        step: Step,
        news: signals.Signal | None,
        *,
        pause: float | None = None,
        next_due: Callable[[Session], datetime | None] | None = None,
    ) -> asyncio.Task[None]:
        wake = asyncio.Event()
        if news is not None:
            news.subscribe(lambda _payload: wake.set())
        return asyncio.create_task(self._repeat(name, step, wake, pause or self._pause, next_due), name=name)

    async def _repeat(
        self,
        name: str,
        step: Step,
        wake: asyncio.Event,
        pause: float,
        next_due: Callable[[Session], datetime | None] | None,
    ) -> None:
        while not self._stopping.is_set():
            self._seen[name] = time.monotonic()
            wake.clear()
            rest = pause
            try:
                busy = await step()
                if next_due is not None and not busy and (due := await read(next_due)) is not None:
                    rest = min(pause, max(0.0, (due - utc_now()).total_seconds()))
            except Exception:  # whatever it was, the loop must go on
                log.exception('%s failed; going on', name)
                busy = False
                await asyncio.sleep(min(pause, 1))
            if not busy:
                await self._rest(wake, rest)

    async def _rest(self, wake: asyncio.Event, seconds: float) -> None:
        stopping = asyncio.ensure_future(self._stopping.wait())
        woken = asyncio.ensure_future(wake.wait())
        try:
            await asyncio.wait((stopping, woken), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            woken.cancel()

    async def _understand(self) -> bool:
        limit = intake.MOST_AT_ONCE if await _give_way() else intake.FEW_AT_ONCE
        understood = await transact(intake.understand, self._channels.open_event, self._pace, limit=limit)
        if understood < limit:
            await asyncio.sleep(GIVEN_WAY)  # what arrives together is understood together, at less cost
        return understood > 0

    async def _dispatch(
        self,
        kind: str,
        claim_next: Callable[[Session], C | None],
        work: Callable[[C], Coroutine[Any, Any, None]],
    ) -> bool:
        """Claim one piece once a slot is free, and do it beside the loop."""
        slots = self._slots[kind]
        await self._take_slot(kind)
        if kind == 'write':
            await _give_way()
        claim: C | None = None
        try:
            claim = None if self._stopping.is_set() else await transact(claim_next)
        finally:
            if claim is None:
                slots.release()
        if claim is None:
            return False
        task = asyncio.create_task(self._beside(kind, work(claim)), name=kind)
        task.add_done_callback(partial(self._finished, kind))
        return True

    async def _beside(self, kind: str, work: Coroutine[Any, Any, None]) -> None:
        """Be under way only once begun: a task cancelled before its first step could not give back what it claimed."""
        if task := asyncio.current_task():
            self._under_way[kind].add(task)
        await work

    async def _take_slot(self, kind: str) -> None:
        """Files and models take long, each within its own time limit: who waits for one of them to end is not stuck."""
        while True:
            try:
                async with asyncio.timeout(STALE / 4):
                    await self._slots[kind].acquire()
                return
            except TimeoutError:
                self._seen[kind] = time.monotonic()

    def _finished(self, kind: str, task: asyncio.Task[None]) -> None:
        self._under_way[kind].discard(task)
        self._slots[kind].release()
        if not task.cancelled() and (fault := task.exception()):
            log.error('%s failed; its lease will end', kind, exc_info=fault)

    async def _write(self, claim: turns.Claim) -> None:
        passing('claimed')
        began = time.monotonic()
        try:
            if await read(turns.written_out, claim):
                raise WritingFailed(f'一天内已为这位家长起草 {turns.MOST_A_DAY} 次，AI 先停下。请人工回复。')
            context = await read(dossiers.for_turn, claim.turn_id)
            passing('writing')
            with live_words.of_conversation(claim.conversation_id) as telling:
                proposal = await self._writer.write(context, on_words=telling)
        except WritingFailed as failed:
            DRAFTS.labels(outcome='failed').observe(time.monotonic() - began)
            await _surely(turns.fail, claim, str(failed))
        except asyncio.CancelledError:
            await _surely(turns.put_back, claim)
            raise
        except Exception:
            log.exception('turn %d could not be written to', claim.turn_id)
            await _surely(turns.fail, claim, '起草时程序出错，已记录。请人工回复。')
        else:
            DRAFTS.labels(outcome='written').observe(time.monotonic() - began)
            await _surely(auto_answers.propose, claim, proposal)

    async def _look_for_accounts(self, client: KfClient) -> bool:
        if self._list_accounts_at == 0.0:
            await transact(kf_accounts.be_due, client.corp_id)
            self._list_accounts_at = time.monotonic()
        if time.monotonic() >= self._list_accounts_at and await kf.look_for_accounts(client):
            self._list_accounts_at = time.monotonic() + ACCOUNTS_LISTED_EVERY
        return False

    async def _send(self, claim: delivery_claims.Claim) -> None:
        passing('before_send')
        outcome: Outcome | None = None
        if claim.upload is not None:
            handed = await asyncio.to_thread(self._channels.upload, claim)
            if isinstance(handed, Outcome):
                outcome = handed
            elif ready := await transact(delivery_claims.uploaded, claim, handed, self._channels.freeze):
                claim = ready
            else:
                return  # another sender has it
        if outcome is None:
            outcome = await asyncio.to_thread(self._channels.attempt, claim)
        passing('sent')
        kept = await transact(delivery_attempts.record, claim, outcome)
        DELIVERIES.labels(verdict=outcome.verdict).inc()
        log.info(
            'delivery=%d channel=%s verdict=%s errcode=%s%s',
            claim.delivery_id, claim.channel, outcome.verdict, outcome.errcode, '' if kept else ' (lease lost)',
        )  # fmt: skip
        if not claim.last:
            passing('between_parts')

    async def _fetch_where_there_is_room(self) -> bool:
        """Parents may send any number of files; what they would fill is needed for every message."""
        if await asyncio.to_thread(self._scarce):
            await transact(media_fetching.wait_for_room)
            return False
        return await self._dispatch('fetch', media_fetching.claim_next, self._fetch)

    async def _fetch(self, claim: media_fetching.Claim) -> None:
        outcome = await asyncio.to_thread(self._channels.fetch, claim)
        await transact(media_fetching.record, claim, outcome)
        trouble = '' if isinstance(outcome, media_files.Stored) else outcome.text
        log.info('media file=%d kind=%s %s', claim.media_file_id, claim.kind, trouble or 'kept')

    async def _tidy(self) -> bool:
        await transact(turns.park_lost)
        await transact(deliveries.park_lost)
        await transact(media_fetching.park_lost)
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + SWEEP
            await transact(media_files.forget_unsent)
            await transact(presence.forget)
            await asyncio.to_thread(media_files.sweep, await _known_paths())
        await transact(intake.forget)
        await transact(drafts.expire)
        await transact(approval_cards.park_lost)
        since, self._reminded_until = self._reminded_until, utc_now()
        await transact(snoozing.announce_due, since, self._reminded_until)
        return False

    def _stuck_words(self) -> str | None:
        stuck = self.stuck()
        return f'后台任务 {"、".join(stuck)} 已停住 2 分钟。请查看日志，然后重新启动控制台。' if stuck else None


async def _surely(work: Callable[Concatenate[Session, P], object], /, *args: P.args, **kwargs: P.kwargs) -> None:
    """`transact`, done even if whoever waits for it is told to stop."""
    await asyncio.shield(transact(work, *args, **kwargs))


async def _known_paths() -> set[str]:
    """Of all media files; there may be very many, and who reads from the database beside us must not wait for all."""
    known: set[str] = set()
    last = 0
    while found := await read(media_files.known_paths, after=last):
        known.update(found.values())
        last = max(found)
    return known


async def _give_way() -> bool:
    """Wait while someone waits for a commit that must not wait, for a time; whether nobody does any more."""
    for _ in range(MOST_GIVEN_WAY):
        if not current().pressed:
            return True
        await asyncio.sleep(GIVEN_WAY)
    return False
