"""media/: files up and down."""

from console.sandbox.answers import Answer, Refused, ok
from console.sandbox.endpoints import Asked, Blob, Endpoint
from console.sandbox.media import check_upload, upload_kind
from console.sandbox.world import World


def _upload(world: World, asked: Asked) -> Answer:
    kind = upload_kind(asked.required('type'))
    if asked.upload is None:
        raise Refused(44001)
    if not asked.upload.name:
        raise Refused(41005)
    check_upload(kind, asked.upload.content)
    media = world.media.add(kind, asked.upload.content, world.clock.now(), name=asked.upload.name)
    return ok(type=kind, media_id=media.media_id, created_at=str(int(media.at)))


def _get(world: World, asked: Asked) -> Blob:
    media = world.media.get(asked.required('media_id'), world.clock.now())
    return Blob(media.name, media.content_type, media.content)


ENDPOINTS = {
    'media/upload': Endpoint('POST', _upload),
    'media/get': Endpoint('GET', _get),
    'media/get/jssdk': Endpoint('GET', _get),
}
