import pytest

from console.wecom import jssdk
from console.wecom.jssdk import NotOurPage
from tests.wecom.vectors import JS_SIGNATURE as C

BASE = 'https://console.example.com'


def test_the_signature_is_the_one_of_the_documentation() -> None:
    assert jssdk.sign(C['ticket'], C['noncestr'], int(C['timestamp']), C['url']) == C['signature']


@pytest.mark.parametrize(
    ('url', 'signed'),
    [
        (f'{BASE}/sidebar?entry=kf&x=%2F中#/part#2', f'{BASE}/sidebar?entry=kf&x=%2F中'),
        (BASE, BASE),
        (f'{BASE}/?', f'{BASE}/?'),
        ('https://CONSOLE.example.com:443/a', 'https://CONSOLE.example.com:443/a'),
        (f'{BASE}/?to=https://evil.example@x', f'{BASE}/?to=https://evil.example@x'),
    ],
)
def test_a_page_of_ours_is_signed_as_it_is_without_its_fragment(url: str, signed: str) -> None:
    assert jssdk.page_of(url, BASE) == signed


@pytest.mark.parametrize(
    'url',
    [
        '',
        '/sidebar',
        '//console.example.com/',
        'http://console.example.com/',
        'https://console.example.com:444/',
        'https://console.example.com.evil.example/',
        'https://console.example.com@evil.example/',
        'https://evil.example/https://console.example.com/',
        'https://evil.example#https://console.example.com/',
        'https://evil.example\\@console.example.com/',
        'https://user@console.example.com/',
        'https://console.example.com\\.evil.example/',
        'https://console.example.com:x/',
        'https://console.example.com:99999/',
        'https://[console.example.com/',
        'https://console.example.com/\n',
        'https://console.example.com/a b',
        'ht\ttps://console.example.com/',
        'javascript:alert(1)',
        'https://ⅽonsole.example.com/',
        f'{BASE}/{"x" * 2048}',
    ],
)
def test_no_foreign_page_is_signed(url: str) -> None:
    with pytest.raises(NotOurPage):
        jssdk.page_of(url, BASE)


def test_an_address_with_a_port_needs_that_port() -> None:
    assert jssdk.page_of('http://127.0.0.1:5000/a', 'http://127.0.0.1:5000')
    for other in ('http://127.0.0.1/a', 'http://127.0.0.1:50000/a', 'http://localhost:5000/a'):
        with pytest.raises(NotOurPage):
            jssdk.page_of(other, 'http://127.0.0.1:5000')
