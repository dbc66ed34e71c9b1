"""A model server of our own: real HTTP in the OpenAI shape, as badly behaved as it is told to be, with a memory."""

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

PIECE_CHARACTERS = 4


@dataclass(frozen=True)
class Recorded:
    """A request as it came: `text` is the raw body, `body` the same as JSON, `at` a monotonic time."""

    path: str
    headers: dict[str, str]
    text: str
    at: float

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.text)


class FakeModel:
    """Use as a context manager; point a writer to `url`.

    `mode` says how every request is answered, `script` how the next ones are (`fake.script.extend(['error', 'ok'])`):

    - `ok` the asked JSON with `reply`, `sources`, `needs_human` · `plain` the bare `reply`
    - `raw` exactly `content` with `finish_reason` · `nonsense` JSON of no known shape · `html` a web page
    - `empty` no content · `broken_json` · `length` and `content_filter` by finish_reason · `refusal` · `huge` 1 MB
    - `error` answers `status` with `headers` · `cut` drops the line in the middle of a character
    - `hang` accepts and never answers · `keepalive` comment lines for ever · `slow` one piece every `delay` seconds

    Streams when asked to, unless `streams` is False; counts tokens as `usage` = (in, out).
    """

    def __init__(self) -> None:
        self.mode = 'ok'
        self.script: deque[str] = deque()
        self.reply = '您好，已经收到。'
        self.sources: list[int] = []
        self.needs_human = False
        self.content = ''
        self.finish_reason: str | None = 'stop'
        self.status = 500
        self.headers: dict[str, str] = {}
        self.delay = 0.05
        self.streams = True
        self.refuses_stream_options = False
        self.usage = (120, 30)
        self.requests: list[Recorded] = []
        self.at_once = 0
        """The most requests that were ever open together."""
        self._open = 0
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(('127.0.0.1', 0), type('Handler', (_Handler,), {'fake': self}))
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={'poll_interval': 0.02})

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self._server.server_port}/v1'

    @property
    def count(self) -> int:
        return len(self.requests)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def opened(self, request: Recorded) -> str:
        with self._lock:
            self.requests.append(request)
            self._open += 1
            self.at_once = max(self.at_once, self._open)
            return self.script.popleft() if self.script else self.mode

    def closed(self) -> None:
        with self._lock:
            self._open -= 1

    def said(self, mode: str) -> tuple[str, str | None]:
        """What the model says in this mode, and its finish_reason."""
        asked = {'reply': self.reply, 'sources': self.sources, 'needs_human': self.needs_human}
        whole = json.dumps(asked, ensure_ascii=False)
        return {
            'plain': (self.reply, 'stop'),
            'raw': (self.content, self.finish_reason),
            'empty': ('', 'stop'),
            'broken_json': (whole[:-8], 'stop'),
            'length': (whole, 'length'),
            'content_filter': (whole, 'content_filter'),
            'refusal': ('很抱歉，作为一个人工智能语言模型，我无法回答这个问题。', 'stop'),
            'huge': ('长' * 350_000, 'stop'),
        }.get(mode, (whole, 'stop'))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    timeout = 5
    fake: FakeModel

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers['Content-Length'])).decode()
        request = Recorded(path=self.path, headers=dict(self.headers), text=text, at=time.monotonic())
        mode = self.fake.opened(request)
        self.close_connection = True
        try:
            self._answer(mode, request.body)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            self.fake.closed()

    def _answer(self, mode: str, body: dict[str, Any]) -> None:
        if self.fake.refuses_stream_options and 'stream_options' in body:
            self._whole(400, 'application/json', '{"error": {"message": "unknown field stream_options"}}')
        elif mode == 'hang':
            self._wait_until_left()
        elif mode == 'error':
            self._whole(
                self.fake.status, 'application/json', '{"error": {"message": "told to fail"}}', self.fake.headers
            )
        elif mode == 'html':
            self._whole(200, 'text/html', '<html><body><h1>502 Bad Gateway</h1></body></html>')
        elif mode == 'nonsense':
            self._whole(200, 'application/json', '{"hello": "world"}')
        elif body.get('stream') and self.fake.streams:
            self._stream(mode, wants_usage='stream_options' in body)
        else:
            text, finish_reason = self.fake.said(mode)
            message = {'index': 0, 'message': {'role': 'assistant', 'content': text}, 'finish_reason': finish_reason}
            whole = json.dumps(self._completion('chat.completion', [message], usage=True))
            if mode == 'cut':
                whole = whole[: len(whole) // 2]
                self._head(200, 'application/json', {'Content-Length': '100000'})
                self.wfile.write(whole.encode())
            else:
                self._whole(200, 'application/json', whole)

    def _stream(self, mode: str, *, wants_usage: bool) -> None:
        self._head(200, 'text/event-stream', {'Transfer-Encoding': 'chunked'})
        if mode == 'keepalive':
            while not self.fake.closing.wait(0.02):
                self._chunk(b': keep-alive\n\n')
        text, finish_reason = self.fake.said(mode)
        for piece in self._pieces(text, 20_000 if mode == 'huge' else PIECE_CHARACTERS):
            if mode == 'slow' and self.fake.closing.wait(self.fake.delay):
                return
            event = self._event([{'index': 0, 'delta': {'content': piece}, 'finish_reason': None}])
            if mode == 'cut' and not event.isascii():
                half_a_character = next(place for place, byte in enumerate(event) if byte > 127) + 1
                self._chunk(event[:half_a_character])
                return
            self._chunk(event)
        if finish_reason:
            self._chunk(self._event([{'index': 0, 'delta': {}, 'finish_reason': finish_reason}]))
        if wants_usage:
            self._chunk(self._event([], usage=True))
        self._chunk(b'data: [DONE]\n\n')
        self._chunk(b'')

    def _pieces(self, text: str, size: int) -> Iterator[str]:
        return (text[start : start + size] for start in range(0, len(text), size))

    def _event(self, choices: list[dict[str, Any]], *, usage: bool = False) -> bytes:
        # Lone surrogates have no UTF-8; a real server that emits one writes it as \udxxx.
        plain = not any('\ud800' <= c <= '\udfff' for c in str(choices))
        data = json.dumps(self._completion('chat.completion.chunk', choices, usage=usage), ensure_ascii=not plain)
        return f'data: {data}\n\n'.encode()

    def _completion(self, kind: str, choices: list[dict[str, Any]], *, usage: bool) -> dict[str, Any]:
        found = {'id': 'fake', 'object': kind, 'created': 0, 'model': 'fake', 'choices': choices}
        if usage:
            tokens_in, tokens_out = self.fake.usage
            found['usage'] = {
                'prompt_tokens': tokens_in,
                'completion_tokens': tokens_out,
                'total_tokens': tokens_in + tokens_out,
            }
        return found

    def _wait_until_left(self) -> None:
        self.connection.settimeout(0.05)
        while not self.fake.closing.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue

    def _whole(self, status: int, kind: str, text: str, headers: dict[str, str] | None = None) -> None:
        self._head(status, kind, {'Content-Length': str(len(text.encode())), **(headers or {})})
        self.wfile.write(text.encode())

    def _head(self, status: int, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {'Content-Type': kind, 'Connection': 'close', **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f'{len(data):x}\r\n'.encode() + data + b'\r\n')
        self.wfile.flush()
