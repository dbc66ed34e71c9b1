"""The group robot that is told of alerts. Its address is a secret: it is never logged and is in no exception.

See developer.work.weixin.qq.com/document/path/99110, read 2026-11-24.
"""

import json
import re

from console.wecom.transport import Transport

ADDRESS = re.compile(r'(https?://[^\s?#]+/webhook)/send\?key=([^\s&#]+)')
LONGEST_TEXT = 2048
"""Bytes; the robot cuts what is longer."""


def tell(webhook: str, text: str) -> None:
    """Post `text`, at most `LONGEST_TEXT` bytes.

    Raises `WeComRefused` and `WeComUnreachable`, and `ValueError` for what is not a robot's address.
    """
    address = ADDRESS.fullmatch(webhook)
    if address is None:
        raise ValueError('not the address of a group robot')
    payload = {'msgtype': 'text', 'text': {'content': text}}
    body = json.dumps(payload, ensure_ascii=False).encode()
    Transport(address[1], (3, 5)).exchange('send', {'key': address[2]}, body)
