"""How WeCom words its answers: errcode and errmsg, whose wording changes from one call to the next but for the hint."""

import secrets
from typing import Any

Answer = dict[str, Any]

MEANINGS = {
    -1: 'system busy',
    40001: 'invalid credential',
    40003: 'invalid userid',
    40008: 'invalid message type',
    40013: 'invalid corpid',
    40014: 'invalid access_token',
    40029: 'invalid code',
    40056: 'invalid agentid',
    40058: 'invalid argument',
    41001: 'access_token missing',
    42001: 'access_token expired',
    44004: 'empty content',
    45009: 'api freq out of limit',
    48002: 'api forbidden',
    60020: 'not allow to access from your ip',
    60111: 'userid not found',
    81013: 'user & party & tag all invalid',
    82001: 'all touser & toparty & totag invalid',
    301002: 'not allow operate another agent with this accesstoken',
}


class Refused(Exception):
    """WeCom will not do it: `errcode`, and a detail that goes into errmsg."""

    def __init__(self, errcode: int, detail: str = '') -> None:
        super().__init__(errcode, detail)
        self.errcode, self.detail = errcode, detail


def ok(**fields: Any) -> Answer:
    return {'errcode': 0, 'errmsg': 'ok', **fields}


def refusal(errcode: int, *, now: float, detail: str = '') -> Answer:
    """A refusal with the hint tail that WeCom's support asks for."""
    meaning = detail or MEANINGS.get(errcode, 'refused')
    hint = f'{int(now)}_{secrets.randbelow(90) + 10}_{secrets.token_hex(16)}'
    more = f'more info at https://open.work.weixin.qq.com/devtool/query?e={errcode}'
    return {'errcode': errcode, 'errmsg': f'{meaning}, hint: [{hint}], from ip: 127.0.0.1, {more}'}
