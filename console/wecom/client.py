"""What we ask of WeCom on behalf of one self-built app.

Our own client over `requests`: wechatpy 1.8 refreshes its token without end, sends gettoken past the configured
address, without a time-out and from every thread at once, and puts secrets into its exceptions.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from console.wecom.messages import frozen, recall_request
from console.wecom.pace import Pace
from console.wecom.refusals import RecipientRefused, RefusalKind, WeComRefused, WeComUnreachable
from console.wecom.single_flight import Fetched, SingleFlight
from console.wecom.transport import Answer, File, Transport
from console.wecom.vault import Alone, Vault, name_of, share

_BAR = 600.0
"""Seconds without gettoken after a wrong secret: WeCom bans the IP of who keeps trying for an hour (path/90313)."""

_LIFETIME = 7200

_MARGIN = 300.0
"""Seconds before its end at which a token or ticket is fetched anew."""

T = TypeVar('T')

TicketKind = Literal['corp', 'agent']


@dataclass(frozen=True, kw_only=True)
class OAuthUser:
    """Who came back from WeCom's sign-in: a member has a `userid`, an outsider only the other two.

    WeCom names members outside the app's visible range as well: this is who they are, not what they may do.
    """

    userid: str | None
    openid: str | None
    external_userid: str | None


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What WeCom says of a message it took. `response_code`, once and for 72 hours, changes an interactive card."""

    msgid: str
    response_code: str | None


