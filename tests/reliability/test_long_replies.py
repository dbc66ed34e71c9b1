"""What a supervisor releases at the API, however long and whatever is in it, and what the phone shows of it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import regex

from console.sandbox import Sandbox
from tests.desk import Desk, eventually
from tests.server import ConsoleServer

ACCOUNT = 'wkLong'
MOST_BYTES = 2048
FAMILY = '👨‍👩‍👧‍👦'
TEXTS = {
    '600 characters': '周六上午九点上课，请带好课本。' * 40,
    'emoji': (FAMILY + '🇨🇳👍🏽1️⃣e\u0301') * 110,
    'right to left': 'שלום, السلام عليكم! ' * 90,
    'at the edge': 'a' * 2046 + '😀' + 'b' * 2045 + FAMILY + '好',
    '10 KB': ''.join(f'第{number}句，老师会和您联系。' for number in range(272)),
}
"""The last two take two and five parts."""


@dataclass(frozen=True)
class Parent:
    who: str
    says: Callable[[], object]
    phone: Callable[[], list[str]]


@pytest.fixture(params=['app', 'kf'])
def parent(request: pytest.FixtureRequest, wecom: Sandbox, console: ConsoleServer) -> Parent:
    """Somebody who writes to the app as a member, or to a 微信客服 account."""
    who = f'{request.param}{uuid.uuid4().hex[:12]}'
    if request.param == 'app':
        wecom.ensure_member(who, '家长')
        return Parent(who, lambda: wecom.say(who, '周六有课吗'), lambda: _came(wecom.phone(who)))
    wecom.kf.doorbells(True)
    if ACCOUNT not in [account.open_kfid for account in wecom.kf.accounts()]:
        wecom.kf.add_account('教务咨询', open_kfid=ACCOUNT)
    wecom.kf.customer(who, '小明妈妈')
    return Parent(
        who, lambda: wecom.kf.customer_says(ACCOUNT, who, '周六有课吗'), lambda: _came(wecom.kf.phone(ACCOUNT, who))
    )


def _came(lines: list) -> list[str]:  # type: ignore[type-arg]
    return [line.text for line in lines if line.direction == 'in']


def bare(text: str) -> str:
    return ''.join(text.split())


@pytest.mark.parametrize('text', TEXTS.values(), ids=TEXTS)
def test_a_reply_arrives_whole_in_order_and_nothing_in_it_is_broken(parent: Parent, admin: Desk, text: str) -> None:
    parent.says()
    draft = admin.draft_for(parent.who)

    admin.post(f'/drafts/{draft["id"]}/approve', version=draft['version'], content=text, confirm_reason='已核对')

    eventually(lambda: bare(''.join(parent.phone())) == bare(text), seconds=20)
    parts = parent.phone()
    assert all(len(part.encode()) <= MOST_BYTES for part in parts)
    shown = [cluster for part in parts for cluster in regex.findall(r'\X', part) if not cluster.isspace()]
    assert shown == [cluster for cluster in regex.findall(r'\X', text) if not cluster.isspace()]
    eventually(lambda: admin.get(f'/drafts/{draft["id"]}')['status'] == 'sent')


def test_more_letters_than_a_reply_may_have_are_refused_before_anything_leaves(parent: Parent, admin: Desk) -> None:
    parent.says()
    draft = admin.draft_for(parent.who)

    refusal = admin.http.post(
        f'/drafts/{draft["id"]}/approve',
        json={'version': draft['version'], 'content': 'x' * 10_240, 'confirm_reason': '已核对'},
    )

    assert refusal.status_code == 422
    assert '不能超过 8000 个字符' in refusal.text
    assert admin.get(f'/drafts/{draft["id"]}')['status'] == 'pending'
    assert parent.phone() == []


@pytest.mark.parametrize('parent', ['kf'], indirect=True)
def test_what_does_not_fit_the_five_of_a_customers_turn_is_refused_before_anything_leaves(
    parent: Parent, admin: Desk
) -> None:
    parent.says()
    draft = admin.draft_for(parent.who)

    refusal = admin.http.post(
        f'/drafts/{draft["id"]}/approve',
        json={'version': draft['version'], 'content': TEXTS['10 KB'] * 2, 'confirm_reason': '已核对'},
    )

    assert refusal.status_code == 422
    assert '只剩 5 条' in refusal.text
    assert parent.phone() == []
