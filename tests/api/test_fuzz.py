"""Requests that nobody would send: every one is answered as announced, and the server stays as it was."""

import asyncio
import json
import random
import string
from typing import Any
from urllib.parse import quote

import httpx

from tests.api.conftest import described
from tests.api.description import Description
from tests.conftest import ADMIN
from tests.desk import Desk
from tests.server import ConsoleServer

REQUESTS = 5_000
AT_ONCE = 16
GROWTH = 24 * 1024 * 1024
SEED = 20261124

NASTY: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31 - 1, 2**31, 2**63, -(2**63), 10**400, 1.5, 1e308, float('nan'), float('inf'),
    '', ' ', 'x', '\x00', 'a\x00b', '\ud800', '\udfff x', '\uffff', '\u202e反', 'e\u0301', '😀' * 40, 'x' * 3000,
    "' OR 1=1 --", '%00', '%', '_', '{{7*7}}', '${x}', '<script>alert(1)</script>', '../../etc/passwd', '\r\nX: y',
    '⟦手机号1⟧', '13812345678', '138****5678', '2026-02-30', '9999-12-31', '0001-01-01', 'null', [], [[]], [None], {},
    {'': ''}, {'a': {'b': {'c': []}}}, [1] * 600, {'\x00': '\x00'}, {'\ud800': 1}, 'test', '王',
)  # fmt: skip
BROKEN = (
    b'', b'{', b'[', b'nul', b'{"a":1,}', b'\xff', b'\xef\xbb\xbf{}', b'\x00', b'[' * 20_000, b'{"a":' * 5_000,
    b'1' * 5_000, b'{"version": 1, "version": "2"}', b'"\\ud800"', b'\x1f\x8b\x08\x00\x00', b'a=1&b=2', b'NaN',
    b'-Infinity', b'{}' * 3,
)  # fmt: skip
HEADERS = (
    {'Content-Type': 'text/plain'}, {'Content-Type': 'application/json; charset=utf-16'}, {'Content-Type': ''},
    {'Content-Encoding': 'gzip'}, {'Accept': 'text/html'}, {'Authorization': 'Bearer x.y.z'},
    {'Authorization': 'Basic eA=='},
    {'X-HTTP-Method-Override': 'DELETE'}, {'Host': 'evil.example'}, {'Origin': 'https://evil.example'},
    {'Range': 'bytes=0-,0-,0-'}, {'Expect': '100-continue'}, {'Accept-Language': 'x' * 4000},
)  # fmt: skip


