import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.wecom.envelope import UnreadableEnvelope, encrypted_in

SEALED = 'ab+/Z9=='


@pytest.mark.parametrize(
    'body',
    [
        f'<xml><ToUserName><![CDATA[ww1]]></ToUserName><AgentID>1</AgentID><Encrypt><![CDATA[{SEALED}]]></Encrypt></xml>',
        f'<xml><Encrypt>{SEALED}</Encrypt></xml>',
        f'<xml>\n  <Encrypt>\n    <![CDATA[ {SEALED}\n]]>\n  </Encrypt>\n</xml>',
        f'<xml><Encrypt>\r\n\t{SEALED} </Encrypt><ToUserName>课</ToUserName></xml>',
    ],
)
def test_the_sealed_text_is_found(body: str):
    assert encrypted_in(body.encode()) == SEALED


@pytest.mark.parametrize(
    'body',
    [
        b'',
        b'{"encrypt": "ab=="}',
        b'<xml></xml>',
        b'<xml><Encrypt></Encrypt></xml>',
        b'<xml><Encrypt><![CDATA[]]></Encrypt></xml>',
        b'<xml><Encrypt>ab==</xml>',
        b'<xml><Encrypt>ab==</Encrypt><Encrypt>ab==</Encrypt></xml>',
        b'<xml><Encrypt>ab==</Encrypt><Encrypt',
        b'<xml><Encrypt>ab&#43;</Encrypt></xml>',
        b'<xml><Encrypt>ab cd</Encrypt></xml>',
        b'<xml><Encrypt><b>ab</b></Encrypt></xml>',
        '<xml><Encrypt>课</Encrypt></xml>'.encode(),
        '<xml><Encrypt>ab==</Encrypt></xml>'.encode('utf-16'),
    ],
)
def test_a_body_without_exactly_one_sealed_text_is_refused(body: bytes):
    with pytest.raises(UnreadableEnvelope) as refused:
        encrypted_in(body)

    assert refused.value.http_status == 400


@given(st.binary())
def test_arbitrary_bytes_are_refused_and_never_break_anything(body: bytes):
    with pytest.raises(UnreadableEnvelope):
        encrypted_in(body)


@given(st.binary())
def test_an_envelope_around_arbitrary_bytes_is_read_or_refused(inside: bytes):
    try:
        found = encrypted_in(b'<xml><Encrypt>' + inside + b'</Encrypt></xml>')
    except UnreadableEnvelope:
        return
    assert found.encode() in inside


@pytest.mark.parametrize(
    'body',
    [
        b'<a>' * 200_000,
        b'<!DOCTYPE x [' + b'<!ENTITY a "b">' * 50_000 + b']>',
        b'<Encrypt>' + b' ' * 131_072,
        b'<Encrypt>' + b'A' * 131_072,
        b'<Encrypt><![CDATA[' + b'A' * 131_072 + b']]',
        b'<Encrypt>' * 100_000,
    ],
    ids=['nesting', 'entities', 'blanks', 'no end', 'no end of the quotation', 'repetition'],
)
def test_a_hostile_body_costs_next_to_nothing(body: bytes):
    started = time.thread_time()
    with pytest.raises(UnreadableEnvelope):
        encrypted_in(body)

    assert time.thread_time() - started < 0.02
