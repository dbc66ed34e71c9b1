"""Who may call what: every route of the description against every role. A new route without a row fails."""

import pytest

from tests.api.description import Description
from tests.desk import Desk

NOBODY = 'nobody'
EVERYONE = {'agent', 'supervisor', 'tester', 'admin'}
DESK = EVERYONE - {'tester'}
LEAD = {'supervisor', 'admin'}
ADMIN = {'admin'}
PUBLIC = EVERYONE | {NOBODY}

UNKNOWN = 999_999_999
DECISION = {'version': 1}

MATRIX: dict[tuple[str, str], tuple[set[str], object]] = {
    ('POST', '/login'): (PUBLIC, {'username': 'x'}),
    ('GET', '/verify'): (EVERYONE, None),
    ('POST', '/refresh'): (set(), None),
    ('GET', '/users/{id}/basic'): (DESK, None),
    ('GET', '/users/{id}/student-details'): (DESK, None),
    ('GET', '/users/{id}/parent-details'): (DESK, None),
    ('PUT', '/users/{id}'): (DESK, {}),
    ('POST', '/ai-responses'): (EVERYONE, {'message': '你好'}),
    ('POST', '/send-message'): (DESK, {'content': '您好', 'customerId': UNKNOWN}),
    ('POST', '/simulate-customer-msg'): (PUBLIC, {'external_userid': 'test', 'content': '你好'}),
    ('GET', '/drafts'): (EVERYONE, None),
    ('GET', '/drafts/{id}'): (EVERYONE, None),
    ('POST', '/drafts/{id}/approve'): (LEAD, DECISION),
    ('POST', '/drafts/{id}/reject'): (LEAD, DECISION | {'reason': 'x'}),
    ('POST', '/drafts/{id}/undo'): (LEAD, None),
    ('POST', '/drafts/{id}/regenerate'): (LEAD, DECISION),
    ('GET', '/conversations'): (EVERYONE, None),
    ('GET', '/conversations/{id}/messages'): (EVERYONE, None),
    ('GET', '/knowledge'): (EVERYONE, None),
    ('POST', '/knowledge'): (LEAD, {'external_key': 'matrix', 'question': '权限', 'answer': '答'}),
    ('POST', '/knowledge/search'): (EVERYONE, {'query': '课'}),
    ('GET', '/knowledge/{id}'): (EVERYONE, None),
    ('PATCH', '/knowledge/{id}'): (LEAD, {}),
    ('DELETE', '/knowledge/{id}'): (LEAD, None),
    ('GET', '/students'): (DESK, None),
    ('POST', '/students'): (DESK, {'name': '权限测试'}),
    ('GET', '/students/{id}'): (DESK, None),
    ('PATCH', '/students/{id}'): (DESK, {}),
    ('DELETE', '/students/{id}'): (LEAD, None),
    ('GET', '/staff'): (ADMIN, None),
    ('POST', '/staff'): (ADMIN, {'username': 'x', 'name': 'x', 'role': 'agent'}),
    ('PATCH', '/staff/{id}'): (ADMIN, {}),
    ('GET', '/wechat/config'): (EVERYONE, None),
    ('POST', '/logout'): (EVERYONE, None),
}
"""(method, path) -> who may, and a body that only a missing right stops."""


def test_every_route_has_a_row(description: Description) -> None:
    routes = {(method, path.removeprefix('/api/v1')) for method, path, _ in description.operations()}
    assert routes == set(MATRIX)


@pytest.mark.parametrize(('method', 'path'), MATRIX, ids=[f'{method} {path}' for method, path in MATRIX])
def test_a_role_may_do_what_its_row_says_and_no_more(
    callers: dict[str, Desk], head: Desk, method: str, path: str
) -> None:
    allowed, body = MATRIX[method, path]
    wrong = {}
    for name, desk in callers.items():
        if path == '/logout' and name != NOBODY:
            desk = head.colleague(name)  # noqa: PLW2901  the others are still needed
        answer = desk.http.request(method, path.replace('{id}', str(UNKNOWN)), json=body)
        refused = {401} if name == NOBODY or path == '/refresh' else {403}
        may = answer.status_code not in (401, 403)
        if may != (name in allowed) or (not may and answer.status_code not in refused):
            wrong[name] = answer.status_code
    assert wrong == {}
