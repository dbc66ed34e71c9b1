import base64
import hashlib
import re

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.enterprise import WeChatCrypto

from console.errors import Invalid
from console.wecom.crypto import CallbackCrypto, NotFromWeCom
from console.wecom.envelope import encrypted_in
from tests.wecom.vectors import CALLBACKS, FIRST, JS_SIGNATURE, SECOND, B, E, Vector

crypto = SECOND.crypto()


def sealed(plain: bytes) -> str:
    """Encrypts whole blocks as they are, right or wrong."""
    key = base64.b64decode(SECOND.encoding_aes_key + '=')
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def padded(content: bytes) -> bytes:
    padding = 32 - len(content) % 32
    return content + bytes([padding]) * padding


def content(message: bytes, *, length: int | None = None, receive_id: str = SECOND.receive_id) -> bytes:
    return b'r' * 16 + (len(message) if length is None else length).to_bytes(4) + message + receive_id.encode()


@pytest.mark.parametrize('vector', CALLBACKS.values(), ids=CALLBACKS)
def test_the_official_examples_verify_and_open(vector: Vector):
    crypto = vector.account.crypto()

    assert crypto.signature(vector.timestamp, vector.nonce, vector.encrypted) == vector.signature
    assert crypto.matches(vector.signature, vector.timestamp, vector.nonce, vector.encrypted)
    assert vector.plain in crypto.open(vector.encrypted)


def test_a_verification_opens_to_exactly_its_number():
    assert crypto.open(CALLBACKS['D'].encrypted) == CALLBACKS['D'].plain


def test_the_official_page_signature_is_the_hash_of_the_four_values_in_wecom_s_order():
    joined = 'jsapi_ticket={ticket}&noncestr={noncestr}&timestamp={timestamp}&url={url}'.format(**JS_SIGNATURE)

    assert hashlib.sha1(joined.encode()).hexdigest() == JS_SIGNATURE['signature']


@pytest.mark.parametrize(
    'change', ['', '0' * 40, E.signature.upper(), E.signature[:-1], E.signature + '0', '签名', '\ud800']
)
def test_any_other_signature_does_not_match(change: str):
    assert not crypto.matches(change, E.timestamp, E.nonce, E.encrypted)


def test_a_signature_covers_time_nonce_message_and_token():
    assert not crypto.matches(E.signature, '1476422780', E.nonce, E.encrypted)
    assert not crypto.matches(E.signature, E.timestamp, '1', E.encrypted)
    assert not crypto.matches(E.signature, E.timestamp, E.nonce, E.encrypted[:-4])
    assert not FIRST.crypto().matches(E.signature, E.timestamp, E.nonce, E.encrypted)


@given(st.text(st.characters(exclude_categories=['Cs']), max_size=400), st.from_regex('[0-9]{10}', fullmatch=True))
def test_what_an_independent_peer_seals_and_signs_we_open(message: str, timestamp: str):
    peer = WeChatCrypto(SECOND.token, SECOND.encoding_aes_key, SECOND.receive_id)

    envelope = peer.encrypt_message(message, 'n0nce', timestamp)

    encrypted = encrypted_in(envelope.encode())
    signature = re.search(r'<MsgSignature><!\[CDATA\[(\w+)\]\]>', envelope)[1]
    assert crypto.matches(signature, timestamp, 'n0nce', encrypted)
    assert crypto.open(encrypted) == message


def test_what_we_can_open_the_peer_opens_too():
    encrypted = sealed(padded(content('课程'.encode())))
    peer = WeChatCrypto(SECOND.token, SECOND.encoding_aes_key, SECOND.receive_id)

    signature = crypto.signature('1', '2', encrypted)

    assert peer.decrypt_message({'Encrypt': encrypted}, signature, '1', '2') == crypto.open(encrypted) == '课程'


@pytest.mark.parametrize('last', range(256))
def test_only_the_right_last_byte_is_a_padding(last: int):
    blocks = padded(content(b'm' * ((27 - len(content(b''))) % 32)))
    assert blocks[-1] == 5

    encrypted = sealed(blocks[:-1] + bytes([last]))

    if last == 5:
        assert crypto.open(encrypted)
    else:
        with pytest.raises(NotFromWeCom):
            crypto.open(encrypted)


