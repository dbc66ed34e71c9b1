"""What the administrator and WeCom's limits let through: rights, trusted addresses, calls a minute."""

from collections.abc import Iterable

from console.sandbox.answers import Refused

CALLS_PER_MINUTE = 10_000
MINUTE = 60


class Gate:
    """Not locked: `World.turn()` does that.

    `withdrawn` are rights the app lacks: 'kf' (微信客服), 'contact' (客户联系). `trusted_ips` None trusts everybody.
    """

    def __init__(self) -> None:
        self.withdrawn: set[str] = set()
        self.trusted_ips: frozenset[str] | None = None
        self._limits: dict[str, int] = {}
        self._counted: dict[str, tuple[int, int]] = {}
        self._blocked: dict[str, float] = {}

    def trust(self, ips: Iterable[str] | None) -> None:
        self.trusted_ips = None if ips is None else frozenset(ips)

    def limit(self, path: str, per_minute: int | None) -> None:
        """From now on `path` may be called so often; None is WeCom's own limit again."""
        self._blocked.pop(path, None)
        self._counted.pop(path, None)
        if per_minute is None:
            self._limits.pop(path, None)
        else:
            self._limits[path] = per_minute

    def check_ip(self, ip: str) -> None:
        """Raises `Refused` with 60020."""
        if self.trusted_ips is not None and ip not in self.trusted_ips:
            raise Refused(60020)

    def check_right(self, right: str | None) -> None:
        """Raises `Refused` with 48002."""
        if right in self.withdrawn:
            raise Refused(48002)

    def count(self, path: str, now: float) -> None:
        """Raises `Refused` with 45009 beyond the limit, and for the 60 seconds after."""
        if now < self._blocked.get(path, 0.0):
            raise Refused(45009)
        minute = int(now // MINUTE)
        counted = self._counted.get(path, (minute, 0))
        number = counted[1] + 1 if counted[0] == minute else 1
        self._counted[path] = (minute, number)
        if number > self._limits.get(path, CALLS_PER_MINUTE):
            self._blocked[path] = now + MINUTE
            raise Refused(45009)
