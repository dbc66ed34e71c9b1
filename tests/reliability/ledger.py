"""What was promised, what people did, and what came of it: in the database, and on the parents' phones."""

import random
import time
import uuid
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from sqlalchemy import NullPool, create_engine, func, select
from sqlalchemy.orm import Session

from console.sandbox import Sandbox, invent_credentials
from models import (
    ACTIVE_TURN,
    UNFINISHED,
    Alert,
    Contact,
    Conversation,
    Delivery,
    DeliveryStatus,
    Direction,
    Draft,
    DraftStatus,
    EventStatus,
    Message,
    ReceivedEvent,
    Turn,
    TurnStatus,
)
from tests.conftest import ADMIN, wecom_settings
from tests.desk import Desk
from tests.postgres import PostgresServer
from tests.warm import WarmConsole

PATIENCE = (0.25,) * 120
"""Pauses between WeCom's tries: longer than any console here is away."""

BRISK = {'QUIET_PERIOD': '0.05', 'QUIET_PERIOD_LONGEST': '0.2', 'UNDO_PERIOD': '0', 'SIMULATION': 'off'}
RELEASED = (DraftStatus.APPROVED, DraftStatus.SENDING, DraftStatus.SENT, DraftStatus.FAILED)
PART_BYTES = 2048


class Place:
    """A database that outlives the consoles on it, beside a WeCom in this process."""

    def __init__(self, folder: Path, postgres: PostgresServer | None) -> None:
        credentials = invent_credentials(folder / 'sandbox.json')
        self.wecom = Sandbox(folder / 'wecom.sqlite3', **asdict(credentials), retry_pauses=PATIENCE)
        self._postgres, self._name = postgres, f'kills_{uuid.uuid4().hex[:8]}'
        self.url = postgres.create_database(self._name) if postgres else ''
        """Of the PostgreSQL database; on SQLite each console has a file of its own."""
        self._database = {'DATABASE_URL': self.url} if self.url else {}

    def console(self, settings: dict[str, str] | None = None, **how: Any) -> WarmConsole:
        """A console on this database that takes `wecom` for the real one; not started yet."""
        console = WarmConsole(ADMIN | BRISK | wecom_settings(self.wecom) | self._database | (settings or {}), **how)
        self.wecom.set_callback_url(f'{console.url}/api/v1/wechat/message')
        return console

    def records(self, console: WarmConsole) -> 'Records':
        return Records(self.url or f'sqlite:///{console.data / "edudesk.sqlite3"}')

    def __enter__(self) -> Self:
        self.wecom.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.wecom.stop()
        if self._postgres is not None:
            self._postgres.drop_database(self._name)


@dataclass(frozen=True, kw_only=True)
class Released:
    """A draft that was approved: to whom, what, and what became of it."""

    draft_id: int
    parent: str
    text: str
    status: DraftStatus
    reason: str | None


class Records:
    """A look into the console's database from outside."""

    def __init__(self, url: str) -> None:
        url = url.replace('postgresql://', 'postgresql+psycopg2://')
        self._engine = create_engine(url, poolclass=NullPool)

    def unfinished(self) -> dict[str, int]:
        """How much still waits, by kind; empty when all is done."""
        with Session(self._engine) as session:
            found = {
                'events': _count(session, ReceivedEvent, ReceivedEvent.status == EventStatus.NEW),
                'turns': _count(session, Turn, Turn.status.in_(ACTIVE_TURN)),
                'pending drafts': _count(session, Draft, Draft.status == DraftStatus.PENDING),
                'drafts under way': _count(
                    session, Draft, Draft.status.in_((DraftStatus.APPROVED, DraftStatus.SENDING))
                ),
                'deliveries': _count(session, Delivery, Delivery.status.in_(UNFINISHED)),
            }
        return {kind: number for kind, number in found.items() if number}

    def heard(self) -> dict[str, list[str]]:
        """What each parent said, in the order it is kept."""
        query = (
            select(Contact.external_userid, Message.text)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .join(Contact, Contact.id == Conversation.contact_id)
            .where(Message.direction == Direction.IN)
            .order_by(Message.conversation_id, Message.seq)
        )
        found = defaultdict(list)
        with Session(self._engine) as session:
            for parent, text in session.execute(query):
                found[parent].append(text)
        return found

    def released(self) -> list[Released]:
        """The approved drafts in the order of their approval, parent by parent."""
        first_part = select(func.min(Delivery.id)).where(Delivery.draft_id == Draft.id).scalar_subquery()
        query = (
            select(Draft, Contact.external_userid)
            .join(Conversation, Conversation.id == Draft.conversation_id)
            .join(Contact, Contact.id == Conversation.contact_id)
            .where(Draft.status.in_(RELEASED))
            .order_by(Draft.conversation_id, first_part)
        )
        with Session(self._engine) as session:
            return [
                Released(draft_id=draft.id, parent=parent, text=draft.content, status=draft.status, reason=draft.reason)
                for draft, parent in session.execute(query)
            ]

    def turns(self, status: TurnStatus) -> int:
        with Session(self._engine) as session:
            return _count(session, Turn, Turn.status == status)

    def events(self, status: EventStatus) -> int:
        with Session(self._engine) as session:
            return _count(session, ReceivedEvent, ReceivedEvent.status == status)

    def unfinished_turns(self) -> int:
        with Session(self._engine) as session:
            return _count(session, Turn, Turn.status.in_(ACTIVE_TURN))

    def failures(self) -> list[str]:
        """Why no draft could be had, in the order of the turns."""
        query = select(Turn.last_error).where(Turn.status == TurnStatus.FAILED).order_by(Turn.id)
        with Session(self._engine) as session:
            return [str(reason) for reason in session.scalars(query)]

    def waiting_part(self, draft_id: int, errcode: int) -> Delivery | None:
        """The part of this draft that WeCom answered so and that will be tried again."""
        query = select(Delivery).where(
            Delivery.draft_id == draft_id, Delivery.errcode == errcode, Delivery.status == DeliveryStatus.READY
        )
        with Session(self._engine) as session:
            return session.scalar(query)

    def open_alerts(self) -> list[str]:
        with Session(self._engine) as session:
            return list(session.scalars(select(Alert.text).where(Alert.closed_at.is_(None))))


