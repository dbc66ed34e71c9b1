"""Everything we expect can go wrong. `str(error)` is written for the person at the screen."""


class ConsoleError(Exception):
    """Base of all expected refusals: a notice on a page, JSON with `http_status` in a callback, never a crash.

    `field` names the input at fault, `reason` is a word for programs.
    """

    http_status = 409
    field: str | None = None
    reason: str | None = None


class NotFound(ConsoleError):
    http_status = 404

    def __init__(self, what: str) -> None:
        super().__init__(f'没有找到{what}，可能已被删除，或您无权查看。')


class NotSignedIn(ConsoleError):
    http_status = 401

    def __init__(self) -> None:
        super().__init__('登录已失效，请重新登录。')


class NotAllowed(ConsoleError):
    http_status = 403

    def __init__(self, what: str = '执行此操作') -> None:
        super().__init__(f'您没有权限{what}。需要的话，请联系管理员。')


class Invalid(ConsoleError):
    """A value the person gave cannot be accepted; nothing was changed."""

    http_status = 422

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class TooMany(ConsoleError):
    """Asked for too often. `retry_after` in seconds."""

    http_status = 429

    def __init__(self, text: str, retry_after: int) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Conflict(ConsoleError):
    """Someone or something was faster; nothing happened. `reason` tells programs which."""

    def __init__(self, text: str, reason: str, *, field: str | None = None) -> None:
        super().__init__(text)
        self.reason, self.field = reason, field
