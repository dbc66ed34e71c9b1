"""The sandbox without the console around it, for `run.py sandbox`."""

import logging
import signal
import threading
from dataclasses import asdict
from pathlib import Path

from console.sandbox.credentials import invent_credentials
from console.sandbox.server import Sandbox

log = logging.getLogger(__name__)


def serve_forever(
    directory: Path,
    *,
    host: str = '127.0.0.1',
    port: int = 5055,
    callback_url: str | None = None,
    trusted_domain: str | None = None,
    control_key: str | None = None,
) -> None:
    """Serve until interrupted or terminated. Members, phones and credentials live in `directory`. Main thread only."""
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
        log.info('sandbox WeCom at %s, credentials in %s', sandbox.start(host, port), directory / 'sandbox.json')
        asked_to_stop.wait()
    finally:
        sandbox.stop()
