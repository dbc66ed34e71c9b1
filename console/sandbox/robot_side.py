"""Group robots from the group's side."""

from typing import Any

from console.sandbox.world import World


class RobotSide:
    """`sandbox.robots`. Call it from any thread."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add(self, key: str | None = None) -> str:
        """A robot of this key, or of a new one; `{base_url}/cgi-bin/webhook/send?key=` is its address."""
        with self._world.turn():
            return self._world.robots.add(key)

    def remove(self, key: str) -> None:
        """Throw the robot out of its group."""
        with self._world.turn():
            self._world.robots.remove(key)

    def posts(self, key: str) -> list[dict[str, Any]]:
        """What was posted, oldest first."""
        with self._world.turn():
            return self._world.robots.posts(key)
