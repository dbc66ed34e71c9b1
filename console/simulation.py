"""A rehearsal with the sandbox: what a played parent sent and how it was answered, and the troubles that are on."""

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, Unpack

from console.sandbox import Attempt, PhoneEntry, PushReport, Sandbox
from console.sandbox.envelopes import MediaKind
from console.sandbox.faults import Call, Fault
from console.sandbox.pusher import Manner
from console.wecom.refusals import REFUSALS
from console.writing.troubles import TroubledWriter
from models import utc_now

SEND = 'message/send'
SLOW_SECONDS = 30
PUSHES_KEPT = 500
REMARKS_KEPT = 8

Tone = Literal['good', 'warn', 'danger', 'info']


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What came of a trouble that was made."""

    at: datetime
    title: str
    text: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One that is on; `lift` ends it."""

    text: str
    lift: Callable[[], None]


class Simulation:
    """One for the process. It remembers pushes and remarks only while it runs; the rows tell the rest.

    `writer` is None where the troubles of the model cannot be played. What pushes blocks: call it in a thread.
    """

    def __init__(self, sandbox: Sandbox, writer: TroubledWriter | None) -> None:
        self.sandbox = sandbox
        self.writer = writer
        self._pushes: OrderedDict[str, PushReport] = OrderedDict()
        self._last: dict[str, PushReport] = {}
        self._remarks: defaultdict[str, deque[Remark]] = defaultdict(lambda: deque(maxlen=REMARKS_KEPT))
        self._changes: Counter[str] = Counter()
        sandbox.on_change(self._changed)

    def meet(self, userid: str, name: str) -> None:
        """Give the played parent a phone."""
        self.sandbox.ensure_member(userid, name)

    def phone(self, userid: str) -> list[PhoneEntry]:
        """All on this parent's phone, oldest first."""
        return self.sandbox.phone(userid)

    def changes(self, userid: str) -> int:
        """Grows when something new is on this parent's phone."""
        return self._changes[userid]

    def say(self, userid: str, text: str, **manner: Unpack[Manner]) -> PushReport:
        return self._remember(userid, self.sandbox.say(userid, text, **manner))

    def send_media(self, userid: str, kind: MediaKind) -> PushReport:
        return self._remember(userid, self.sandbox.send_media(userid, kind))

    def replay(self, userid: str) -> tuple[PushReport, Attempt] | None:
        """The last accepted push of this parent, bytes and signature and all, once more; None if there was none."""
        last = self._last.get(userid)
        return (last, self.sandbox.replay(last)) if last else None

    def push_of(self, msg_id: str | None) -> PushReport | None:
        """How this message came in, if this process pushed it."""
        return self._pushes.get(msg_id) if msg_id else None

    def calls_for(self, userid: str, since: datetime, until: datetime) -> list[Call]:
        """What the console asked of the sandbox in order to reach this parent, oldest first."""
        slack = timedelta(seconds=1)
        return [
            call
            for call in self.sandbox.calls()
            if since - slack <= call.when <= until + slack
            and (call.path == 'gettoken' or (call.path == SEND and f'"{userid}"'.encode() in call.body))
        ]

    def remark(self, userid: str, title: str, text: str, tone: Tone) -> None:
        self._remarks[userid].appendleft(Remark(at=utc_now(), title=title, text=text, tone=tone))

    def remarks(self, userid: str) -> list[Remark]:
        """The latest first."""
        return list(self._remarks[userid])

    def troubles(self) -> list[Trouble]:
        """All that are on now."""
        found = []
        if self.writer:
            found += [Trouble(text=text, lift=lift) for text, lift in self.writer.troubles()]
        waiting = self.sandbox.waiting_faults()
        for path, fault in dict.fromkeys(waiting):
            times = waiting.count((path, fault))
            lift = partial(self.sandbox.drop_fault, path, fault)
            found.append(Trouble(text=f'{_named(fault)} ×{times}', lift=lift))
        return found

    def clear(self) -> None:
        """All is well again."""
        self.sandbox.clear_faults()
        if self.writer:
            self.writer.clear()

    def _changed(self, userid: str) -> None:
        self._changes[userid] += 1

    def _remember(self, userid: str, report: PushReport) -> PushReport:
        if report.msg_id:
            self._pushes[report.msg_id] = report
        if report.accepted:
            self._last[userid] = report
        while len(self._pushes) > PUSHES_KEPT:
            self._pushes.popitem(last=False)
        return report


def refusals() -> dict[int, str]:
    """WeCom's error codes with what each means, for choosing one."""
    return {code: f'{code}　{refusal.cause_zh}' for code, refusal in REFUSALS.items()}


def cause(errcode: int) -> str:
    """What a code means and what follows from it."""
    refusal = REFUSALS.get(errcode)
    return f'{refusal.cause_zh}，{refusal.mend_zh}' if refusal else '未收录的错误'


def _named(fault: Fault) -> str:
    match fault.kind:
        case 'refuse':
            return f'企业微信错误 {fault.errcode}'
        case 'drop_answer' | 'hang_answer':
            return '发送后无应答'
        case 'delay':
            return f'企业微信变慢 {fault.seconds:.0f} 秒'
    return '企业微信没有反应'
