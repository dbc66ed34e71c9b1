"""/docs and /openapi.json: whole, consistent, and served from here. Every other test holds the answers against it."""

import re

import httpx

from tests.api.description import Description
from tests.server import ConsoleServer

CONTRACT = {
    'POST /ai-responses',
    'GET /conversations',
    'GET /conversations/{id}/messages',
    'GET /drafts',
    'GET /drafts/{id}',
    'POST /drafts/{id}/approve',
    'POST /drafts/{id}/regenerate',
    'POST /drafts/{id}/reject',
    'GET /knowledge',
    'POST /knowledge',
    'POST /knowledge/search',
    'DELETE /knowledge/{id}',
    'GET /knowledge/{id}',
    'PATCH /knowledge/{id}',
    'POST /login',
    'POST /logout',
    'POST /refresh',
    'POST /send-message',
    'POST /simulate-customer-msg',
    'GET /students',
    'POST /students',
    'DELETE /students/{id}',
    'GET /students/{id}',
    'PATCH /students/{id}',
    'PUT /users/{id}',
    'GET /users/{id}/basic',
    'GET /users/{id}/parent-details',
    'GET /users/{id}/student-details',
    'GET /verify',
    'GET /wechat/config',
}


def test_every_route_of_the_contract_is_described(description: Description) -> None:
    described = {f'{method} {path.removeprefix("/api/v1")}' for method, path, _ in description.operations()}
    assert described >= CONTRACT
    assert description.document['info']['title'] == 'EduDesk'


def test_every_reference_leads_somewhere_and_every_name_is_used_once(description: Description) -> None:
    references = set(re.findall(r'"\$ref": ?"([^"]+)"', httpx.Response(200, json=description.document).text))
    for reference in references:
        assert description.resolved(reference)
    names = [operation['operationId'] for _, _, operation in description.operations()]
    assert len(names) == len(set(names))
    kept = description.document['components']['schemas']
    assert {f'#/components/schemas/{name}' for name in kept} == references


def test_every_route_says_how_it_refuses(description: Description) -> None:
    for method, path, operation in description.operations():
        where = f'{method} {path}'
        assert '500' in operation['responses'], where
        assert ('401' in operation['responses']) == ('security' in operation or path.endswith('/login')), where
        if 'requestBody' in operation:
            assert {'400', '413', '422'} <= set(operation['responses']), where
        for status, response in operation['responses'].items():
            schema = description.resolved(response['content']['application/json']['schema']['$ref'])
            assert ('error' in schema['properties']) == (int(status) >= 400), f'{where} {status}'


def test_the_page_and_all_it_loads_come_from_here(console: ConsoleServer) -> None:
    with httpx.Client(base_url=console.url, trust_env=False) as client:
        page = client.get('/docs')
        assert page.status_code == 200
        assert not re.findall(r'https?://', page.text)
        for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert client.get(address).status_code == 200, address
