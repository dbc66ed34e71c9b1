"""Bodies of requests that are small by nature: read whole, within bounds, before anybody looks into them."""

import asyncio

from starlette.types import Message, Receive, Scope

BODY_SECONDS = 20.0


async def whole(scope: Scope, receive: Receive, *, most: int) -> bytes | int:
    """The body, or the status that refuses it: more than `most` bytes, or not there within `BODY_SECONDS`."""
    length = dict(scope['headers']).get(b'content-length', b'0')
    if not length.isdigit() or int(length[:20]) > most:
        return 413
    pieces, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message['type'] == 'http.disconnect':
                    return 408
                pieces.append(message.get('body', b''))
                size += len(pieces[-1])
                if size > most:
                    return 413
                if not message.get('more_body', False):
                    return b''.join(pieces)
    except TimeoutError:
        return 408


def again(body: bytes, receive: Receive) -> Receive:
    """For whoever comes next: gives the body that was read, and then what `receive` has."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {'type': 'http.request', 'body': body, 'more_body': False}

    return replayed
