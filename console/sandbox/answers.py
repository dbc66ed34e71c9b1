"""How WeCom words its answers: errcode and errmsg, whose wording changes from one call to the next but for the hint."""

import secrets
from typing import Any

Answer = dict[str, Any]

MEANINGS = {
    -1: 'system busy',
    40001: 'invalid credential',
    40003: 'invalid userid',
    40004: 'invalid media type',
    40005: 'invalid file type',
    40006: 'invalid media size',
    40007: 'invalid media_id',
    40008: 'invalid message type',
    40009: 'invalid media size',
    40013: 'invalid corpid',
    40014: 'invalid access_token',
    40029: 'invalid code',
    40056: 'invalid agentid',
    40058: 'invalid argument',
    40068: 'invalid tagid',
    40071: 'tag name already exist',
    40096: 'invalid external userid',
    41001: 'access_token missing',
    41005: 'media data missing',
    41050: 'welcome code expired',
    41051: 'customer already welcomed or chatting',
    42001: 'access_token expired',
    44001: 'empty media data',
    44004: 'empty content',
    45009: 'api freq out of limit',
    42052: 'recall time limit',
    48002: 'api forbidden',
    48007: 'no permission of this open_kfid',
    60011: 'no privilege to access/modify contact/party/agent',
    60020: 'not allow to access from your ip',
    60030: 'servicer out of the visible range',
    60111: 'userid not found',
    60140: 'invalid response_code',
    60252: 'invalid open_kfid',
    60253: 'not in the servicer list',
    81013: 'user & party & tag all invalid',
    82001: 'all touser & toparty & totag invalid',
    84061: 'not external contact',
    93000: 'invalid webhook url',
    95000: 'invalid open_kfid',
    95001: 'send msg count limit',
    95002: 'send msg time limit',
    95004: 'open_kfid not exist',
    95005: 'open_kfid count limit',
    95006: 'invalid name',
    95007: 'invalid msg token',
    95008: 'too many menu items',
    95009: 'invalid menu item type',
    95013: 'session ended',
    95014: 'not a servicer, or not activated',
    95016: 'not allow to change the service state',
    95018: 'send msg session status invalid',
    95019: 'servicer stopped',
    95033: 'msgid duplicated',
    301002: 'not allow operate another agent with this accesstoken',
}


class Refused(Exception):
    """WeCom will not do it: `errcode`, and a detail that goes into errmsg."""

    def __init__(self, errcode: int, detail: str = '') -> None:
        super().__init__(errcode, detail)
        self.errcode, self.detail = errcode, detail


def ok(**fields: Any) -> Answer:
    return {'errcode': 0, 'errmsg': 'ok', **fields}


def refusal(errcode: int, *, now: float, detail: str = '', ip: str = '127.0.0.1') -> Answer:
    """A refusal with the hint tail that WeCom's support asks for."""
    meaning = detail or MEANINGS.get(errcode, 'refused')
    hint = f'{int(now)}_{secrets.randbelow(90) + 10}_{secrets.token_hex(16)}'
    more = f'more info at https://open.work.weixin.qq.com/devtool/query?e={errcode}'
    return {'errcode': errcode, 'errmsg': f'{meaning}, hint: [{hint}], from ip: {ip}, {more}'}
