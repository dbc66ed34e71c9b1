"""A WeCom API that answers what a test wrote down, and remembers what it was asked."""

import json
import ssl
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SECRET = 's3cret-of-the-app'


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    body: bytes
    content_type: str | None


@dataclass(frozen=True)
class Raw:
    """An answer on the level of HTTP. With status 0 the connection is cut instead."""

    body: bytes = b''
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0  # seconds


class FakeApi:
    """`script` holds the answers to a path, first to last; the last one is given for ever.

    gettoken hands out token-1, token-2, … unless scripted; whatever else is not scripted is answered with ok.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.script: dict[str, deque[dict[str, Any] | Raw]] = defaultdict(deque)
        self.current_token: str | None = None  # when set, every other token is answered with 42001
        self.token_delay = 0.0
        self.base_url = ''
        self._lock = threading.Lock()
        self._tokens = 0

    def answers(self, path: str, *answers: dict[str, Any] | Raw) -> None:
        self.script[path] = deque(answers)

    def asked_for(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    def answer(self, asked: Asked) -> dict[str, Any] | Raw:
        with self._lock:
            self.asked.append(asked)
            scripted = self.script.get(asked.path)
            if scripted:
                return scripted.popleft() if len(scripted) > 1 else scripted[0]
            if asked.path == 'gettoken':
                self._tokens += 1
                token = f'token-{self._tokens}'
                if self.current_token is not None:
                    self.current_token = token
        if asked.path == 'gettoken':
            time.sleep(self.token_delay)
            return {'errcode': 0, 'errmsg': 'ok', 'access_token': token, 'expires_in': 7200}
        if self.current_token not in {None, asked.query.get('access_token')}:
            return {'errcode': 42001, 'errmsg': 'access_token expired'}
        return {'errcode': 0, 'errmsg': 'ok'}


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[FakeApi]:
    """The API on a free port of this machine, below /cgi-bin/."""
    api = FakeApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
            query = dict(parse_qsl(url.query, keep_blank_values=True))
            path = url.path.removeprefix('/cgi-bin/')
            answer = api.answer(Asked(self.command, path, query, body, self.headers.get('Content-Type')))
            raw = answer if isinstance(answer, Raw) else Raw(json.dumps(answer, ensure_ascii=False).encode())
            time.sleep(raw.after)
            if raw.status == 0:
                self.close_connection = True
                return
            self.send_response(raw.status)
            for name, value in raw.headers.items():
                self.send_header(name, value)
            self.send_header('Content-Length', str(len(raw.body)))
            self.end_headers()
            self.wfile.write(raw.body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that went away is what some tests are about."""

    server = Server(('127.0.0.1', 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    api.base_url = f'{"https" if tls else "http"}://127.0.0.1:{server.server_port}/cgi-bin/'
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
