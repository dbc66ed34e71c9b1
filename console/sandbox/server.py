"""The sandbox as one object: started in a thread of its own, controlled from any other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Unpack

from starlette.applications import Starlette
from starlette.routing import Route

from console.sandbox import api, control, login
from console.sandbox.admin_side import AdminSide
from console.sandbox.card_side import CardSide
from console.sandbox.clock import Clock
from console.sandbox.contact_side import ContactSide
from console.sandbox.credentials import SandboxCredentials
from console.sandbox.dating import Dated
from console.sandbox.envelopes import MEDIA_FIELDS, Field, MediaKind, event_xml, media_xml, text_xml
from console.sandbox.faults import Call, Fault
from console.sandbox.kf_bell import KfBell
from console.sandbox.kf_side import KfSide
from console.sandbox.kf_staff import KfStaff
from console.sandbox.media import BYTES_AT_MOST, upload_kind
from console.sandbox.media_side import MediaSide
from console.sandbox.phones import Member, PhoneEntry
from console.sandbox.pusher import ANSWER_SECONDS, RETRY_PAUSES, Attempt, Manner, PushReport, Verification, is_forged
from console.sandbox.robot_side import RobotSide
from console.sandbox.running import Running
from console.sandbox.world import Listener, World


class Sandbox:
    """One sandbox WeCom with one company and one app. Start it once, stop it once; call its methods from any thread.

    `path` is the SQLite file that members and phones live in, or ':memory:'. The pushing methods block until the push
    is over, which takes as long as the callback URL takes: on the event loop that answers it, call them in a thread.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        corp_id: str,
        agent_id: int,
        secret: str,
        token: str,
        encoding_aes_key: str,
        callback_url: str | None = None,
        trusted_domain: str | None = None,
        control_key: str | None = None,
        retry_pauses: Sequence[float] = RETRY_PAUSES,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.credentials = SandboxCredentials(corp_id, agent_id, secret, token, encoding_aes_key)
        self._world = World(path, self.credentials)
        self._world.trusted_domain = trusted_domain
        self._control_key = control_key
        self._running = Running(
            self.credentials, callback_url, retry_pauses=retry_pauses, answer_seconds=answer_seconds
        )
        self._base_url: str | None = None
        bell = KfBell(self._world, self._running)
        self.kf = KfSide(self._world, bell)
        self.servicers = KfStaff(self._world, bell)
        self.cards = CardSide(self._world, self._running)
        self.media = MediaSide(self._world)
        self.contacts = ContactSide(self._world, self._running)
        self.robots = RobotSide(self._world)
        self.admin = AdminSide(self._world)

    def start(self, host: str = '127.0.0.1', port: int = 0, *, more_routes: Sequence[Route] = ()) -> str:
        """Serve in a thread; returns the base URL. Port 0 takes a free one. Raises `OSError` if the port is taken."""
        app = Starlette(
            routes=[
                *api.routes(self._world, self._running.drop_connection),
                *login.routes(self._world),
                *control.routes(self, self._control_key),
                *more_routes,
            ]
        )
        self._base_url = self._running.start(Dated(app, self.clock), host, port)
        return self._base_url

    def stop(self) -> None:
        """Let hanging calls go, end pushes under way, and close the file."""
        if self._running.alive:
            self.clear_faults()
            self._running.stop()
        self._world.close()

    @property
    def base_url(self) -> str:
        if self._base_url is None:
            raise RuntimeError('the sandbox is not started')
        return self._base_url

    @property
    def api_base_url(self) -> str:
        return f'{self.base_url}/cgi-bin/'

    @property
    def oauth_base_url(self) -> str:
        return f'{self.base_url}/connect/oauth2/authorize'

    @property
    def login_base_url(self) -> str:
        return f'{self.base_url}/wwlogin/sso/login'

    @property
    def clock(self) -> Clock:
        return self._world.clock

    @property
    def callback_url(self) -> str | None:
        return self._running.callback_url

    @callback_url.setter
    def callback_url(self, url: str | None) -> None:
        self._running.callback_url = url

    def advance_clock(self, seconds: float) -> None:
        """The sandbox's time moves on: tokens, codes and tickets age, limits and the duplicate check forget."""
        self.clock.advance(seconds)

    def set_callback_url(self, url: str | None) -> None:
        """Where pushes go from now on."""
        self._running.callback_url = url

    def set_trusted_domain(self, host: str | None) -> None:
        """The host, with its port, that a sign-in may return to; None accepts this machine's addresses."""
        self._world.trusted_domain = host

    def ensure_member(self, userid: str, name: str, *, outsider: bool = False, visible: bool = True) -> None:
        """Make this userid a member, or rename it. An outsider can sign in as a stranger but gets no messages.

        `visible` False puts the member outside the app's visible range.
        """
        with self._world.turn():
            self._world.phones.ensure_member(Member(userid, name, outsider, visible))

    def members(self) -> list[Member]:
        """Everybody, outsiders too, in the order they came."""
        with self._world.turn():
            return self._world.phones.members()

    def phone(self, userid: str) -> list[PhoneEntry]:
        """All this member wrote and got, oldest first. Raises `UnknownMember`."""
        with self._world.turn():
            return self._world.phones.entries(self._world.phones.member(userid))

    def on_change(self, callback: Listener) -> None:
        """Call `callback(userid)` after that phone changed, in whichever thread it did. It must not block or push."""
        with self._world.turn():
            self._world.listen(callback)

    def say(self, userid: str, text: str, *, msg_id: str | None = None, **manner: Unpack[Manner]) -> PushReport:
        """The member writes `text` to the app. Raises `UnknownMember`."""
        member, msg_id = self._write(userid, 'text', text, msg_id, manner)
        corp_id, agent_id = self.credentials.corp_id, self.credentials.agent_id
        return self._running.push(text_xml(corp_id, agent_id, member.userid, text, msg_id=msg_id), manner, msg_id)

    def send_media(
        self,
        userid: str,
        kind: MediaKind,
        *,
        fields: Mapping[str, Field] | None = None,
        file: bytes | str | None = None,
        msg_id: str | None = None,
        **manner: Unpack[Manner],
    ) -> PushReport:
        """The member sends a picture or the like; `fields` are WeCom's, and win over the usual ones of the kind.

        `file` is what media/get gives for it, in bytes or base64; without it, a sample.
        """
        if kind not in MEDIA_FIELDS:
            raise ValueError(f'{kind} is no kind of media')
        content: dict[str, Field] = dict(fields or {})
        if kind in BYTES_AT_MOST and 'MediaId' not in content:
            content['MediaId'] = self.media.add(upload_kind(kind), file, name=str(content.get('FileName', '')))
        shown = next((str(content[name]) for name in ('Title', 'Label', 'FileName') if content.get(name)), '')
        member, msg_id = self._write(userid, kind, shown, msg_id, manner)
        corp_id, agent_id = self.credentials.corp_id, self.credentials.agent_id
        return self._running.push(
            media_xml(corp_id, agent_id, member.userid, kind, content, msg_id=msg_id), manner, msg_id
        )

    def push_event(
        self,
        event: str,
        *,
        userid: str | None = None,
        fields: Mapping[str, Field] | None = None,
        **manner: Unpack[Manner],
    ) -> PushReport:
        """An event about a member, or without `userid` one of the system's own. `fields` are WeCom's, e.g. EventKey."""
        xml = event_xml(self.credentials.corp_id, self.credentials.agent_id, event, fields or {}, userid=userid)
        return self._running.push(xml, manner, None)

    def push_xml(self, xml: str, **manner: Unpack[Manner]) -> PushReport:
        """Seal and push whatever this is, well formed or not."""
        return self._running.push(xml, manner, None)

    def replay(self, push: PushReport) -> Attempt:
        """The last attempt of `push` once more: the identical bytes under the identical signature."""
        last = push.attempts[-1]
        return self._running.post_again(last.query, last.request_bytes)

    def post_again(self, query: str, body: str) -> Attempt:
        """`replay` for those who hold only the bytes."""
        return self._running.post_again(query, body.encode())

    def verify_callback_url(self) -> Verification:
        """What saving the callback settings in WeCom would say."""
        return self._running.verify()

    def fail_next(
        self, errcode: int = -1, *, path: str = 'message/send', times: int = 1, http_status: int | None = None
    ) -> None:
        """The next calls to `path` are refused and do nothing. With `http_status`, a gateway answers so, in HTML."""
        self._add_fault(path, Fault('refuse', errcode=errcode, http_status=http_status), times)

    def delay_next(self, seconds: float, *, path: str = 'message/send', times: int = 1) -> None:
        """The next calls are done and answered this much later, even if the caller has gone by then."""
        self._add_fault(path, Fault('delay', seconds=seconds), times)

    def hang_next(self, *, path: str = 'message/send', times: int = 1) -> None:
        """The next calls do nothing and get no answer, until the caller gives up or `clear_faults()`."""
        self._add_fault(path, Fault('hang'), times)

    def accept_then_drop_answer(self, times: int = 1, *, path: str = 'message/send', hang: bool = False) -> None:
        """The next calls are done, and the connection closes without an answer; with `hang`, it stays silent."""
        self._add_fault(path, Fault('hang_answer' if hang else 'drop_answer'), times)

    def clear_faults(self) -> None:
        """All is well again; calls that hang are dropped."""
        with self._world.turn():
            self._world.faults.clear()

    def waiting_faults(self) -> list[tuple[str, Fault]]:
        """The faults that were ordered and have not happened yet, each with the path it waits for."""
        with self._world.turn():
            return self._world.faults.waiting()

    def drop_fault(self, path: str, fault: Fault) -> None:
        """Take back all faults like this one that still wait."""
        with self._world.turn():
            self._world.faults.drop(path, fault)

    def expire_tokens(self) -> None:
        """Access tokens issued so far answer 42001."""
        with self._world.turn():
            self._world.access_tokens.expire(self.clock.now())

    def void_tokens(self) -> None:
        """Access tokens issued so far answer 40014."""
        with self._world.turn():
            self._world.access_tokens.void()

    def calls(self, path: str | None = None) -> list[Call]:
        """The latest calls to /cgi-bin/`path`, or to all of it, oldest first."""
        with self._world.turn():
            return self._world.calls.to(path)

    def _write(self, userid: str, kind: str, text: str, msg_id: str | None, manner: Manner) -> tuple[Member, str]:
        """Put the line on the member's own phone, unless somebody else only claims it was written."""
        self._running.target()
        if msg_id is not None and not msg_id.isdecimal():
            raise ValueError('a MsgId is a number in decimal')
        with self._world.turn():
            member = self._world.phones.member(userid)
            msg_id = msg_id or self._world.next_msg_id()
            if not is_forged(manner):
                self._world.put_on_phone(member, 'out', kind, _whole_characters(text), msg_id=msg_id)
        return member, msg_id

    def _add_fault(self, path: str, fault: Fault, times: int) -> None:
        with self._world.turn():
            self._world.faults.add(path, fault, times)


def _whole_characters(text: str) -> str:
    """Without lone halves of surrogate pairs, which no encoding can carry."""
    return text.encode(errors='ignore').decode()
