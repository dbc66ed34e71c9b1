"""Personal data at rest: sealed fields with key rotation, blind indexes for exact search, and masks for the screen."""

import base64
import hashlib
import hmac
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from models import storable


class CannotOpen(Exception):
    """A sealed value that no key of ours opens: a wrong key or a moved value. Never answered with the plain text."""


class FieldCipher:
    """AES-256-GCM under keys derived from `keys` (newest first). `place` (table.column:row) is bound in.

    A sealed value reads `v1:<key id>:<nonce and ciphertext, base64>`; new ones are made with the newest key.
    Sealed bytes are the same without the base64, after `v1`, a colon, the key id and another colon.
    """

    def __init__(self, keys: list[str]) -> None:
        derived = [_derive(key, b'field') for key in keys]
        self._keys = {hashlib.sha256(key).hexdigest()[:8]: AESGCM(key) for key in derived}
        self._newest = next(iter(self._keys))
        self._index_key = _derive(keys[-1], b'index')  # the oldest: a rotation leaves the indexes valid

    def seal(self, value: str, place: str) -> str:
        nonce = os.urandom(12)
        body = nonce + self._keys[self._newest].encrypt(nonce, storable(value).encode(), place.encode())
        return f'v1:{self._newest}:{base64.b64encode(body).decode()}'

    def open(self, sealed: str, place: str) -> str:
        """Raises `CannotOpen`."""
        try:
            _, key_id, body64 = sealed.split(':')
            body = base64.b64decode(body64, validate=True)
            return self._keys[key_id].decrypt(body[:12], body[12:], place.encode()).decode()
        except (ValueError, KeyError, InvalidTag):
            raise CannotOpen(place) from None

    def seal_bytes(self, content: bytes, place: str) -> bytes:
        nonce = os.urandom(12)
        body = self._keys[self._newest].encrypt(nonce, content, place.encode())
        return b'v1:' + self._newest.encode() + b':' + nonce + body

    def open_bytes(self, sealed: bytes, place: str) -> bytes:
        """Raises `CannotOpen`."""
        try:
            _, key_id, body = sealed.split(b':', 2)
            return self._keys[key_id.decode()].decrypt(body[:12], body[12:], place.encode())
        except (ValueError, KeyError, InvalidTag):
            raise CannotOpen(place) from None

    def index(self, value: str) -> str:
        """The same for equal values after normalising, and nothing can be read back from it."""
        return hmac.new(self._index_key, normalised(storable(value)).encode(), hashlib.sha256).hexdigest()


_cipher: FieldCipher | None = None


def use_keys(keys: str) -> None:
    """Set the keys of this process: comma-separated, newest first."""
    global _cipher  # noqa: PLW0603  one key ring a process, set by run.py before anything is read
    _cipher = FieldCipher([key.strip() for key in keys.split(',') if key.strip()])


def cipher() -> FieldCipher:
    if _cipher is None:
        raise RuntimeError('crypto.use_keys was not called')
    return _cipher


def normalised(value: str) -> str:
    """A phone number without country code, spaces and dashes; anything else folded."""
    digits = re.sub(r'[\s\-()]', '', value)
    return re.sub(r'^(\+|00)?86(?=1\d{10}$)', '', digits).casefold()


def masked(value: str) -> str:
    """`138****5678` for a phone number; the first and last character of anything else."""
    plain = normalised(value)
    if re.fullmatch(r'\d{7,}', plain):
        return f'{plain[:3]}****{plain[-4:]}'
    return f'{value[:1]}***{value[-1:]}' if len(value) > 2 else '***'


def _derive(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b'edudesk ' + purpose).derive(key.encode())
