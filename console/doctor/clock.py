"""Whether this machine's clock agrees with WeCom's: callbacks are refused and signatures fail when it does not."""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests

from console.doctor import places
from console.doctor.case import LOOPBACK, TIMEOUT, Case
from console.doctor.finding import Finding, bad, good, not_used, warn

NOTICEABLE, HARMFUL = 5.0, 60.0
"""Seconds of difference."""


def clock(case: Case, now: Callable[[], float] = time.time) -> Finding:
    if case.keys is None or not case.keys.api_base_url:
        return not_used('没有连接企业微信，没有可以对照的时钟')
    before = now()
    try:
        with requests.Session() as session:
            session.trust_env = urlsplit(case.keys.api_base_url).hostname not in LOOPBACK
            # Without credentials: any answer, also a refusal, carries the time.
            answer = session.get(
                case.keys.api_base_url.rstrip('/') + '/gettoken', timeout=TIMEOUT, allow_redirects=False
            )
        theirs = parsedate_to_datetime(answer.headers['Date']).timestamp() + 0.5  # it is cut to whole seconds
    except requests.RequestException:
        return not_used('连不上企业微信，没有对照时钟')
    except (KeyError, ValueError, TypeError):
        return not_used('企业微信的回答里没有时间，没有对照时钟')
    return _judged((before + now()) / 2 - theirs)


def _judged(ahead: float) -> Finding:
    off = abs(ahead)
    if off < NOTICEABLE:
        return good('与企业微信一致')
    cause = f'服务器时钟比企业微信{"快" if ahead > 0 else "慢"} {off:.0f} 秒'
    mend = {'where': places.SERVER, 'step': '打开时间同步，例如 timedatectl set-ntp true，或请机房校准时间'}
    if off < HARMFUL:
        return warn(f'{cause}，再大就会影响签名和回调', **mend)
    return bad(f'{cause}，页面签名会失败，超过 5 分钟的消息会被隔离', **mend)
