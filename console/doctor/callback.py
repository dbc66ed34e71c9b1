"""Whether WeCom would reach the callback: we call it as WeCom does when the settings are saved, signed with our keys.

See developer.work.weixin.qq.com/document/path/90930 and 90238, read 2026-11-24.
"""

import secrets
import socket
import time
from urllib.parse import urlsplit

import requests

from console.doctor import places
from console.doctor.case import LOOPBACK, TIMEOUT, Case
from console.doctor.finding import Finding, bad, good, not_used, warn

WECOM_WAITS = 1.0
"""Seconds WeCom waits for the answer to its verification."""
PROXY = '服务器上的反向代理 (例如 nginx)'
START = '在程序目录运行 make run（或 python run.py），再检查一次'


def callback(case: Case) -> Finding:
    values = (('回调地址', case.callback_url),)
    if case.crypto is None:
        return _without_keys(case)
    echo = secrets.token_hex(8)
    encrypted = case.crypto.seal(echo)
    timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
    query = {
        'msg_signature': case.crypto.signature(timestamp, nonce, encrypted),
        'timestamp': timestamp,
        'nonce': nonce,
        'echostr': encrypted,
    }
    began = time.monotonic()
    try:
        answer = _get(case.callback_url, query)
    except requests.RequestException as fault:
        return _unreached(case, fault)
    took = time.monotonic() - began
    if answer.status_code != 200 or answer.content != echo.encode():
        return _wrong(case, answer, echo)
    if took > WECOM_WAITS:
        return warn(
            f'回答正确，但用了 {took:.1f} 秒；企业微信只等 1 秒',
            where=places.SERVER,
            step='检查反向代理和服务器负载',
            values=values,
        )
    if case.far_away and case.public_is_loopback:
        return bad(
            f'本机可以访问，但 {case.ready.base_url} 只在本机有效，企业微信够不到',
            where=places.SETTINGS,
            step='把 PUBLIC_BASE_URL 设为企业微信能访问到的域名，再到企业微信后台填写新的回调地址',
        )
    return good('用企业微信的方式调用，回答正确', values=values)


def workers(case: Case) -> Finding:
    """Whether the console here serves and its background work goes on."""
    answer = _ready(case)
    if answer is None:
        return not_used('控制台没有在本机运行，没有检查')
    if answer.status_code == 200:
        return good('控制台在运行，后台任务正常')
    try:
        trouble = answer.json()['data']['trouble']
    except (ValueError, KeyError, TypeError):
        return bad(f'{case.local_url} 上运行的不是本控制台', where=places.SERVER, step='检查 PORT 是否被别的程序占用')
    parts = {'database': '数据库没有及时应答', 'workers': '后台任务停住了'}
    said = '；'.join(parts.get(name, name) for name in trouble)
    return bad(said or '控制台还没有准备好', where=places.SERVER, step='查看日志，然后重新启动控制台')


def _without_keys(case: Case) -> Finding:
    if _ready(case) is None:
        return _not_running(case)
    return bad(
        f'{case.local_url} 上有程序在运行，但它用的不是这个 DATA_DIR 和设置',
        where=places.SERVER,
        step='在控制台的程序目录、用同样的环境变量和 .env 再运行一次',
    )


def _unreached(case: Case, fault: requests.RequestException) -> Finding:
    if _ready(case) is None:
        return _not_running(case)
    url = urlsplit(case.ready.base_url)
    if isinstance(fault, requests.exceptions.SSLError):
        return bad(
            f'{case.ready.base_url} 的 https 证书无效或已过期，企业微信不会连接',
            where=PROXY,
            step='更新证书，并带上完整的证书链',
        )
    if not _resolves(url.hostname or ''):
        return bad(
            f'域名 {url.hostname} 解析不到',
            where='域名服务商的解析设置',
            step='把域名解析到这台服务器，或改正 PUBLIC_BASE_URL',
        )
    if isinstance(fault, requests.Timeout):
        return bad(
            f'{case.ready.base_url} 没有及时应答；控制台在本机运行正常',
            where='服务器防火墙、云安全组和反向代理',
            step='放行 80/443 端口，并让反向代理转到 ' + case.local_url,
        )
    if case.public_is_loopback:
        return bad(
            f'PUBLIC_BASE_URL 是 {case.ready.base_url}，端口不对：控制台在 {case.local_url}',
            where=places.SETTINGS,
            step='让 PUBLIC_BASE_URL 的端口与 PORT 一致，或把 PUBLIC_BASE_URL 留空',
        )
    return bad(
        f'{case.ready.base_url} 连不上；控制台在本机 {case.local_url} 运行正常',
        where='服务器上的反向代理 (例如 nginx)、防火墙和云安全组',
        step=f'让反向代理在这个网址上接收请求并转到 {case.local_url}（见 deploy/nginx.conf）',
    )


def _not_running(case: Case) -> Finding:
    return bad('控制台没有在运行，企业微信的消息进不来', where=places.SERVER, step=START)


def _wrong(case: Case, answer: requests.Response, echo: str) -> Finding:
    """What it met instead of the right answer."""
    status, body = answer.status_code, answer.content
    page = b'<html' in body[:2000].lower() or b'<!doctype' in body[:2000].lower()
    whole = f'把整个网站原样转到 {case.local_url}，不改写路径和参数，不加登录页和验证页'
    if status == 200 and echo.encode() in body and len(body) < len(echo) + 16:
        cause, where = '回答的内容被加了引号、空格或换行，企业微信要求一字不差', PROXY
        step = '关闭反向代理对回答内容的改写，直接转到控制台'
    elif 300 <= status < 400:
        cause, where = f'回调地址被转到了别处 (HTTP {status})，企业微信不会跟着走', f'{PROXY}，或 PUBLIC_BASE_URL'
        step = 'PUBLIC_BASE_URL 直接填转到的那个网址，例如把 http 改为 https'
    elif status == 403 and not body:
        cause = '那里的控制台拒绝了签名：它用的是另一套 Token、EncodingAESKey 或企业 ID'
        where = f'{places.SETTINGS}，与“{places.CALLBACK}”'
        step = '让两边的 Token 和 EncodingAESKey 完全一致，改好后重新启动控制台'
    elif status == 400 and not page:
        cause, where = '问号后面的参数没有完整送到控制台', PROXY
        step = '让反向代理原样转发参数 (nginx 用 $request_uri)'
    elif status == 404:
        cause, where, step = '这个网址没有通到控制台的回调 (HTTP 404)', f'{PROXY}，或 PUBLIC_BASE_URL', whole
    elif status in (502, 503, 504):
        cause, where = f'反向代理在，但它后面的控制台没有应答 (HTTP {status})', PROXY
        step = f'确认控制台在运行，并让反向代理转到 {case.local_url}'
    else:
        met = '一个网页' if page else '别的程序'
        cause, where = f'在回调地址上回答的不是控制台，而是{met} (HTTP {status})', f'{PROXY}，或 PUBLIC_BASE_URL'
        step = f'确认 PUBLIC_BASE_URL 是控制台的网址，并{whole}'
    return bad(cause, where=where, step=step)


def _ready(case: Case) -> requests.Response | None:
    try:
        return _get(f'{case.local_url}/health/ready', {})
    except requests.RequestException:
        return None


def _get(url: str, query: dict[str, str]) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = urlsplit(url).hostname not in LOOPBACK
        return session.get(url, params=query, timeout=TIMEOUT, allow_redirects=False)


def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True