class WeComClient:
    """Safe to share between threads; blocks. Every method raises `WeComRefused` or `WeComUnreachable`.

    `timeout` is (connect, read) in seconds; `clock` counts seconds and never goes back. What is kept in `vault` is
    fetched once for all processes, and a wrong secret keeps them all from asking.
    """

    def __init__(
        self,
        corp_id: str,
        agent_id: int,
        secret: str,
        base_url: str,
        *,
        timeout: tuple[float, float] = (3, 10),
        clock: Callable[[], float] = time.monotonic,
        vault: Vault | None = None,
    ) -> None:
        self.corp_id = corp_id
        self.agent_id = agent_id
        self._secret = secret
        self._clock = clock
        self._transport = Transport(base_url, timeout)
        self._pace = Pace(clock)
        self._vault: Vault = vault or Alone()
        whose = (base_url.rstrip('/'), corp_id, secret)
        self._token_name = name_of(*whose, 'token')

        def shared(name: str, fetch: Callable[[], Fetched]) -> SingleFlight:
            return SingleFlight(share(self._vault, name, fetch), clock)

        self._token = shared(self._token_name, self._fetch_token)
        self._tickets: dict[TicketKind, SingleFlight] = {
            'corp': shared(name_of(*whose, 'corp ticket'), lambda: self._fetch_ticket('get_jsapi_ticket')),
            'agent': shared(
                name_of(*whose, 'agent ticket'), lambda: self._fetch_ticket('ticket/get', type='agent_config')
            ),
        }
        self._barred: WeComRefused | None = None
        self._barred_until = 0.0

    def get(self, path: str, **params: str | int) -> Answer:
        return self._call(path, {name: str(value) for name, value in params.items()})

    def post(self, path: str, payload: dict[str, Any]) -> Answer:
        return self.post_frozen(path, frozen(payload))

    def post_frozen(self, path: str, body: bytes) -> Answer:
        """Posts exactly these bytes, so that a repetition is one for WeCom too."""
        return self._call(path, {}, body)

    def send_message(self, body: bytes, to_user: str) -> str:
        """Sends a frozen `message/send` of any kind to one member. The msgid, empty if WeCom gave none.

        Raises `RecipientRefused` where WeCom says success and yet lists the member as not reached.
        """
        return self.send(body, to_user).msgid

    def send(self, body: bytes, to_user: str) -> Sent:
        """Like `send_message`, for who needs the card's `response_code` as well."""
        answer = self.post_frozen('message/send', body)
        for listed_as in ('invaliduser', 'unlicenseduser'):
            if to_user.casefold() in str(answer.get(listed_as) or '').casefold().split('|'):
                raise RecipientRefused(listed_as)
        return Sent(msgid=str(answer.get('msgid') or ''), response_code=_text_of(answer, 'response_code'))

    def recall(self, msgid: str) -> None:
        """Takes back what this app sent, within 24 hours (path/94867)."""
        self.post_frozen('message/recall', recall_request(msgid))

    def download(self, path: str, *, most: int, seconds: float, **params: str) -> File:
        """A file of at most `most` bytes, for which `seconds` are enough. Raises `FileTooLarge`, too."""
        return self._with_token(
            lambda token: self._transport.download(path, {**params, 'access_token': token}, most=most, seconds=seconds)
        )

    def upload(self, path: str, name: str, content: bytes, **params: str) -> Answer:
        """Sends a file under this name; the answer holds its `media_id`."""
        return self._with_token(
            lambda token: self._transport.upload(path, {**params, 'access_token': token}, name, content)
        )

    def user(self, userid: str) -> Answer:
        """The member as WeCom describes them (path/90196)."""
        return self.get('user/get', userid=userid)

    def oauth_user(self, code: str) -> OAuthUser:
        """Whose sign-in the code stands for; it works once and for five minutes (path/91023)."""
        answer = self.get('auth/getuserinfo', code=code)
        user = OAuthUser(
            userid=_text_of(answer, 'userid', 'UserId'),
            openid=_text_of(answer, 'openid', 'OpenId'),
            external_userid=_text_of(answer, 'external_userid', 'ExternalUserId'),
        )
        if user == OAuthUser(userid=None, openid=None, external_userid=None):
            raise WeComRefused(None)
        return user

    def ticket(self, kind: TicketKind) -> str:
        """The JS-SDK ticket of the corp or of this app, kept as long as it is good (path/90506)."""
        return self._tickets[kind].get()

    def _call(self, path: str, params: dict[str, str], body: bytes | None = None, implied: str | None = None) -> Answer:
        if not re.fullmatch(r'\w+(/\w+)*', path):
            raise ValueError(f'not a path below the base URL: {path!r}')
        self._pace.take(path)
        return self._with_token(
            lambda token: self._transport.exchange(path, {**params, 'access_token': token}, body, implied=implied)
        )

    def _with_token(self, ask: Callable[[str], T]) -> T:
        """What `ask` answers, asked once more with a fresh token if WeCom no longer knows the one we keep."""
        token = self._token.get()
        try:
            return self._asked(ask, token)
        except WeComRefused as refused:
            if refused.kind is not RefusalKind.TOKEN:
                raise
        return self._asked(ask, self._token.get(other_than=token))

    def _asked(self, ask: Callable[[str], T], token: str) -> T:
        try:
            return ask(token)
        except WeComRefused as refused:
            if refused.kind is RefusalKind.CREDENTIAL and token == self._token.kept:
                self._bar(refused)
            raise

    def _fetch_token(self) -> Fetched:
        if self._barred and self._clock() < self._barred_until:
            raise WeComRefused(self._barred.errcode, self._barred.errmsg)
        try:
            answer = self._transport.exchange(
                'gettoken', {'corpid': self.corp_id, 'corpsecret': self._secret}, implied='access_token'
            )
        except WeComUnreachable as unreachable:
            unreached = WeComUnreachable(unreachable.what, sent_maybe=False)  # what was to be sent is still with us
        except WeComRefused as refused:
            if refused.kind is RefusalKind.CREDENTIAL:
                self._bar(refused)
            raise
        else:
            self._barred = None
            return Fetched(answer['access_token'], _lifetime(answer))
        raise unreached

    def _bar(self, refused: WeComRefused) -> None:
        self._barred, self._barred_until = refused, self._clock() + _BAR
        self._vault.bar(self._token_name, refused.errcode or 0, _BAR)

    def _fetch_ticket(self, path: str, **params: str) -> Fetched:
        answer = self._call(path, params, implied='ticket')
        return Fetched(answer['ticket'], _lifetime(answer))


def _text_of(answer: Answer, *names: str) -> str | None:
    return next((answer[name] for name in names if isinstance(answer.get(name), str) and answer[name]), None)


def _lifetime(answer: Answer) -> float:
    given = answer.get('expires_in')
    seconds = float(given) if isinstance(given, int) and given > 0 else _LIFETIME
    return max(seconds - _MARGIN, seconds / 2)