class Mutations:
    """Requests made from the description: mostly as it says, with something wrong in most of them."""

    def __init__(self, description: Description, seed: int) -> None:
        self._description = description
        # Signing out would end the sign-in of all others, and a wrong password must not stop the rest.
        self._operations = [one for one in description.operations() if one[1] != '/api/v1/logout']
        self._chance = random.Random(seed)

    def request(self, number: int) -> dict[str, Any]:
        chance = self._chance
        method, path, operation = chance.choice(self._operations)
        if path.endswith('/simulate-customer-msg') and chance.random() < 0.8:
            method, path, operation = chance.choice(self._operations)
        made: dict[str, Any] = {
            'method': method
            if chance.random() < 0.97
            else chance.choice(['GET', 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND']),
            'url': self._path(path) + self._query(operation),
            'headers': {'Content-Type': 'application/json', 'X-Forwarded-For': f'203.0.{number % 250}.{number // 250}'},
        }
        if 'requestBody' in operation:
            made['content'] = self._body(operation)
        if chance.random() < 0.1:
            made['headers'] |= chance.choice(HEADERS)
        return made

    def _path(self, path: str) -> str:
        # Accounts beyond those there are: the caller's own must not be closed.
        ids = ['999', '2147483647'] if '/staff/' in path else [str(self._chance.randint(1, 30))]
        if self._chance.random() < 0.1:
            ids = ['0', '-1', '1e3', '99999999999', '%00', quote('😀'), '..%2f..%2fetc', 'x' * 3000, '%ff', "1'--"]
        return path.replace('{id}', self._chance.choice(ids))

    def _query(self, operation: dict[str, Any]) -> str:
        pairs = []
        for parameter in operation.get('parameters', ()):
            if parameter['in'] == 'query' and self._chance.random() < 0.5:
                value = self._value(parameter['schema'])
                if isinstance(value, float | int) and not isinstance(value, bool):
                    value = str(value)[:4000] if not isinstance(value, int) or value.bit_length() < 2000 else '9' * 4000
                elif not isinstance(value, str):
                    value = json.dumps(value)
                pairs.append(f'{parameter["name"]}={quote(value.encode("utf-8", "surrogatepass"))[:6000]}')
        if self._chance.random() < 0.05:
            pairs.append(self._chance.choice(['limit=%', '%ff=%fe', '&&&==', 'cursor=' + 'A' * 500, 'limit=1&limit=x']))
        return '?' + '&'.join(pairs) if pairs else ''

    def _body(self, operation: dict[str, Any]) -> bytes:
        if self._chance.random() < 0.08:
            return self._chance.choice(BROKEN)
        value = self._value(operation['requestBody']['content']['application/json']['schema'])
        text = json.dumps(value).encode()
        if self._chance.random() < 0.05:
            at = self._chance.randrange(len(text))
            text = text[:at] + bytes([self._chance.randrange(256)]) + text[at + 1 :]
        return text

    def _value(self, schema: dict[str, Any]) -> Any:
        chance = self._chance
        if chance.random() < 0.05:
            return chance.choice(NASTY)
        if '$ref' in schema:
            return self._value(self._description.resolved(schema['$ref']))
        for several in ('anyOf', 'oneOf'):
            if several in schema:
                return self._value(chance.choice(schema[several]))
        match schema.get('type'):
            case 'object':
                given = {name: inner for name, inner in schema.get('properties', {}).items() if chance.random() < 0.8}
                given |= {
                    name: schema['properties'][name] for name in schema.get('required', ()) if chance.random() < 0.95
                }
                return {name: self._value(inner) for name, inner in given.items()}
            case 'array':
                return [self._value(schema['items']) for _ in range(chance.choice([0, 1, 1, 2, 5]))]
        return self._plain(schema)

    def _plain(self, schema: dict[str, Any]) -> Any:
        chance = self._chance
        match schema.get('type'):
            case 'string' if 'enum' in schema:
                return chance.choice(schema['enum'])
            case 'string' if schema.get('format') == 'date':
                return f'20{chance.randint(10, 40)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}'
            case 'string':
                return ''.join(chance.choices(string.ascii_letters + '数学课多少钱', k=chance.randint(1, 20)))
            case 'integer':
                return chance.randint(int(schema.get('minimum', 0)), int(min(schema.get('maximum', 100), 100)))
            case 'boolean':
                return chance.random() < 0.5
        return schema.get('const')


async def test_a_server_survives_whatever_is_sent_and_answers_as_announced(spare: ConsoleServer) -> None:
    description = described(spare)
    head = Desk.signed_in(spare.url, ADMIN['ADMIN_USERNAME'], ADMIN['ADMIN_PASSWORD'])
    token = str(head.http.headers['authorization'])
    mutations = Mutations(description, SEED)
    wanted = iter(range(REQUESTS))
    statuses: dict[int, int] = {}
    wrong: list[str] = []
    sizes: list[int] = []

    async def worker(client: httpx.AsyncClient) -> None:
        for number in wanted:
            if number == REQUESTS // 2:  # by then every thread and cache is there
                sizes.append(spare.resident())
            made = mutations.request(number)
            made['headers'] = {'Authorization': token} | made['headers']
            try:
                answer = await client.request(**made)
            except httpx.LocalProtocolError:
                continue  # the client would not send it
            except httpx.HTTPError as fault:
                wrong.append(f'{number} {told(made)} {fault!r}')
                continue
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            if fault := complaint(description, answer):
                wrong.append(f'{number} {told(made)} {answer.status_code}: {fault}')

    async with httpx.AsyncClient(base_url=spare.url, trust_env=False, timeout=60) as client:
        await strangers_sign_in(client, 4)  # a thread that has tried a password keeps 19 MiB for the next
        await asyncio.gather(*(worker(client) for _ in range(AT_ONCE)))
    sizes.append(spare.resident())
    assert wrong == [], f'{len(wrong)} wrong, such as\n' + '\n'.join(wrong[:10])
    assert spare.errors() == []
    assert statuses[200] > REQUESTS / 10, f'too much was refused to mean anything: {statuses}'
    assert statuses.get(401, 0) < REQUESTS / 5, statuses
    assert sizes[1] - sizes[0] < GROWTH, f'grew by {(sizes[1] - sizes[0]) >> 20} MiB'
    assert head.get('/verify')['role'] == 'admin'


async def test_passwords_are_tried_by_a_few_threads_however_many_sign_in(spare: ConsoleServer) -> None:
    before = spare.resident()
    async with httpx.AsyncClient(base_url=spare.url, trust_env=False, timeout=60) as client:
        await strangers_sign_in(client, 60)
    assert spare.resident() - before < 150 * 1024 * 1024, 'one thread that tries a password holds 19 MiB'


async def strangers_sign_in(client: httpx.AsyncClient, count: int) -> None:
    """So many at once, each from elsewhere, and none with a right password."""
    answers = await asyncio.gather(
        *(
            client.post(
                '/api/v1/login',
                json={'username': f'stranger{number}', 'password': 'wrong'},
                headers={'X-Forwarded-For': f'198.51.100.{number}'},
            )
            for number in range(count)
        )
    )
    assert {answer.status_code for answer in answers} == {401}


def complaint(description: Description, answer: httpx.Response) -> str | None:
    """What is wrong with an answer, besides that the request was."""
    if answer.request.method == 'HEAD' or answer.request.url.path == '/':
        return None
    try:
        description.check(answer)
    except (AssertionError, ValueError) as fault:
        return str(fault)
    return f'{answer.status_code}' if answer.status_code >= 500 else None


def told(made: dict[str, Any]) -> str:
    return f'{made["method"]} {made["url"][:200]} {made.get("content", b"")[:300]!r}'
