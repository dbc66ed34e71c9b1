"""Who the sandbox company is: the values an administrator would copy out of WeCom's settings pages."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class SandboxCredentials:
    """One company with one self-built app. `encoding_aes_key` is 43 letters and digits that decode to 32 bytes."""

    corp_id: str
    agent_id: int
    secret: str
    token: str
    encoding_aes_key: str


def invent_credentials(path: Path) -> SandboxCredentials:
    """The credentials in the JSON file at `path`; if there is none, they are made up and kept there, mode 0600."""
    if path.exists():
        return SandboxCredentials(**json.loads(path.read_text(encoding='utf-8')))
    credentials = SandboxCredentials(
        corp_id='wwsandbox' + secrets.token_hex(5)[:9],
        agent_id=1000002,
        secret=secrets.token_hex(21),
        token=secrets.token_hex(12),
        encoding_aes_key=_aes_key(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + '.new')
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'w', encoding='utf-8') as file:
        json.dump(asdict(credentials), file, indent=2)
    unfinished.replace(path)
    return credentials


def _aes_key() -> str:
    while True:
        key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip('=')
        if key.isalnum():  # WeCom's own keys hold neither + nor /
            return key
