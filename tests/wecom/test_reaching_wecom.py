import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from console.wecom.client import WeComClient
from console.wecom.transport import Transport
from tests.wecom.asking import Clock, client_of, unreached
from tests.wecom.fake_api import FakeApi, Raw, serving


@pytest.mark.parametrize(
    'answer',
    [
        Raw(b'<html>login to the hotel</html>'),
        Raw(b''),
        Raw(b'\xff\xfe\x00'),
        Raw(b'[0]'),
        Raw(b'0'),
        Raw(b'[' * 100_000),
        Raw(b'{"errcode":0}', status=500),
        Raw(b'bad gateway', status=502),
        Raw(b'', status=302, headers={'Location': '/cgi-bin/elsewhere'}),
        Raw(b'', status=403),
        Raw(b'{"errcode":0}', headers={'Content-Encoding': 'gzip'}),
    ],
)
def test_a_page_instead_of_an_answer_leaves_it_open_whether_we_were_heard(
    api: FakeApi, client: WeComClient, answer: Raw
):
    api.answers('message/send', answer)

    assert unreached(client.send_message, b'{}', 'LiMing').sent_maybe

    assert len(api.asked_for('message/send')) == 1
    assert not api.asked_for('elsewhere')


def test_silence_after_the_request_leaves_it_open_whether_we_were_heard(api: FakeApi, clock: Clock):
    client = client_of(api.base_url, clock, timeout=(3, 0.2))
    api.answers('message/send', Raw(b'{"errcode":0}', after=0.6))

    assert unreached(client.send_message, b'{}', 'LiMing').sent_maybe


def test_silence_while_fetching_the_token_means_we_were_not_heard(api: FakeApi, clock: Clock):
    client = client_of(api.base_url, clock, timeout=(3, 0.2))
    api.answers('gettoken', Raw(b'{}', after=0.6))

    assert not unreached(client.send_message, b'{}', 'LiMing').sent_maybe
    assert not api.asked_for('message/send')


def test_a_connection_refused_means_we_were_not_heard(clock: Clock):
    with serving() as api:
        client = client_of(api.base_url, clock)
        client.get('user/get')

    with ThreadPoolExecutor(1) as fresh_connection:
        assert not fresh_connection.submit(unreached, client.send_message, b'{}', 'LiMing').result().sent_maybe


def test_a_name_that_does_not_resolve_means_we_were_not_heard():
    transport = Transport('http://wecom.invalid/cgi-bin/', (3, 10))

    assert not unreached(transport.exchange, 'message/send', {}, b'{}').sent_maybe


def test_a_connection_cut_after_the_request_leaves_it_open_whether_we_were_heard(api: FakeApi, client: WeComClient):
    api.answers('message/send', Raw(status=0))

    assert unreached(client.send_message, b'{}', 'LiMing').sent_maybe
    assert len(api.asked_for('message/send')) == 1


def test_a_certificate_nobody_vouches_for_means_we_were_not_heard(tmp_path: Path):
    with serving(self_signed(tmp_path)) as api:
        assert not unreached(Transport(api.base_url, (3, 10)).exchange, 'message/send', {}, b'{}').sent_maybe

        assert not api.asked


@pytest.mark.parametrize(
    'path', ['', '/user/get', '../admin', 'https://evil.example/', '//evil.example', 'user/get?x=1']
)
def test_no_call_leaves_the_base_url(api: FakeApi, client: WeComClient, path: str):
    with pytest.raises(ValueError, match='not a path'):
        client.get(path)

    assert not api.asked


def self_signed(folder: Path) -> ssl.SSLContext:
    """The context of a server that calls itself 127.0.0.1 on its own word."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, '127.0.0.1')])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / 'server.pem'
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