@pytest.mark.parametrize('padding', range(1, 33))
def test_every_length_of_padding_is_understood(padding: int):
    message = b'm' * ((-padding - len(content(b''))) % 32)

    assert crypto.open(sealed(padded(content(message)))) == message.decode()


@pytest.mark.parametrize('position', range(2, 33))
def test_every_byte_of_the_padding_is_checked(position: int):
    blocks = bytearray(padded(content(b'm' * ((-len(content(b''))) % 32))))
    assert blocks[-1] == 32

    blocks[-position] ^= 1

    with pytest.raises(NotFromWeCom):
        crypto.open(sealed(bytes(blocks)))


def test_an_empty_message_is_empty():
    assert crypto.open(sealed(padded(content(b'')))) == ''


REFUSED = {
    'nothing': '',
    'not base64': '这不是密文',
    'base64 with a blank': E.encrypted[:64] + ' ' + E.encrypted[64:],
    'base64 with a line end': E.encrypted + '\n',
    'base64 of the other alphabet': E.encrypted.replace('+', '-').replace('/', '_'),
    'base64 without its end': CALLBACKS['D'].encrypted.rstrip('='),
    'more after the end': CALLBACKS['D'].encrypted + 'AAAA',
    'a lone surrogate': '\ud800',
    'not a whole block': base64.b64encode(b'x' * 17).decode(),
    'the last block cut off': base64.b64encode(base64.b64decode(E.encrypted)[:-16]).decode(),
    'sealed with another key': B.encrypted,
    'a single block': sealed(b'\x01' * 16),
    'nothing but padding': sealed(b'\x20' * 32),
    'no room for a length': sealed(b'r' * 18 + b'\x0e' * 14),
    'a length of nought before a message': sealed(padded(content(b'hello', length=0))),
    'a length one too short': sealed(padded(content(b'hello', length=4))),
    'a length one too long': sealed(padded(content(b'hello', length=6))),
    'a length past the end': sealed(padded(content(b'hello', length=1000))),
    'the greatest length': sealed(padded(content(b'hello', length=2**32 - 1))),
    'another receiver': sealed(padded(content(b'hello', receive_id='ww0000000000000000'))),
    'a longer receiver': sealed(padded(content(b'hello', receive_id=SECOND.receive_id + 'x'))),
    'no receiver': sealed(padded(content(b'hello', receive_id=''))),
    'not UTF-8': sealed(padded(content(b'\xff\xfe'))),
    'half a character': sealed(padded(content('课'.encode()[:2]))),
}


@pytest.mark.parametrize('encrypted', REFUSED.values(), ids=REFUSED)
def test_what_was_not_sealed_for_us_is_refused_with_one_text(encrypted: str):
    with pytest.raises(NotFromWeCom, match=f'^{NotFromWeCom()}$') as refused:
        crypto.open(encrypted)

    assert refused.value.http_status == 403


@given(st.one_of(st.text(), st.binary().map(lambda raw: base64.b64encode(raw).decode())))
def test_arbitrary_text_is_refused_and_never_breaks_anything(encrypted: str):
    with pytest.raises(NotFromWeCom):
        crypto.open(encrypted)


@given(st.binary(min_size=1, max_size=12).map(lambda blocks: blocks * 16))
def test_arbitrary_blocks_are_refused_and_never_break_anything(blocks: bytes):
    with pytest.raises(NotFromWeCom):
        crypto.open(sealed(blocks))


@given(st.text())
def test_what_we_seal_opens_again_with_padding_wecom_would_make(text: str):
    encrypted = crypto.seal(text)

    assert crypto.open(encrypted) == text
    assert len(base64.b64decode(encrypted)) % 32 == 0


@pytest.mark.parametrize('key', ['', 'short', 'x' * 44, '中' * 43, 'x' * 42 + '\n'])
def test_a_key_that_cannot_be_one_is_refused_by_name(key: str):
    with pytest.raises(Invalid, match='EncodingAESKey') as refused:
        CallbackCrypto('token', key, 'ww1')

    assert refused.value.field == 'encoding_aes_key'
