"""WeCom's refusals: what each means, what to do about it, and how it is raised."""

import re
from dataclasses import dataclass
from enum import StrEnum

from console.errors import ConsoleError
from console.wecom.error_codes import TABLE


class RefusalKind(StrEnum):
    """What a refusal asks of us."""

    RETRY = 'retry'  # the same again, later; -1 at most three times
    TOKEN = 'token'  # a fresh access token; the client has tried that once already  # noqa: S105
    CREDENTIAL = 'credential'  # a person corrects the secret; each further try brings our IP nearer to a ban
    RATE = 'rate'  # patience; it does not count as an attempt
    CONFIGURATION = 'configuration'  # an administrator; nothing will pass until then
    PERMANENT = 'permanent'  # nothing: this message will never pass
    WINDOW_CLOSED = 'window_closed'  # the customer's next word
    UNKNOWN = 'unknown'  # a person's judgement


@dataclass(frozen=True)
class Refusal:
    """One row of the error table: for staff in Chinese, for the log in English."""

    kind: RefusalKind
    cause_zh: str
    mend_zh: str
    english: str


def _rows() -> dict[int, Refusal]:
    rows = {}
    for line in TABLE.strip().splitlines():
        code, kind, cause, mend, english = (cell.strip() for cell in line.split('|'))
        rows[int(code)] = Refusal(RefusalKind(kind), cause, mend, english)
    return rows


REFUSALS = _rows()
"""Every code we know, 0 not among them."""

_UNLISTED = Refusal(
    RefusalKind.UNKNOWN,
    '企业微信返回了未收录的错误',
    '请凭错误码在企业微信开发者中心查询，确认客户是否已收到',
    'code not in our table: a person decides',
)
_NO_CODE = Refusal(
    RefusalKind.UNKNOWN,
    '企业微信的回答里没有可识别的结果',
    '请先在企业微信中确认操作是否已生效',
    'no readable errcode or payload in the answer: a person decides',
)


def refusal_of(errcode: int | None) -> Refusal:
    """What the code means; None stands for an answer without a readable one. Never fails."""
    return _NO_CODE if errcode is None else REFUSALS.get(errcode, _UNLISTED)


class WeComRefused(ConsoleError):
    """WeCom answered, and the answer was no (or could not be read: `errcode` is None).

    `errmsg` is WeCom's own text; whoever raises this has taken secrets out of it. `hint` is the number WeCom's support
    asks for, `from_ip` the address WeCom saw us at, each where WeCom said so.
    """

    http_status = 502

    def __init__(self, errcode: int | None, errmsg: str = '', *, refusal: Refusal | None = None) -> None:
        self.errcode = errcode
        self.errmsg = errmsg
        self.refusal = refusal or refusal_of(errcode)
        self.kind = self.refusal.kind
        self.hint = _found(r'hint: ?\[([\w.-]{1,80})\]', errmsg)
        self.from_ip = _found(r'from ip: ?([0-9a-fA-F.:]{3,45})', errmsg)
        details = [
            f'错误码 {errcode}' if errcode is not None else '无错误码',
            f'hint {self.hint}' if self.hint else '',
            f'来源 IP {self.from_ip}' if self.from_ip else '',
        ]
        super().__init__(f'{self.refusal.cause_zh}。{self.refusal.mend_zh}。（{"，".join(filter(None, details))}）')
        self.reason = self.kind


class RecipientRefused(WeComRefused):
    """WeCom said 0 and yet did not send: our member is in the answer's `listed_as`, invaliduser or unlicenseduser."""

    def __init__(self, listed_as: str) -> None:
        super().__init__(0, refusal=_RECIPIENT[listed_as])
        self.listed_as = listed_as


_RECIPIENT = {
    'invaliduser': Refusal(
        RefusalKind.PERMANENT,
        '接收人无效，消息未发送',
        '成员可能已离职，或不在应用可见范围，请核对',
        'recipient unknown or out of the visible range: nothing sent',
    ),
    'unlicenseduser': Refusal(
        RefusalKind.PERMANENT,
        '接收人没有接口许可，消息未发送',
        '请管理员为该成员激活接口许可',
        'recipient without an interface licence: nothing sent',
    ),
}


class FileTooLarge(ConsoleError):
    """A file larger than we take. Nothing of it was kept."""

    reason = 'too_large'

    def __init__(self) -> None:
        super().__init__('文件超过 20 MB，没有下载。请在企业微信中查看。')


class WeComUnreachable(ConsoleError):
    """No answer we could use: the network, a time-out, HTTP 5xx, or a page that is not JSON.

    `what` says which, in English and without addresses; `sent_maybe` whether WeCom may have acted on the request.
    """

    http_status = 503

    def __init__(self, what: str, *, sent_maybe: bool) -> None:
        outcome = '不能确定企业微信是否已收到请求' if sent_maybe else '请求没有送达'
        super().__init__(f'暂时无法连接企业微信（{what}），{outcome}，系统会稍后重试。')
        self.what = what
        self.sent_maybe = sent_maybe
        self.reason = 'unreachable'


def _found(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return found[1] if found else None
