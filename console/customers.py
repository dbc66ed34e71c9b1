"""What is done together with WeCom about customers: they are read, whole once a day; remarks, tags and codes changed.

No transaction is open while WeCom is asked.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from console import alerts, company, contact_ways, contacts, personal_numbers, rounds, signals, staff, tags
from console.database import read, transact
from console.errors import Conflict, Invalid
from console.rounds import Note, Round
from console.wecom.contacts import LONGEST_REMARK, CustomerContacts
from console.wecom.events import WeComEvent
from console.wecom.refusals import RefusalKind, WeComRefused, WeComUnreachable
from models import ContactWay, utc_now

log = logging.getLogger(__name__)

P = ParamSpec('P')
R = TypeVar('R')

LONGEST = LONGEST_REMARK
"""Letters of a follower's remark."""

LEASE = timedelta(minutes=2)
EVERY = timedelta(days=1)
AT_ONCE = 20
"""Changed customers that are read one by one in a step."""

MEMBERS_TOGETHER = 100
AGAIN_IN = {
    RefusalKind.RETRY: timedelta(minutes=1),
    RefusalKind.RATE: timedelta(minutes=5),
}
"""After a refusal; what only an administrator can mend rests for `GIVEN_UP`."""
UNREACHED = timedelta(minutes=1)
GIVEN_UP = timedelta(hours=6)
PAUSES = (0.3, 1.0)
"""Seconds before a change is tried again that met another of the same customer."""


def heard(session: Session, corp_id: str, said: WeComEvent) -> None:
    """An event about customers or their tags."""
    if not company.is_ours(corp_id):
        return
    if said.name == 'change_external_contact':
        contacts.heard(session, said)
    else:
        wecom_id = said.fields.get('Id')
        if said.change == 'delete' and isinstance(wecom_id, str) and said.fields.get('TagType') == 'tag':
            tags.retire(session, wecom_id)
        rounds.ask(session, _errand_name('tags', corp_id))
        signals.announce(session, signals.customers_changed, 0)


def _errand_name(what: str, corp_id: str) -> str:
    return f'contacts:{what}:{corp_id}'


@dataclass(kw_only=True)
class _Reading:
    """How far a whole reading has come."""

    held: datetime
    began: datetime
    groups: list[list[str]]
    cursor: str = ''
    note: Note = field(default_factory=dict)


