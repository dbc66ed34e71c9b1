"""The sandbox's server and pusher on one event loop, in a thread of their own."""

import asyncio
import socket
import threading
import time
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import httpx
import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp

from console.sandbox.credentials import SandboxCredentials
from console.sandbox.pusher import ANSWER_SECONDS, RETRY_PAUSES, Attempt, Manner, Pusher, PushReport, Verification

START_SECONDS = 10
Result = TypeVar('Result')


class Running:
    """Started once, stopped once. Pushing blocks until the push is over; call it from any other thread.

    `callback_url` is where pushes go.
    """

    def __init__(
        self,
        credentials: SandboxCredentials,
        callback_url: str | None,
        *,
        retry_pauses: Sequence[float] = RETRY_PAUSES,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.callback_url = callback_url
        self._credentials = credentials
        self._retry_pauses, self._answer_seconds = retry_pauses, answer_seconds
        self._thread: threading.Thread | None = None
        self._server: uvicorn.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pusher: Pusher | None = None

    def start(self, app: ASGIApp, host: str, port: int) -> str:
        """Serve `app`; returns the base URL. Raises `OSError` if the port is taken."""
        listener = socket.create_server((host, port))
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio forgets it here: 40 ms an answer
        config = uvicorn.Config(
            app,
            http='h11',
            ws='none',
            lifespan='off',
            log_config=None,
            access_log=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, args=(self._server, listener), name='sandbox', daemon=True)
        self._thread.start()
        give_up = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > give_up:
                raise RuntimeError('the sandbox did not start')
            time.sleep(0.01)
        return f'http://{host}:{listener.getsockname()[1]}'

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """End pushes under way and wait for the thread."""
        if self._thread and self._server and self._thread.is_alive():
            self._server.should_exit = True
            self._thread.join()

    def target(self) -> str:
        """Where pushes go. Raises `RuntimeError` if nobody said."""
        if self.callback_url is None:
            raise RuntimeError('the sandbox has no callback_url to push to')
        return self.callback_url

    def push(self, xml: str, manner: Manner, msg_id: str | None) -> PushReport:
        """Seal and push `xml`."""
        return self._on_loop(self._running_pusher().push(self.target(), xml, manner, msg_id=msg_id))

    def push_all(self, xmls: Sequence[str], manner: Manner) -> list[PushReport]:
        """Push these at once, or one after the other if the manner is `one_by_one`."""
        return self._on_loop(self._pushed(self._running_pusher(), self.target(), xmls, manner))

    def post_again(self, query: str, body: bytes) -> Attempt:
        """The identical bytes once more."""
        return self._on_loop(self._running_pusher().post_again(self.target(), query, body))

    def verify(self) -> Verification:
        """The GET that WeCom makes when the callback settings are saved."""
        return self._on_loop(self._running_pusher().verify(self.target()))

    def drop_connection(self, request: Request) -> None:
        """Close the caller's connection without a word."""
        connections = self._server.server_state.connections if self._server else set()
        for connection in connections:
            transport = getattr(connection, 'transport', None)
            if transport and transport.get_extra_info('peername')[:2] == tuple(request.scope['client']):
                transport.abort()
                return

    @staticmethod
    async def _pushed(pusher: Pusher, url: str, xmls: Sequence[str], manner: Manner) -> list[PushReport]:
        if manner.get('one_by_one'):
            return [await pusher.push(url, xml, manner) for xml in xmls]
        return list(await asyncio.gather(*(pusher.push(url, xml, manner) for xml in xmls)))

    def _running_pusher(self) -> Pusher:
        if self._pusher is None:
            raise RuntimeError('the sandbox is not started')
        if threading.current_thread() is self._thread:
            raise RuntimeError('a push from within the sandbox would wait for itself')
        return self._pusher

    def _on_loop(self, work: Coroutine[Any, Any, Result]) -> Result:
        if self._loop is None:
            raise RuntimeError('the sandbox is not started')
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _run(self, server: uvicorn.Server, listener: socket.socket) -> None:
        try:
            asyncio.run(self._serve(server, listener))
        finally:
            self._pusher = self._loop = None

    async def _serve(self, server: uvicorn.Server, listener: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        # A connection for each attempt: a console that was killed and came back is not blamed for a stale one.
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(limits=limits, timeout=None, trust_env=False) as client:  # noqa: S113
            self._pusher = Pusher(
                client,
                self._credentials,
                retry_pauses=self._retry_pauses,
                answer_seconds=self._answer_seconds,
            )
            await server.serve(sockets=[listener])
