"""Files from the people's side."""

from console.sandbox.kf_messages import SAMPLES, as_bytes
from console.sandbox.media import Media, UploadKind
from console.sandbox.world import World


class MediaSide:
    """`sandbox.media`. Call it from any thread."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add(self, kind: UploadKind, content: bytes | str | None = None, *, name: str = '') -> str:
        """Keep a file as if somebody sent it; base64 is welcome too, and nothing is a sample. Returns its media_id."""
        with self._world.turn():
            sent = SAMPLES[kind] if content is None else as_bytes(content)
            return self._world.media.add(kind, sent, self._world.clock.now(), name=name).media_id

    def get(self, media_id: str) -> Media | None:
        """The file; None if there is none, or no longer."""
        with self._world.turn():
            return self._world.media.find(media_id, self._world.clock.now())
