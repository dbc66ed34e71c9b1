"""Genuine callbacks in any number, sealed before anything is timed."""

import base64
import hashlib
import itertools
import secrets
import time

import httpx
from wechatpy.crypto import PrpCrypto

from bench.load import SEPARATOR

PATH = '/api/v1/wechat/message'
WORDS = '老师好，三年级的数学课周六上午还有名额吗？'
CORP_ID, TOKEN = 'ww1436e0e65a779aee', 'hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo'
AES_KEY = '6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt'
SETTINGS = {
    'WECHAT_CORP_ID': CORP_ID,
    'WECHAT_AGENT_ID': '1000002',
    'WECHAT_SECRET': 'secret-of-the-app',
    'WECHAT_TOKEN': TOKEN,
    'WECHAT_ENCODING_AES_KEY': AES_KEY,
    'WECHAT_API_BASE_URL': 'http://127.0.0.1:9/cgi-bin/',
    'SIMULATION': 'off',
    'ADMIN_USERNAME': 'head',
    'ADMIN_PASSWORD': 'a long enough password',
    'LOG_LEVEL': 'WARNING',
}
"""What makes a server take these callbacks for WeCom's."""

_numbers = itertools.count(int(time.time() * 1000) << 12)
_crypto = PrpCrypto(base64.b64decode(AES_KEY + '='))


def requests(count: int, *, parents: int = 500, path: str = PATH) -> bytes:
    """So many POSTs, each a new message from one of `parents`, ready for `bench.load`."""
    return b''.join(one(f'parent{number % parents}', WORDS, path=path) + SEPARATOR for number in range(count))


def one(userid: str, words: str, *, path: str = PATH) -> bytes:
    """The POST of one message."""
    now = int(time.time())
    xml = (
        f'<xml><ToUserName><![CDATA[{CORP_ID}]]></ToUserName><FromUserName><![CDATA[{userid}]]></FromUserName>'
        f'<CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType>'
        f'<Content><![CDATA[{words}]]></Content>'
        f'<MsgId>{next(_numbers)}</MsgId><AgentID>1000002</AgentID></xml>'
    )
    encrypted = _crypto.encrypt(xml, CORP_ID).decode()
    nonce = secrets.token_hex(5)
    joined = ''.join(sorted([TOKEN, str(now), nonce, encrypted]))
    signature = hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()
    body = f'<xml><ToUserName><![CDATA[{CORP_ID}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>'
    return (
        f'POST {path}?msg_signature={signature}&timestamp={now}&nonce={nonce} HTTP/1.1\r\nHost: 127.0.0.1\r\n'
        f'Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n{body}'
    ).encode()


def signed_in(url: str) -> str:
    """The cookie of a fresh sign-in of the administrator whom `SETTINGS` make."""
    form = {'username': SETTINGS['ADMIN_USERNAME'], 'password': SETTINGS['ADMIN_PASSWORD']}
    answer = httpx.post(f'{url}/login', data=form, trust_env=False)
    assert answer.cookies, answer.text[:300]
    return '; '.join(f'{name}={value}' for name, value in answer.cookies.items())
