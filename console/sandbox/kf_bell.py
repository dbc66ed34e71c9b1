"""The doorbell of 微信客服: the callback that says there is something to pull, and not what."""

from collections.abc import Sequence
from dataclasses import dataclass

from console.sandbox.answers import Refused
from console.sandbox.envelopes import event_xml
from console.sandbox.kf_sessions import KfSession
from console.sandbox.pusher import Manner, PushReport
from console.sandbox.running import Running
from console.sandbox.world import World


@dataclass(frozen=True)
class KfMoment:
    """Something that happened: the `msgid` of its (last) item in the log, and the doorbells; none if they are off."""

    msgid: str
    doorbells: tuple[PushReport, ...]


class KfBell:
    """Rings for what happened. Off, it stands in the log and no callback tells of it."""

    def __init__(self, world: World, running: Running) -> None:
        self._world, self._running = world, running
        self.on = True

    def ring(self, open_kfid: str, msgid: str, manner: Manner, *, times: int = 1) -> KfMoment:
        """Ring for what happened, unless the doorbells are off or there is no callback URL."""
        if not self.on or self._running.callback_url is None:
            return KfMoment(msgid, ())
        return KfMoment(msgid, tuple(self.push(open_kfid, manner, times=times)))

    def push(self, open_kfid: str, manner: Manner, *, times: int = 1) -> list[PushReport]:
        """Doorbells, each with a token of its own."""
        with self._world.turn():
            now = self._world.clock.now()
            tokens = [self._world.kf.log.issue_token(open_kfid, now) for _ in range(times)]
        return self.tell('kf_msg_or_event', [{'Token': token, 'OpenKfId': open_kfid} for token in tokens], manner)

    def tell(self, event: str, fields: Sequence[dict[str, str]], manner: Manner) -> list[PushReport]:
        """One callback of the system's own for each set of fields."""
        credentials = self._world.credentials
        xmls = [event_xml(credentials.corp_id, credentials.agent_id, event, each, userid=None) for each in fields]
        return self._running.push_all(xmls, manner)


def existing(world: World, open_kfid: str) -> str:
    """The id, if there is such an account. Raises `ValueError`. Call inside `world.turn()`."""
    try:
        return world.kf.accounts.get(open_kfid).open_kfid
    except Refused:
        raise ValueError(f'there is no account {open_kfid}') from None


def session_of(world: World, open_kfid: str, external_userid: str) -> KfSession:
    """How things stand. Raises `ValueError`, `UnknownCustomer`. Call inside `world.turn()`."""
    return world.kf.sessions.get(existing(world, open_kfid), external_userid, world.clock.now())


def recalled(world: World, open_kfid: str, msgid: str, event: str, fields: dict[str, str]) -> str:
    """Mark the message as taken back and note the event. Raises `ValueError`. Call inside `world.turn()`."""
    owner = world.kf.phones.owner(open_kfid, msgid)
    world.kf.phones.recall(open_kfid, msgid)
    world.changed(owner)
    about = {'external_userid': owner, 'recall_msgid': msgid, **fields}
    return world.kf.note_event(open_kfid, event, about, world.clock.now())
