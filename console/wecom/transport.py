"""One HTTP exchange with WeCom: a dict that says it succeeded, or a typed refusal without a secret in it."""

import json
import logging
import math
import re
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError

from console.wecom.refusals import FileTooLarge, WeComRefused, WeComUnreachable

# urllib3 writes whole URLs, with the access token, at DEBUG and in some warnings.
for _name in ('urllib3.connection', 'urllib3.connectionpool'):
    logging.getLogger(_name).setLevel(logging.ERROR)

SECRET_NAMES = {'access_token', 'corpsecret', 'code', 'key'}

_JSON = {'Content-Type': 'application/json; charset=utf-8'}

_FILES = ('image/', 'audio/', 'video/', 'application/octet-stream')
_LONGEST_ANSWER = 64 * 1024
_CHUNK = 64 * 1024

Answer = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class File:
    """`name` as WeCom gave it, empty if it gave none: not yet safe to show."""

    name: str
    content: bytes = field(repr=False)


class Transport:
    """Every request goes below `base_url`, follows no redirect and waits at most `timeout` (connect, read) seconds.

    Safe to share between threads; each has a connection of its own.
    """

    def __init__(self, base_url: str, timeout: tuple[float, float]) -> None:
        self._base_url = base_url.rstrip('/') + '/'
        self._timeout = timeout
        self._local = threading.local()

    def exchange(
        self, path: str, params: Mapping[str, str], body: bytes | None = None, *, implied: str | None = None
    ) -> Answer:
        """WeCom's answer to a GET, or to a POST of exactly `body`, once its errcode is 0.

        An answer without errcode is a success only if it holds a text at the key `implied`.
        Raises `WeComRefused`, `WeComUnreachable`.
        """
        return self._answer(self._respond(path, params, body), params, implied)

    def upload(self, path: str, params: Mapping[str, str], name: str, content: bytes) -> Answer:
        """WeCom's answer to a file sent as the field `media`. Raises `WeComRefused`, `WeComUnreachable`."""
        response = self._respond(path, params, file=(name, content, 'application/octet-stream'))
        return self._answer(response, params, 'media_id')

    def download(self, path: str, params: Mapping[str, str], *, most: int, seconds: float) -> File:
        """A file of at most `most` bytes, never held in part, within about `seconds`.

        Raises `FileTooLarge`, `WeComRefused` for the JSON that WeCom sends in a file's place, `WeComUnreachable`.
        """
        response = self._respond(path, params, stream=True)
        with response:
            name = _file_name(response.headers.get('Content-Disposition', ''))
            typed = response.headers.get('Content-Type', '').startswith(_FILES)
            if response.status_code == 200 and (name or typed):
                return File(name=name, content=_read(response, most, seconds))
            self._answer(response, params, None, content=_read(response, _LONGEST_ANSWER, seconds))
        raise WeComUnreachable('the answer is no file', sent_maybe=False)

    def _answer(
        self,
        response: requests.Response,
        params: Mapping[str, str],
        implied: str | None,
        *,
        content: bytes | None = None,
    ) -> Answer:
        secrets = [value for name, value in params.items() if name in SECRET_NAMES and value]
        if response.status_code == 429:
            raise WeComRefused(45009, 'HTTP 429')  # the same words on another level
        if response.status_code != 200:
            raise WeComUnreachable(f'HTTP {response.status_code}', sent_maybe=True)
        answer = _decoded(response.content if content is None else content)
        if answer is None:
            raise WeComUnreachable('the answer is not JSON', sent_maybe=True)

        errcode = _errcode(answer)
        errmsg = _without(secrets, str(answer.get('errmsg', '')))
        if errcode is None and not ('errcode' not in answer and implied and _is_text(answer.get(implied))):
            raise WeComRefused(None, errmsg)
        if errcode or (implied and not _is_text(answer.get(implied))):
            raise WeComRefused(errcode or None, errmsg)
        return answer

    def _respond(
        self,
        path: str,
        params: Mapping[str, str],
        body: bytes | None = None,
        *,
        file: tuple[str, bytes, str] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        try:
            return self._session().request(
                'GET' if body is None and file is None else 'POST',
                self._base_url + path,
                params=params,
                data=body,
                files=None if file is None else {'media': file},
                stream=stream,
                headers=None if body is None else _JSON,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            unreachable = WeComUnreachable(type(error).__name__, sent_maybe=not _never_sent(error))
        # Raised out here: in there it would carry requests' exception, whose text holds the URL, as its context.
        raise unreachable

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, 'session', None)
        if session is None:
            session = self._local.session = requests.Session()
            # A proxy named in the environment cannot reach a sandbox on this machine.
            session.trust_env = urlsplit(self._base_url).hostname not in {'127.0.0.1', 'localhost', '::1'}
        return session


def _read(response: requests.Response, most: int, seconds: float) -> bytes:
    """All of the body. `read1` returns what has arrived, so that the time is looked at however slowly it comes."""
    if int(response.headers.get('Content-Length') or 0) > most:
        raise FileTooLarge
    until = time.monotonic() + seconds
    content = bytearray()
    what = ''
    try:
        while time.monotonic() < until:
            chunk = response.raw.read1(_CHUNK, decode_content=True)
            if not chunk:
                return bytes(content)
            content += chunk
            if len(content) > most:
                break
        else:
            what = 'the file comes too slowly'
    except HTTPError as error:
        what = type(error).__name__
    if not what:
        raise FileTooLarge
    raise WeComUnreachable(what, sent_maybe=False)


def _file_name(disposition: str) -> str:
    """The name in a Content-Disposition, plain, in raw UTF-8 or by RFC 6266; empty if there is none."""
    if extended := re.search(r"filename\*=utf-8''([^;\s]+)", disposition, re.IGNORECASE):
        return unquote(extended[1])
    header = Message()
    try:
        header['content-disposition'] = disposition.encode('latin-1').decode()
        return header.get_filename('')
    except (UnicodeError, LookupError, ValueError):
        return ''


def _never_sent(error: requests.RequestException) -> bool:
    """Whether it failed before the first byte of the request left us."""
    reason = getattr(error.args[0], 'reason', None) if error.args else None
    cause = reason.args[0] if isinstance(reason, SSLError) and reason.args else None
    return (
        isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError)
        or isinstance(reason, NewConnectionError)
        or isinstance(cause, ssl.SSLCertVerificationError)
    )


def _decoded(content: bytes) -> Answer | None:
    try:
        answer = _storable(json.loads(content))
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _storable(value: Any) -> Any:
    """Half an emoji, a NUL or an endless number is JSON enough to come in, and no database would take it."""
    if isinstance(value, str):
        return value.replace('\x00', '').encode(errors='replace').decode()
    if isinstance(value, dict):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _errcode(answer: Answer) -> int | None:
    """WeCom's number, which some of its services send as a text; None if there is none that can be read."""
    errcode = answer.get('errcode')
    if isinstance(errcode, bool) or not isinstance(errcode, int | str):
        return None
    try:
        return int(errcode)
    except ValueError:
        return None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ''


def _without(secrets: list[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, '***')
    return text[:500]
