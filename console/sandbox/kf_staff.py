"""微信客服 as the servicers do it in the WeCom client."""

from typing import Any, Unpack

from console.sandbox.kf_accounts import KfServicer
from console.sandbox.kf_bell import KfBell, KfMoment, existing, recalled, session_of
from console.sandbox.kf_sessions import KfSession, State
from console.sandbox.pusher import Manner
from console.sandbox.world import World

TAKEN, TRANSFERRED, ENDED, RETURNED = 1, 2, 3, 4
"""WeCom's `change_type`."""


class KfStaff:
    """`sandbox.servicers`. Call it from any thread. All but adding rings the doorbell, and waits for the answer.

    Accounts are named by their `open_kfid`, customers by their `external_userid`, servicers by their userid. Raises
    `ValueError` for an account that is not there and for what the session's state does not allow.
    """

    def __init__(self, world: World, bell: KfBell) -> None:
        self._world, self._bell = world, bell

    def of(self, account: str) -> list[KfServicer]:
        with self._world.turn():
            return self._world.kf.accounts.servicers(existing(self._world, account))

    def add(self, account: str, userid: str) -> None:
        """The administrator puts a member on the account's list. Raises `UnknownMember`."""
        with self._world.turn():
            member = self._world.phones.member(userid)
            self._world.kf.accounts.add_servicer(existing(self._world, account), member.userid)

    def status(self, account: str, userid: str, *, on: bool, stop_type: int = 0, **manner: Unpack[Manner]) -> KfMoment:
        """A servicer starts or stops taking sessions."""
        with self._world.turn():
            accounts = self._world.kf.accounts
            accounts.set_servicer(existing(self._world, account), userid, stopped=not on, stop_type=stop_type)
            fields: dict[str, Any] = {'servicer_userid': userid, 'status': 1 if on else 2}
            if not on:
                fields['stop_type'] = stop_type
            msgid = self._world.kf.note_event(account, 'servicer_status_change', fields, self._world.clock.now())
        return self._bell.ring(account, msgid, manner)

    def takes(self, account: str, customer: str, userid: str, **manner: Unpack[Manner]) -> KfMoment:
        """A servicer takes the customer out of the pool, or over from another servicer."""
        with self._world.turn():
            session = session_of(self._world, account, customer)
            if session.state not in {State.POOL, State.SERVICER}:
                raise ValueError(f'there is nothing to take in state {session.state.value}')
            change, old = (TAKEN, '') if session.state is State.POOL else (TRANSFERRED, session.servicer)
            session.move(State.SERVICER, userid)
            msgid = self._changed(session, change, old=old)
        return self._bell.ring(account, msgid, manner)

    def says(self, account: str, customer: str, text: str, **manner: Unpack[Manner]) -> KfMoment:
        """The servicer who has the session writes to the customer."""
        with self._world.turn():
            session = self._attended(account, customer)
            msgid = self._world.kf.note_message(
                account, customer, 'text', {'content': text}, self._world.clock.now(), servicer=session.servicer
            )
            self._world.changed(customer)
        return self._bell.ring(account, msgid, manner)

    def ends(self, account: str, customer: str, **manner: Unpack[Manner]) -> KfMoment:
        """The servicer who has the session ends it."""
        with self._world.turn():
            session = self._attended(account, customer)
            old = session.servicer
            session.move(State.ENDED)
            msgid = self._changed(session, ENDED, old=old)
        return self._bell.ring(account, msgid, manner)

    def returns(self, account: str, customer: str, userid: str, **manner: Unpack[Manner]) -> KfMoment:
        """A servicer opens a session again that is over."""
        with self._world.turn():
            session = session_of(self._world, account, customer)
            if session.state is not State.ENDED:
                raise ValueError(f'the session is not over, it is in state {session.state.value}')
            session.move(State.SERVICER, userid)
            session.opened_at = self._world.clock.now()
            msgid = self._changed(session, RETURNED)
        return self._bell.ring(account, msgid, manner)

    def recalls(self, account: str, msgid: str, userid: str, **manner: Unpack[Manner]) -> KfMoment:
        """A servicer takes a message back."""
        with self._world.turn():
            noted = recalled(self._world, account, msgid, 'servicer_recall_msg', {'servicer_userid': userid})
        return self._bell.ring(account, noted, manner)

    def _attended(self, account: str, customer: str) -> KfSession:
        session = session_of(self._world, account, customer)
        if session.state is not State.SERVICER:
            raise ValueError(f'no servicer has the session, it is in state {session.state.value}')
        return session

    def _changed(self, session: KfSession, change: int, *, old: str = '') -> str:
        """Keep the session and note session_status_change, with a code where WeCom gives one."""
        now = self._world.clock.now()
        self._world.kf.sessions.keep(session)
        fields: dict[str, Any] = {'external_userid': session.external_userid, 'change_type': change}
        if old:
            fields['old_servicer_userid'] = old
        if session.servicer:
            fields['new_servicer_userid'] = session.servicer
        if change in {TAKEN, ENDED}:
            fields['msg_code'] = self._world.kf.codes.for_moving(session, now)
        return self._world.kf.note_event(session.open_kfid, 'session_status_change', fields, now)
