"""Around every call of the JSON API: a cap on the body, a last resort for what nobody foresaw."""

import logging
import secrets

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callbacks import bodies
from callbacks.api_v1.envelope import OTHER_WORDS, refusal

log = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024


class Guard:
    """Reads the body before anything else does: at most `LARGEST_BODY` bytes within `bodies.BODY_SECONDS`.

    What is raised beyond it is a fault of ours: logged once under an id that the answer names, with no trace in it.
    Answers hold tokens and personal data, so nobody on the way may keep them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] != 'http':
            await self._app(scope, receive, send)
            return
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message['type'] == 'http.response.start':
                started = True
                message['headers'] = [*message.get('headers', ()), (b'cache-control', b'no-store')]
            await send(message)

        body = await bodies.whole(scope, receive, most=LARGEST_BODY)
        if not isinstance(body, bytes):
            await refusal(body, OTHER_WORDS[body], headers={'Connection': 'close'})(scope, receive, answer)
            return
        try:
            await self._app(scope, bodies.again(body, receive), answer)
        except Exception:  # whatever it was, the caller gets an answer in the usual shape
            log_id = secrets.token_hex(4)
            log.exception('call %s failed: %s %s', log_id, scope['method'], scope['path'][:200])
            if not started:
                text = f'服务器出错，已记录（编号 {log_id}）。请稍后重试，或把编号告诉管理员。'
                await refusal(500, text, log_id=log_id)(scope, receive, answer)
