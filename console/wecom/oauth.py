"""Addresses of WeCom's two sign-in pages.

See developer.work.weixin.qq.com/document/path/91022 and 98152, read 2026-11-24.
"""

from urllib.parse import urlencode, urlsplit

AUTHORIZE = '/connect/oauth2/authorize'
SCAN = '/wwlogin/sso/login'


def authorize_url(base: str, *, corp_id: str, agent_id: int, redirect_uri: str, state: str) -> str:
    """For a browser inside WeCom: goes on to `redirect_uri` by itself, with `code` and `state` added.

    `base` is the page, or only its host. `state` may hold letters and digits, 128 at most.
    """
    query = {
        'appid': corp_id,
        'redirect_uri': redirect_uri,
        'response_type': 'code',
        'scope': 'snsapi_base',
        'state': state,
        'agentid': agent_id,
    }
    return f'{_page(base, AUTHORIZE)}?{urlencode(query)}#wechat_redirect'


def scan_url(base: str, *, corp_id: str, agent_id: int, redirect_uri: str, state: str) -> str:
    """For any other browser: shows a QR code, and goes on as `authorize_url` does."""
    query = {
        'login_type': 'CorpApp',
        'appid': corp_id,
        'agentid': agent_id,
        'redirect_uri': redirect_uri,
        'state': state,
    }
    return f'{_page(base, SCAN)}?{urlencode(query)}'


def _page(base: str, path: str) -> str:
    return base if urlsplit(base).path.strip('/') else base.rstrip('/') + path
