"""The envelope WeCom posts, read without an XML parser: its bytes are still a stranger's."""

import re

from console.errors import ConsoleError

_ENCRYPT = re.compile(
    rb'<Encrypt>\s*(?:<!\[CDATA\[\s*(?P<quoted>[!-%\'-;=?-Z^-~]+)\s*\]\]>|(?P<bare>[!-%\'-;=?-Z^-~]+))\s*</Encrypt>'
)
"""Printable ASCII without & < > [ \\ ]: whether it is base64, the seal decides."""


class UnreadableEnvelope(ConsoleError):
    """The body of a callback does not hold exactly one sealed message."""

    http_status = 400

    def __init__(self) -> None:
        super().__init__('请求内容不是企业微信的消息格式。')


def encrypted_in(body: bytes) -> str:
    """The sealed text in the body's one <Encrypt>. Takes time linear in the body. Raises `UnreadableEnvelope`."""
    if body.count(b'<Encrypt') != 1:
        raise UnreadableEnvelope
    found = _ENCRYPT.search(body)
    if found is None:
        raise UnreadableEnvelope
    return (found['quoted'] or found['bare']).decode()
