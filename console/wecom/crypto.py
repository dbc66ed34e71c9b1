"""WeCom's callback encryption, opened strictly.

Our own code over `cryptography`: wechatpy 1.8 neither checks the padding nor compares signatures in constant time,
and answers bad input with eight kinds of exception.
See developer.work.weixin.qq.com/document/path/90968, read 2026-11-24.
"""

import binascii
import hashlib
import hmac
import os
import re

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from console.errors import ConsoleError, Invalid

_HEAD = 20
"""Bytes before the message: 16 random ones, then the message's length in 4, big-endian."""

_LONGEST_PADDING = 32
"""WeCom pads to 32 bytes, twice AES's own block."""


class NotFromWeCom(ConsoleError):
    """The request was not made by WeCom for us. One text for every cause: a forger learns nothing from it."""

    http_status = 403

    def __init__(self) -> None:
        super().__init__('请求未通过企业微信的验证。')


class CallbackCrypto:
    """Checks and opens what WeCom posts to one callback address, and seals as WeCom does.

    Safe to share between threads. `receive_id` is the CorpID for a self-built app. Raises `Invalid` for an
    EncodingAESKey that cannot be one.
    """

    def __init__(self, token: str, encoding_aes_key: str, receive_id: str) -> None:
        if not re.fullmatch('[A-Za-z0-9+/]{43}', encoding_aes_key):
            raise Invalid('encoding_aes_key', 'EncodingAESKey 应为 43 位字母或数字，请从企业微信管理后台重新复制。')
        key = binascii.a2b_base64(encoding_aes_key + '=')
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._token = token
        self._receive_id = receive_id.encode()

    def signature(self, timestamp: str, nonce: str, encrypted: str) -> str:
        """WeCom's signature: 40 lowercase hex digits."""
        joined = ''.join(sorted((self._token, timestamp, nonce, encrypted)))
        return hashlib.sha1(joined.encode(errors='surrogatepass'), usedforsecurity=False).hexdigest()

    def matches(self, signature: str, timestamp: str, nonce: str, encrypted: str) -> bool:
        """Whether someone who knows the token signed exactly this."""
        # As bytes: compare_digest raises for text outside ASCII, and the signature is a stranger's.
        return hmac.compare_digest(
            self.signature(timestamp, nonce, encrypted).encode(), signature.encode(errors='surrogatepass')
        )

    def open(self, encrypted: str) -> str:
        """The message inside. Raises `NotFromWeCom`, and nothing else, for what was not sealed with our key for us."""
        try:
            sealed = binascii.a2b_base64(encrypted, strict_mode=True)
        except ValueError:  # also text outside ASCII
            raise NotFromWeCom from None
        if not sealed or len(sealed) % 16:
            raise NotFromWeCom

        decryptor = self._cipher.decryptor()
        plain = decryptor.update(sealed) + decryptor.finalize()
        padding = plain[-1]
        if not 1 <= padding <= _LONGEST_PADDING or not plain.endswith(plain[-1:] * padding):
            raise NotFromWeCom

        content = plain[:-padding]
        end = _HEAD + int.from_bytes(content[16:_HEAD])
        if len(content) < _HEAD or end > len(content) or content[end:] != self._receive_id:
            raise NotFromWeCom
        try:
            return content[_HEAD:end].decode()
        except UnicodeDecodeError:
            raise NotFromWeCom from None

    def seal(self, text: str) -> str:
        """What `open` opens."""
        message = text.encode()
        content = os.urandom(16) + len(message).to_bytes(4) + message + self._receive_id
        padding = _LONGEST_PADDING - len(content) % _LONGEST_PADDING
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(content + bytes([padding]) * padding) + encryptor.finalize()
        return binascii.b2a_base64(sealed, newline=False).decode()
