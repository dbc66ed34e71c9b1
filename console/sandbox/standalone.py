"""The sandbox without the console around it, for `run.py sandbox`."""

import logging
import signal
import threading
from dataclasses import asdict
from pathlib import Path

from console.sandbox import playground
from console.sandbox.credentials import invent_credentials
from console.sandbox.server import Sandbox

log = logging.getLogger(__name__)

SETTINGS = """
The sandbox WeCom is open at {base_url}/ : everybody's phone, to play with.
Start the console with these settings, and what it sends appears there:

WECHAT_CORP_ID={corp_id}
WECHAT_AGENT_ID={agent_id}
WECHAT_SECRET={secret}
WECHAT_TOKEN={token}
WECHAT_ENCODING_AES_KEY={encoding_aes_key}
WECHAT_API_BASE_URL={api_base_url}
WECHAT_OAUTH_BASE_URL={oauth_base_url}
WECHAT_LOGIN_BASE_URL={login_base_url}
WECHAT_ALERT_WEBHOOK={api_base_url}webhook/send?key={robot}

Callbacks go to {callback_url}.
"""


def serve_forever(
    directory: Path,
    *,
    host: str = '127.0.0.1',
    port: int = 5055,
    callback_url: str | None = None,
    trusted_domain: str | None = None,
    control_key: str | None = None,
) -> None:
    """Serve until interrupted or terminated. Members, phones and credentials live in `directory`. Main thread only.

    Prints the settings that make a console use it. The page at `/` lets anybody play who can reach `host`.
    """
    credentials = invent_credentials(directory / 'sandbox.json')
    sandbox = Sandbox(
        directory / 'sandbox.sqlite3',
        **asdict(credentials),
        callback_url=callback_url,
        trusted_domain=trusted_domain,
        control_key=control_key,
    )
    asked_to_stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: asked_to_stop.set())
    try:
        base_url = sandbox.start(host, port, more_routes=playground.routes(sandbox))
        _people(sandbox)
        log.info('sandbox WeCom at %s, credentials in %s', base_url, directory / 'sandbox.json')
        print(  # noqa: T201 the person who started it copies this
            SETTINGS.format(
                **asdict(credentials),
                base_url=base_url,
                api_base_url=sandbox.api_base_url,
                oauth_base_url=sandbox.oauth_base_url,
                login_base_url=sandbox.login_base_url,
                robot=sandbox.robots.add('sandbox-robot'),
                callback_url=callback_url or 'nobody, for there is no callback URL',
            ),
            flush=True,
        )
        asked_to_stop.wait()
    finally:
        sandbox.stop()


def _people(sandbox: Sandbox) -> None:
    """Somebody to begin with, where nobody is."""
    if not sandbox.members():
        sandbox.ensure_member('LiNa', '李娜')
        sandbox.ensure_member('WangFang', '王芳')
    if not sandbox.kf.accounts():
        account = sandbox.kf.add_account('招生咨询')
        sandbox.servicers.add(account, sandbox.members()[0].userid)
    if not sandbox.kf.customers():
        sandbox.kf.customer('wmSandboxParent1', '小明妈妈')
        sandbox.kf.customer('wmSandboxParent2', '小红爸爸')