class Customers:
    """The customers of one company. `step` is a worker's; the rest is for pages, and raises `ConsoleError`s."""

    def __init__(self, wecom: CustomerContacts) -> None:
        self._wecom = wecom
        self._whole = _errand_name('sync', wecom.corp_id)
        self._tags = _errand_name('tags', wecom.corp_id)
        self._changed = _errand_name('changed', wecom.corp_id)
        self._reading: _Reading | None = None

    async def step(self) -> bool:
        """Read a little more; True if there may be more right away."""
        if self._reading is not None:
            return await self._on_the_way(self._whole, self._reading.held, self._reading.note, self._read_page)
        return (
            await self._errand(self._whole, self._begin)
            or await self._errand(self._tags, self._read_tags)
            or (bool(await read(contacts.to_read, limit=1)) and await self._errand(self._changed, self._read_changed))
        )

    async def ask(self, *, by: int) -> None:
        """Have all customers read now. Raises `NotAllowed`."""

        def asked(session: Session) -> None:
            staff.require(session, by, staff.Action.SEE_SETTINGS)
            if not rounds.look(session, self._whole).running:
                rounds.ask(session, self._whole)
            signals.announce(session, signals.customers_changed, 0)

        await transact(asked)

    def state(self, session: Session) -> Round:
        """How the whole reading stands. Its note: members, of, customers, at (ISO, of the last one), error."""
        return rounds.look(session, self._whole)

    async def meet(self, userid: str, external_userid: str) -> bool:
        """Ask WeCom whether the member has this customer, of whom no event may have told yet; if so, keep them."""
        read_at = utc_now()
        try:
            found = await asyncio.to_thread(self._wecom.one, userid, external_userid)
        except (WeComRefused, WeComUnreachable):
            return False
        if found is None:
            return False
        await transact(contacts.keep, [found], read_at=read_at)
        return True

    async def set_remark(self, contact_id: int, remark: str, *, by: int) -> None:
        """What the member calls the customer, in WeCom and then here; refused there, it stays as it was here."""
        remark = ' '.join(remark.split())
        if not 1 <= len(remark) <= LONGEST:
            raise Invalid('remark', f'备注须为 1–{LONGEST} 个字符。')
        target = await transact(contacts.begin_change, contact_id, by=by)
        if '*' in (target.remark or ''):  # it holds a number that we show masked and do not have
            now = await self._ask(self._wecom.one, target.userid, target.external_userid)
            remark = personal_numbers.unblotted(remark, (now.remark if now else None) or '')
        await self._ask(self._wecom.set_remark, target.userid, target.external_userid, remark)
        await transact(contacts.remarked, contact_id, remark, by=by)

    async def set_tags(self, contact_id: int, wanted: list[int], *, by: int) -> None:
        """Which tags the customer bears, in WeCom and then here; refused there, they stay as they were here."""
        target = await transact(contacts.begin_change, contact_id, by=by)
        add, remove = await read(tags.difference, contact_id, wanted)
        if add or remove:
            await self._ask(self._mark, target.userid, target.external_userid, add, remove)
            await transact(contacts.retagged, contact_id, add, remove, by=by)

    async def add_way(self, name: str, wecom_userid: str, *, welcome: str = '', by: int) -> None:
        """Make a 「联系我」 code. What WeCom refuses is gone again here."""
        way = await transact(contact_ways.begin, name, wecom_userid, welcome=welcome, by=by)
        try:
            config_id, qr_code_url = await self._ask(self._add_way, way)
        except WeComRefused:
            await transact(contact_ways.erase, way.id, by=by)
            raise
        await transact(contact_ways.made, way.id, config_id, qr_code_url)

    async def remove_way(self, way_id: int, *, by: int) -> None:
        way = await read(contact_ways.seen, way_id, by=by)
        if way.config_id:
            await self._ask(self._wecom.delete_way, way.config_id)
        await transact(contact_ways.erase, way_id, by=by)

    def _add_way(self, way: ContactWay) -> tuple[str, str]:
        return self._wecom.add_way(way.wecom_userid, name=way.name, state=way.state)

    def _mark(self, userid: str, external_userid: str, add: list[str], remove: list[str]) -> None:
        self._wecom.mark_tags(userid, external_userid, add=add, remove=remove)

    async def _ask(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """For a person who waits: what WeCom is too busy for is tried again, briefly."""
        for pause in (*PAUSES, None):
            try:
                return await asyncio.to_thread(call, *args, **kwargs)
            except WeComRefused as refused:
                if refused.kind is not RefusalKind.RETRY or pause is None:
                    raise
                await asyncio.sleep(pause)
            except WeComUnreachable as silence:
                words = '不能确定是否已改，稍后会自动读取企业微信里的实际结果。' if silence.sent_maybe else '没有改动。'
                raise Conflict(f'暂时无法连接企业微信，{words}', 'unreachable') from None
        raise AssertionError('unreachable')

    async def _errand(self, name: str, go: Callable[[datetime, Note], Any]) -> bool:
        if not await read(rounds.due, name):
            return False
        held = await transact(rounds.take, name, lease=LEASE)
        if held is None:
            return False
        note = (await read(rounds.look, name)).note
        return await self._on_the_way(name, held, note, lambda: go(held, note))

    async def _on_the_way(self, name: str, held: datetime, note: Note, go: Callable[[], Any]) -> bool:
        """One step of an errand. WeCom's trouble ends it for now, and is told where the errand's state is looked at."""
        try:
            await go()
        except (WeComRefused, WeComUnreachable) as trouble:
            log.warning('%s ended early: %s', name.rpartition(':')[0], getattr(trouble, 'errcode', 'unreachable'))
            self._reading = None
            await transact(self._failed, name, held, note, trouble)
            return False
        except Exception:
            self._reading = (
                None  # whoever was on the page that was lost would count as gone: begun anew after the lease
            )
            raise
        return True

    def _failed(
        self, session: Session, name: str, held: datetime, note: Note, trouble: WeComRefused | WeComUnreachable
    ) -> None:
        refused = trouble if isinstance(trouble, WeComRefused) else None
        again_in = AGAIN_IN.get(refused.kind, GIVEN_UP) if refused else UNREACHED
        rounds.fail(
            session,
            name,
            held,
            again_in=again_in,
            note={**note, 'error': str(trouble)},
            errcode=refused.errcode if refused else None,
        )
        if note.get('at') and again_in is GIVEN_UP:  # it has worked before
            alerts.raise_alert(session, 'customers', f'客户联系没能同步：{trouble}')
        signals.announce(session, signals.customers_changed, 0)

    async def _begin(self, held: datetime, note: Note) -> None:
        await transact(tags.keep, await asyncio.to_thread(self._wecom.tags))
        began = utc_now()
        members = await asyncio.to_thread(self._wecom.members)
        note.update(members=0, of=len(members), customers=0)
        groups = [members[at : at + MEMBERS_TOGETHER] for at in range(0, len(members), MEMBERS_TOGETHER)]
        self._reading = _Reading(held=held, began=began, groups=groups, note=note)

    async def _read_page(self) -> None:
        reading = self._reading
        assert reading is not None, 'asked by step'  # noqa: S101
        if reading.groups:
            group = reading.groups[0]
            read_at = utc_now()
            found, reading.cursor = await asyncio.to_thread(self._wecom.page, group, reading.cursor)
            await transact(contacts.keep, found, read_at=read_at)
            reading.note['customers'] += len(found)
            if not reading.cursor:
                await transact(contacts.unseen, group, since=reading.began)
                reading.note['members'] += len(group)
                reading.groups.pop(0)
        self._reading = None
        if not reading.groups:
            await transact(self._finished, reading)
        elif held := await transact(self._told, reading):
            reading.held = held
            self._reading = reading

    def _told(self, session: Session, reading: _Reading) -> datetime | None:
        signals.announce(session, signals.customers_changed, 0)
        return rounds.go_on(session, self._whole, reading.held, lease=LEASE, note=reading.note)

    def _finished(self, session: Session, reading: _Reading) -> None:
        note = {name: value for name, value in reading.note.items() if name != 'error'}
        note['at'] = utc_now().isoformat()
        rounds.finish(session, self._whole, reading.held, again_in=EVERY, note=note)
        alerts.clear(session, 'customers')
        signals.announce(session, signals.customers_changed, 0)

    async def _read_tags(self, held: datetime, _note: Note) -> None:
        found = await asyncio.to_thread(self._wecom.tags)
        await transact(tags.keep, found)
        await transact(rounds.finish, self._tags, held, again_in=EVERY, note={})

    async def _read_changed(self, held: datetime, _note: Note) -> None:
        for pair in await read(contacts.to_read, limit=AT_ONCE):
            read_at = utc_now()
            try:
                found = await asyncio.to_thread(self._wecom.one, *pair)
            except WeComRefused as refused:
                if refused.kind not in (RefusalKind.PERMANENT, RefusalKind.UNKNOWN):
                    raise
                await transact(contacts.let_be, pair)  # it is about these two alone
                continue
            if found is None:
                await transact(contacts.no_longer, pair)
            else:
                await transact(contacts.keep, [found], read_at=read_at)
        await transact(rounds.finish, self._changed, held, again_in=timedelta(0), note={})