@dataclass
class Approver:
    """Releases every draft there is, with a text of its own for each, whether or not the console lives to answer."""

    console: WarmConsole
    desk: Desk
    always_long: bool = False
    texts: dict[int, str] = field(default_factory=dict)
    """What was asked for, by draft."""
    promised: set[int] = field(default_factory=set)
    """The drafts whose approval was answered with 200."""
    refusals: list[str] = field(default_factory=list)
    """Answers that a console may not give."""

    @classmethod
    def at(cls, console: WarmConsole) -> Self:
        desk = Desk.signed_in(console.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
        return cls(console, desk)

    def go_round(self) -> int:
        """Approve what waits; how many drafts there were. A console that is not there is no trouble."""
        try:
            answer = self.desk.http.get('/drafts', params={'status': 'pending', 'limit': 100})
            if answer.status_code != 200:
                self.refusals.append(f'{answer.status_code} {answer.text[:200]}')
                return 0
            waiting = answer.json()['data']['items']
            for draft in waiting:
                self._approve(draft['id'], draft['version'])
        except httpx.TransportError:
            return 0
        return len(waiting)

    def _approve(self, draft_id: int, version: int) -> None:
        text = self.texts.setdefault(draft_id, a_reply(draft_id, long=self.always_long or draft_id % 4 == 0))
        answer = self.desk.http.post(
            f'/drafts/{draft_id}/approve',
            json={'version': version, 'content': text, 'confirm_reason': '已与老师核对'},
        )
        if answer.status_code == 200:
            self.promised.add(draft_id)
        elif answer.status_code != 409:
            self.refusals.append(f'{answer.status_code} {answer.text[:200]}')


def a_reply(draft_id: int, *, long: bool) -> str:
    """A text nobody else is sent, without white space; a long one takes several parts."""
    start = f'答复{draft_id}号：'
    if not long:
        return f'{start}收到。'
    return start + ''.join(f'第{draft_id}号的第{line}句，老师会和您联系。' for line in range(random.randint(60, 130)))


def settled(console: WarmConsole, records: Records, *, seconds: float = 120) -> None:
    """Wait until nothing is left to do, while somebody approves. Raises `AssertionError` saying what still waits."""
    deadline = time.monotonic() + seconds
    while True:
        if not (left := records.unfinished()):
            return
        assert time.monotonic() < deadline, f'still unfinished: {left}\n{console.log()[-3000:]}'
        time.sleep(0.1)


def agree(wecom: Sandbox, records: Records, approver: Approver, acknowledged: dict[str, list[str]]) -> None:
    """Raise `AssertionError` unless all that was promised to parents and approvers has come true, once and in order."""
    heard, released = records.heard(), records.released()
    for parent, lines in acknowledged.items():
        kept = heard.get(parent, [])
        assert len(set(kept)) == len(kept), f'{parent}: kept twice'
        assert not set(lines) - set(kept), f'{parent}: acknowledged and lost: {set(lines) - set(kept)}'
        said = [entry.text for entry in wecom.phone(parent) if entry.direction == 'out']
        assert kept == [line for line in said if line in set(kept)], f'{parent}: out of order, or never said: {kept}'

    assert not approver.refusals
    assert not approver.promised - {draft.draft_id for draft in released}
    assert {draft.status for draft in released} <= {DraftStatus.SENT}, [d for d in released if d.status != 'sent']
    by_parent: dict[str, list[str]] = {parent: [] for parent in acknowledged}
    for draft in released:
        assert draft.text == approver.texts[draft.draft_id]
        by_parent[draft.parent].append(draft.text)
    for parent, texts in by_parent.items():
        arrived = [entry.text for entry in wecom.phone(parent) if entry.direction == 'in']
        assert ''.join(arrived) == ''.join(texts), f'{parent}: {arrived} instead of {texts}'
        assert all(len(text.encode()) <= PART_BYTES for text in arrived)
    assert records.events(EventStatus.PARKED) == records.events(EventStatus.QUARANTINED) == 0


def _count(session: Session, table: type[Any], condition: Any) -> int:
    return session.scalar(select(func.count()).select_from(table).where(condition)) or 0
