"""A callback URL that writes down what is pushed to it, opens it with wechatpy, and answers as it is told."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import xmltodict
from wechatpy.enterprise import WeChatCrypto

from console.sandbox import SandboxCredentials

CREDENTIALS = SandboxCredentials(
    corp_id='wwsandbox0123abcd',
    agent_id=1000002,
    secret='s' * 42,
    token='sandboxtoken',
    encoding_aes_key='abcdefghijklmnopqrstuvwxyz0123456789ABCDEFE',
)


@dataclass(frozen=True)
class Pushed:
    query: dict[str, str]
    body: bytes

    def open(self) -> dict[str, Any]:
        """The message inside. Raises wechatpy's InvalidSignatureException for a forgery."""
        crypto = WeChatCrypto(CREDENTIALS.token, CREDENTIALS.encoding_aes_key, CREDENTIALS.corp_id)
        query = self.query
        plain = crypto.decrypt_message(self.body, query['msg_signature'], query['timestamp'], query['nonce'])
        return dict(xmltodict.parse(plain, strip_whitespace=False)['xml'])


class Receiver:
    """`answers` are (status, seconds to wait first) for the next POSTs; afterwards it is 200 at once."""

    def __init__(self) -> None:
        self.pushed: list[Pushed] = []
        self.answers: deque[tuple[int, float]] = deque()
        self.echo_suffix = b''
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers['Content-Length']))
                receiver.pushed.append(Pushed(receiver.query(self.path), body))
                status, seconds = receiver.answers.popleft() if receiver.answers else (200, 0)
                time.sleep(seconds)
                self.reply(status, b'success')

            def do_GET(self) -> None:
                query = receiver.query(self.path)
                crypto = WeChatCrypto(CREDENTIALS.token, CREDENTIALS.encoding_aes_key, CREDENTIALS.corp_id)
                plain = crypto.check_signature(
                    query['msg_signature'], query['timestamp'], query['nonce'], query['echostr']
                )
                self.reply(200, plain.encode() + receiver.echo_suffix)

            def reply(self, status: int, body: bytes) -> None:
                try:
                    self.send_response(status)
                    self.send_header('Content-Length', str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the sandbox waited long enough

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={'poll_interval': 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self._server.server_port}/wechat/callback'

    def messages(self) -> list[dict[str, Any]]:
        return [pushed.open() for pushed in self.pushed]

    @staticmethod
    def query(path: str) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
