"""微信客服 from the other side: the customers in WeChat, and the administrator."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from console.sandbox.kf_accounts import KfAccount
from console.sandbox.kf_bell import KfBell, KfMoment, existing, recalled, session_of
from console.sandbox.kf_messages import composed
from console.sandbox.kf_phones import KfLine
from console.sandbox.kf_sessions import SESSION_SECONDS, KfCustomer, KfSession, State
from console.sandbox.pusher import Manner, PushReport, is_forged
from console.sandbox.world import World


class KfSide:
    """`sandbox.kf`. Call it from any thread. What rings the doorbell blocks until the console has answered.

    Accounts are named by their `open_kfid`, customers by their `external_userid`. Raises `ValueError` for an account
    that is not there, `UnknownCustomer` for a customer nobody met.
    """

    def __init__(self, world: World, bell: KfBell) -> None:
        self._world, self._bell = world, bell

    def add_account(self, name: str, *, open_kfid: str | None = None, granted: bool = True) -> str:
        """A new account, granted to the app. Returns its `open_kfid`."""
        with self._world.turn():
            return self._world.kf.accounts.add(name, open_kfid=open_kfid, granted=granted)

    def accounts(self) -> list[KfAccount]:
        with self._world.turn():
            return self._world.kf.accounts.all()

    def grant(self, account: str, granted: bool = True, **manner: Unpack[Manner]) -> PushReport:
        """The administrator lets the app manage the account, or no longer; a callback tells of it."""
        with self._world.turn():
            self._world.kf.accounts.grant(existing(self._world, account), granted)
        field = 'AuthAddOpenKfId' if granted else 'AuthDelOpenKfId'
        return self._bell.tell('kf_account_auth_change', [{field: account}], manner)[0]

    def customer(
        self, external_userid: str, nickname: str, *, avatar: str = '', gender: int = 0, unionid: str = ''
    ) -> None:
        """Make this somebody who may come to 微信客服, or give them these particulars."""
        with self._world.turn():
            customer = KfCustomer(external_userid, nickname, avatar, gender, unionid)
            self._world.kf.sessions.ensure_customer(customer)

    def customers(self) -> list[KfCustomer]:
        with self._world.turn():
            return self._world.kf.sessions.customers()

    def session(self, account: str, customer: str) -> KfSession:
        """How things stand between the two."""
        with self._world.turn():
            return session_of(self._world, account, customer)

    def phone(self, account: str, customer: str) -> list[KfLine]:
        """What the customer sees of the chat with this account, oldest first, with what failed or was recalled."""
        with self._world.turn():
            return self._world.kf.phones.lines(account, customer)

    def customer_says(
        self, account: str, customer: str, text: str, *, menu_id: str | None = None, **manner: Unpack[Manner]
    ) -> KfMoment:
        """The customer writes; with `menu_id`, by a click on a menu."""
        body = {'content': text} | ({'menu_id': menu_id} if menu_id is not None else {})
        return self._written(account, customer, [('text', body)], manner)

    def customer_sends(
        self,
        account: str,
        customer: str,
        kind: str,
        *,
        fields: Mapping[str, Any] | None = None,
        content: bytes | str | None = None,
        name: str = '',
        **manner: Unpack[Manner],
    ) -> KfMoment:
        """The customer sends a picture or the like. `fields` are WeCom's and win over the usual ones of the kind.

        `content` is the file in bytes, or those in base64; `name` its name. Without it a sample is sent.
        """
        with self._world.turn():
            body = composed(self._world, kind, fields, content, name)
        return self._written(account, customer, [(kind, body)], manner)

    def burst(
        self, account: str, customer: str, number: int, *, kind: str = 'image', **manner: Unpack[Manner]
    ) -> KfMoment:
        """`number` messages of a kind at the same moment, like an album, each with a doorbell."""
        with self._world.turn():
            messages = [(kind, composed(self._world, kind, None, None, '')) for _ in range(number)]
        return self._written(account, customer, messages, manner)

    def customer_enters(
        self, account: str, customer: str, *, scene: str = 'sandbox', scene_param: str = '', **manner: Unpack[Manner]
    ) -> KfMoment:
        """The customer comes in by a link. There is a welcome code if nobody welcomed or heard them for 48 hours."""
        with self._world.turn():
            session, now = session_of(self._world, account, customer), self._world.clock.now()
            session.scene, session.scene_param = scene, scene_param
            fields = {'external_userid': customer, 'scene': scene, 'scene_param': scene_param}
            if now >= max(session.welcomed_at, session.spoke_at) + SESSION_SECONDS:
                fields['welcome_code'] = self._world.kf.codes.for_entering(session, now)
            self._world.kf.sessions.keep(session)
            msgid = self._world.kf.note_event(account, 'enter_session', fields, now)
        return self._bell.ring(account, msgid, manner)

    def customer_recalls(self, account: str, msgid: str, **manner: Unpack[Manner]) -> KfMoment:
        """The customer takes a message back."""
        with self._world.turn():
            noted = recalled(self._world, account, msgid, 'user_recall_msg', {})
        return self._bell.ring(account, noted, manner)

    def set_state(self, account: str, customer: str, state: int, servicer: str = '') -> None:
        """WeCom's own routing puts the session into this state; nobody is told."""
        with self._world.turn():
            session = session_of(self._world, account, customer)
            session.move(State(state), servicer)
            session.opened_at = session.opened_at or self._world.clock.now()
            self._world.kf.sessions.keep(session)

    def fail_sent(self, account: str, msgid: str, fail_type: int = 0, **manner: Unpack[Manner]) -> KfMoment:
        """A message that was accepted never arrives, and the log says so. `fail_type` is WeCom's number for why."""
        with self._world.turn():
            owner = self._world.kf.phones.owner(account, msgid)
            self._world.kf.phones.fail(account, msgid, fail_type)
            self._world.changed(owner)
            fields = {'external_userid': owner, 'fail_msgid': msgid, 'fail_type': fail_type}
            event = self._world.kf.note_event(account, 'msg_send_fail', fields, self._world.clock.now())
        return self._bell.ring(account, event, manner)

    def doorbells(self, on: bool) -> None:
        """Off: what happens stands in the log, and no callback tells of it."""
        self._bell.on = on

    def ring(self, account: str, **manner: Unpack[Manner]) -> PushReport:
        """A doorbell for nothing new, whether they are on or off."""
        return self._bell.push(account, manner)[0]

    def empty_pages(self, number: int) -> None:
        """The next pages of `kf/sync_msg` hold nothing and say that there is more."""
        with self._world.turn():
            self._world.kf.log.empty_pages = number

    def limit_without_token(self, per_minute: int) -> None:
        """How often a minute `kf/sync_msg` answers, for each account, when it is asked without a token."""
        with self._world.turn():
            self._world.kf.log.without_token_per_minute = per_minute

    def _written(
        self, account: str, customer: str, messages: Sequence[tuple[str, Mapping[str, Any]]], manner: Manner
    ) -> KfMoment:
        """What the customer sends, in the log and on the phone; a forged push only claims that they did."""
        msgid = ''
        with self._world.turn():
            session, now = session_of(self._world, account, customer), self._world.clock.now()
            if not is_forged(manner):
                session.spoken(now)
                self._world.kf.sessions.keep(session)
                for kind, body in messages:
                    msgid = self._world.kf.note_message(account, customer, kind, dict(body), now)
                self._world.changed(customer)
        return self._bell.ring(account, msgid, manner, times=len(messages))
