"""webhook/: what group robots are told."""

from console.sandbox.answers import Answer, Refused, ok
from console.sandbox.endpoints import Asked, Endpoint
from console.sandbox.world import World

BYTES_AT_MOST = {'text': 2048, 'markdown': 4096, 'markdown_v2': 4096}
OTHERS = {'image', 'news', 'file', 'voice', 'template_card'}


def _send(world: World, asked: Asked) -> Answer:
    body = asked.body()
    kind = body.text('msgtype')
    if kind in BYTES_AT_MOST:
        if len(body.object(kind).text('content').encode()) > BYTES_AT_MOST[kind]:
            raise Refused(40058, f'{kind}.content exceed max length {BYTES_AT_MOST[kind]}')
    elif kind in OTHERS:
        body.object(kind)
    else:
        raise Refused(40008)
    world.robots.post(asked.query.get('key', ''), body.fields, world.clock.now())
    return ok()


ENDPOINTS = {'webhook/send': Endpoint('POST', _send, needs_token=False)}
